import { randomBytes } from 'node:crypto'
import { Fault } from '../flow/fault.ts'
import type { ExportFormat } from '../query/exporting.ts'

/** A page asks for a download and takes it at once; this many asked for and not taken are enough for all pages. */
const WAITING_MAX = 32
const KEPT_MS = 60_000

export type Export = { readonly sql: string; readonly format: ExportFormat }

/** Exports that were asked for and not yet taken: each is given once, within a minute. */
export type WaitingExports = {
  /** Its id. Faults: `unavailable` where too many wait. */
  readonly add: (wanted: Export) => string
  /** Null: there is none of that id any more. */
  readonly take: (id: string) => Export | null
}

export function createWaitingExports(nowMs: () => number): WaitingExports {
  const waiting = new Map<string, Export & { readonly untilMs: number }>()
  const forget = () => {
    for (const [id, { untilMs }] of waiting) if (untilMs <= nowMs()) waiting.delete(id)
  }
  return {
    add: (wanted) => {
      forget()
      if (waiting.size >= WAITING_MAX)
        throw new Fault('unavailable', `${WAITING_MAX} exports wait to be downloaded`, {
          remedy: 'Download those, or wait a minute and try again.',
        })
      const id = randomBytes(16).toString('base64url')
      waiting.set(id, { ...wanted, untilMs: nowMs() + KEPT_MS })
      return id
    },
    take: (id) => {
      forget()
      const wanted = waiting.get(id) ?? null
      waiting.delete(id)
      return wanted
    },
  }
}
