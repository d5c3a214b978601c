import assert from 'node:assert/strict'
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
}

export const fault =
  (kind: FaultKind, message = /./) =>
  (error: unknown): boolean => {
    assert.ok(isFault(error, kind), `expected a Fault ${kind}, got ${String(error)}`)
    assert.match(error.message, message)
    assert.notEqual(error.remedy, '')
    return true
  }
