import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isFault, type FaultKind } from '../../src/flow/fault.ts'
import type { Tape, TakeLease } from '../../src/tape/tape.ts'

export type OpenOptions = {
  readonly mode?: 'read' | 'write'
  readonly source?: string
  readonly lander?: TakeLease
}

/** A place where one tape can live; `open` opens it again and again, also side by side. */
export type TapeWorld = AsyncDisposable & {
  open(options?: OpenOptions): Promise<Tape>
}

export type TapeSuite = {
  readonly world: () => Promise<TapeWorld>
  /** How many partitions the trades log has in this world. */
  readonly partitions: number
  /** How landers exclude each other: by the lease they are given, or by the group of their turns. */
  readonly claims?: 'lease' | 'group'
}

export const fault =
  (kind: FaultKind, message = /./) =>
  (error: unknown): boolean => {
    assert.ok(isFault(error, kind), `expected a Fault ${kind}, got ${String(error)}`)
    assert.match(error.message, message)
    assert.notEqual(error.remedy, '')
    return true
  }

/** A new folder that is removed at the end. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly dir: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'ticklake-tape-'))
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) }
}
