import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { Fault } from '../flow/fault.ts'
import type { Records } from '../market/records.ts'
import { blockCrc } from './block.ts'
import { numberOf, openToWrite, tapePath, type LogName } from './sqlite-schema.ts'
import { sqliteFault } from './sqlite-fault.ts'

/** How long an append waits for another process's lock: a trim holds it for milliseconds, unless it is stopped just then. */
const LOCK_WAIT_MS = 60_000
/** Written since the last checkpoint before the next one: small enough to take a fraction of a second. */
const CHECKPOINT_BYTES = 16 * 1024 * 1024
/** A log of this size no longer waits for a lucky moment without readers, but asks them to leave. */
const WAL_BYTES_MAX = 64 * 1024 * 1024
/** How long appends may be held up to get readers out of the write-ahead log. */
const RESTART_WAIT_MS = 250

/** What one append writes: batches made by `batches`, for each log in order. */
export type Appending = { readonly trades: readonly Records[]; readonly feed: readonly Records[] }

/** The one connection that appends. Synchronous: it lives in a thread of its own. */
export type Writer = Disposable & {
  /** One transaction, fsynced when it returns; on a Fault nothing of it is on the tape and it may be called again. */
  append(appending: Appending): void
  /** Moves what was written into the main file when it is time; returns what somebody should know, or null. */
  checkpoint(): string | null
}

type Table = {
  readonly next: StatementSync
  readonly insert: StatementSync
  readonly advance: StatementSync
}

export type WriterLimits = { readonly checkpointBytes: number; readonly walBytesMax: number }
const LIMITS: WriterLimits = { checkpointBytes: CHECKPOINT_BYTES, walBytesMax: WAL_BYTES_MAX }

export type WriterPlace = { readonly dir: string; readonly source: string }

/** Opens the tape in `dir` to append to it as `source`; the first append binds the tape to that source. */
export function openWriter({ dir, source }: WriterPlace, limits = LIMITS): Writer {
  const path = tapePath(dir)
  const db = openToWrite(dir, LOCK_WAIT_MS)
  db.exec(
    `PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = ${limits.walBytesMax}`,
  )
  const pageBytes = numberOf(db, 'PRAGMA page_size', 'page_size')
  const bind = db.prepare('UPDATE tape SET source = ? WHERE source IS NULL')
  const bound = db.prepare('SELECT source FROM tape')
  const tables = { trades: tableOf(db, 'trades'), feed: tableOf(db, 'feed') }
  let written = 0

  const append = ({ trades, feed }: Appending) => {
    try {
      db.exec('BEGIN IMMEDIATE')
      bind.run(source)
      refuseOther(sourceIn(bound.get()), source, path)
      const pages = write(tables.trades, trades, pageBytes) + write(tables.feed, feed, pageBytes)
      db.exec('COMMIT')
      written += pages * pageBytes
    } catch (error) {
      rollback(db)
      throw sqliteFault(error, path)
    }
  }
  return {
    append,
    checkpoint: () => {
      if (written < limits.checkpointBytes) return null
      written = 0
      return checkpoint(db, { path, pageBytes, walBytesMax: limits.walBytesMax })
    },
    [Symbol.dispose]: () => db.close(),
  }
}

/** The source in a row of the table `tape`. */
export const sourceIn = (row: ReturnType<StatementSync['get']>): string | null => {
  const source = row?.['source']
  return typeof source === 'string' ? source : null
}

/** Another source's trades must never mix with these. */
export function refuseOther(bound: string | null, source: string, path: string): void {
  if (bound === source || bound === null) return
  throw new Fault('invalid', `${path} holds trades of ${bound}, not of ${source}`, {
    remedy: `Record ${source} to a tape of its own, in another folder.`,
  })
}

const tableOf = (db: DatabaseSync, name: LogName): Table => ({
  next: db.prepare(`SELECT next FROM log WHERE name = '${name}'`),
  insert: db.prepare(`INSERT INTO ${name}_block VALUES (?, ?, ?, ?, ?, ?, ?)`),
  advance: db.prepare(`UPDATE log SET next = ? WHERE name = '${name}'`),
})

/** Appends the batches as blocks; returns about how many pages that took. */
function write(table: Table, appended: readonly Records[], pageBytes: number): number {
  if (appended.length === 0) return 1
  let first = Number(table.next.get()?.['next'])
  let pages = 2
  for (const records of appended) {
    const { count, bytes, ends, receivedMs, redelivered } = records
    const next = first + count
    const marks = redelivered.includes(1) ? redelivered : null
    table.insert.run(first, next, blockCrc(first, records), ends, receivedMs, marks, bytes)
    pages += 1 + Math.ceil((bytes.length + 12 * count) / pageBytes)
    first = next
  }
  table.advance.run(first)
  return pages
}

function rollback(db: DatabaseSync): void {
  try {
    if (db.isTransaction) db.exec('ROLLBACK')
  } catch {
    // the next BEGIN says what is wrong with the file
  }
}

/**
 * A passive checkpoint stands in nobody's way, but a log that is always being read never starts anew. Our
 * readers leave it after each run, so past walBytesMax a restart that waits for them succeeds at once;
 * only another program that sits in a transaction can make the log grow on, and that is said.
 */
function checkpoint(
  db: DatabaseSync,
  { path, pageBytes, walBytesMax }: { path: string; pageBytes: number; walBytesMax: number },
): string | null {
  try {
    const frames = Number(db.prepare('PRAGMA wal_checkpoint(PASSIVE)').get()?.['log'])
    if (frames * pageBytes < walBytesMax) return null
    db.exec(`PRAGMA busy_timeout = ${RESTART_WAIT_MS}`)
    const busy = db.prepare('PRAGMA wal_checkpoint(RESTART)').get()?.['busy'] === 1
    return busy
      ? `${path}-wal is ${Math.round((frames * pageBytes) / 2 ** 20)} MB because a program reads the tape without end`
      : null
  } catch (error) {
    return `${path} was not checkpointed and its -wal grows: ${error instanceof Error ? error.message : String(error)}`
  } finally {
    db.exec(`PRAGMA busy_timeout = ${LOCK_WAIT_MS}`)
  }
}
