import { setImmediate as turnOfLoop } from 'node:timers/promises'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { Fault } from '../flow/fault.ts'
import type { Clock } from '../flow/clock.ts'
import {
  logId,
  offset,
  partition,
  type LogId,
  type Offset,
  type Partition,
} from '../market/records.ts'
import { BLOCK_BYTES_MAX, RUN_BYTES_MAX, blockCrc, runOf, type Block } from './block.ts'
import { tapePath, type LogName } from './sqlite-schema.ts'
import { CORRUPT_REMEDY, isDamage, translated } from './sqlite-fault.ts'
import { trimLog } from './sqlite-trim.ts'
import type { Look, Shelf } from './shelf.ts'
import type { Bounds } from './tape.ts'

/** How often a follower asks whether there is more; a question costs some 10 µs. */
const POLL_MS = 20
/** A run stops growing here, so that one more block cannot take it over its limit. */
const RUN_BYTES_ENOUGH = RUN_BYTES_MAX - BLOCK_BYTES_MAX
const RUN_RECORDS_ENOUGH = 65_536

/** An SQLite log has one partition. */
export const ONLY: Partition = partition(0)

export type ShelfPlace = {
  readonly dir: string
  readonly name: LogName
  readonly clock: Clock
  readonly db: DatabaseSync
  /** Throws `closed` once the tape is. */
  readonly open: () => void
}

const never = new AbortController().signal

/** One log of an SQLite tape, as it is read. Each look is one short read transaction: none is held between. */
export function sqliteShelf({ dir, name, clock, db, open }: ShelfPlace): Shelf {
  const path = tapePath(dir)
  const what = `${path}, log ${name}`
  const state = translated(path, () =>
    db.prepare('SELECT id, earliest, next FROM log WHERE name = ?'),
  )
  const blocks = translated(path, () => db.prepare(blocksFrom(name)))
  const stateNow = (): State => {
    open()
    return translated(path, () => readState(state.get(name), what))
  }
  const { id } = stateNow()

  const look = (from: Offset, until: Offset): Look => {
    db.exec('BEGIN')
    try {
      const { bounds } = stateNow()
      if (from < bounds.earliest) return { run: null, bounds, fault: trimmed(what, from, bounds) }
      const range = { from, until: Math.min(until, bounds.end) }
      if (range.from >= range.until) return { run: null, bounds, fault: null }
      const { found, fault } = gather(blocks, range, what)
      return { run: runOf(found, range, { log: id, partition: ONLY }), bounds, fault }
    } finally {
      if (db.isTransaction) db.exec('ROLLBACK') // it only read
    }
  }
  return {
    id,
    bounds: () => new Map([[ONLY, stateNow().bounds]]),
    look: async (_, from, until) => {
      await turnOfLoop() // a long read must leave room for sockets and timers: a look itself does not wait
      open()
      return translated(path, () => look(from, until))
    },
    changed: (signal) => clock.sleep(POLL_MS, signal),
    moved: () => never,
    trim: async (before) => {
      open()
      const limit = before.get(ONLY)
      if (limit !== undefined) await trimLog({ dir, name, before: limit, clock })
    },
  }
}

/** The blocks that reach into [?1, ?2), in order; the first of them may begin before ?1. */
const blocksFrom = (name: LogName): string => `
  SELECT first, next, crc, ends, received_ms, redelivered, bytes FROM ${name}_block
  WHERE first >= ifnull((SELECT max(first) FROM ${name}_block WHERE first <= ?1), ?1) AND first < ?2
  ORDER BY first`

type Row = ReturnType<StatementSync['get']>
type State = { readonly id: LogId; readonly bounds: Bounds }

function readState(row: Row, what: string): State {
  const { id, earliest, next } = row ?? {}
  if (typeof id !== 'string' || typeof earliest !== 'number' || typeof next !== 'number')
    throw damaged(`${what}: where it begins and ends cannot be read`)
  return { id: logId(id), bounds: { earliest: offset(earliest), end: offset(next) } }
}

type Range = { readonly from: number; readonly until: number }
type Gathered = { readonly found: readonly Block[]; readonly fault: Fault | null }

/** Blocks from `range.from` on, each checked, contiguous, up to about a run; and what is wrong right behind them. */
function gather(blocks: StatementSync, range: Range, what: string): Gathered {
  const found: Block[] = []
  let expected = range.from
  let bytes = 0
  let records = 0
  try {
    for (const row of blocks.iterate(range.from, range.until)) {
      const block = readBlock(row, what, expected)
      const joins = found.length === 0 ? block.first <= expected : block.first === expected
      if (!joins || block.next <= expected) {
        if (block.next <= expected) continue // it ends before the stretch: what follows tells what is missing
        return { found, fault: missing(what, expected, block.first) }
      }
      found.push(block)
      expected = block.next
      bytes += block.bytes.length
      records += block.count
      if (bytes > RUN_BYTES_ENOUGH || records > RUN_RECORDS_ENOUGH) return { found, fault: null }
    }
  } catch (error) {
    const fault = isDamage(error)
      ? damaged(`${what}: it cannot be read at offset ${expected}`, error)
      : error
    if (found.length > 0 && fault instanceof Fault) return { found, fault }
    throw fault
  }
  return { found, fault: expected < range.until ? missing(what, expected, range.until) : null }
}

function readBlock(row: NonNullable<Row>, what: string, expected: number): Block {
  const { first, next, crc, ends, received_ms: received, redelivered, bytes } = row
  const whole = typeof first === 'number' && typeof next === 'number' && next > first
  const columns =
    ends instanceof Uint8Array && received instanceof Uint8Array && bytes instanceof Uint8Array
  if (!whole || !columns) throw damaged(`${what}: it cannot be read at offset ${expected}`)
  const count = next - first
  const fits = ends.length === 4 * count && received.length === 8 * count
  const marks = redelivered instanceof Uint8Array ? redelivered : new Uint8Array(count)
  if (fits && marks.length === count) {
    const records = {
      count,
      bytes,
      ends: new Uint32Array(ends.buffer, ends.byteOffset, count),
      receivedMs: new Float64Array(received.buffer, received.byteOffset, count),
      redelivered: marks,
    }
    if (blockCrc(first, records) === crc) return { ...records, first, next }
  }
  throw damaged(`${what}: records [${first}, ${next}) are damaged (their checksum differs)`)
}

const damaged = (message: string, cause?: unknown): Fault =>
  new Fault('corrupt', message, { remedy: CORRUPT_REMEDY, cause })

const missing = (what: string, first: number, next: number): Fault =>
  damaged(`${what}: records [${first}, ${next}) are missing`)

const trimmed = (what: string, from: Offset, { earliest }: Bounds): Fault =>
  new Fault('conflict', `${what}: records [${from}, ${earliest}) were trimmed`, {
    remedy: 'Ask the lake again where it stands: what was trimmed had landed.',
  })
