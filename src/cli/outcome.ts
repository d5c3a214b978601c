import { access } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Parts } from '../config/components.ts'

/** What a check found: one line, and what to do where it is not well. */
export type Outcome = {
  /** Where it is not that of the check. */
  readonly name?: string
  readonly word: 'ok' | 'warn' | 'fail' | 'skip'
  readonly says: string
  readonly remedy?: string
}
export type Check = {
  readonly name: string
  readonly run: (
    parts: Parts,
    how: { readonly offline: boolean; readonly signal: AbortSignal },
  ) => Promise<Outcome | readonly Outcome[]>
}

export const ok = (says: string): Outcome => ({ word: 'ok', says })
export const skipped = (why: string): Outcome => ({ word: 'skip', says: why })

/** The nearest folder above that exists. */
export async function existing(dir: string): Promise<string> {
  for (let at = dir; ; at = dirname(at)) {
    try {
      await access(at)
      return at
    } catch {
      if (at === dirname(at)) return at
    }
  }
}
