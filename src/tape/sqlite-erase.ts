import { statSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../flow/clock.ts'
import { Fault } from '../flow/fault.ts'
import type { Offset } from '../market/records.ts'
import { isBusy, sqliteFault } from './sqlite-fault.ts'
import { LOG_NAMES, openToWrite, tapePath, type LogName } from './sqlite-schema.ts'
import { deleteBlocks, unhindered } from './sqlite-trim.ts'

/** How long SQLite may block this thread for a lock; longer waits are ours. */
const LOCK_WAIT_MS = 50
/** Readers leave the write-ahead log after each run: only a program that sits in a transaction stays longer. */
const READERS_TRIES_MAX = 40
const READERS_WAIT_MS = 250

export type Erasing = {
  readonly dir: string
  /** Of each log, what lies below goes; nothing that has not landed. */
  readonly before: Readonly<Partial<Record<LogName, Offset>>>
  readonly clock: Clock
}
/** The file with its write-ahead log, bytes. */
export type Erased = { readonly bytesBefore: number; readonly bytesAfter: number }

/**
 * Removes records from the tape so that their bytes are nowhere in its file: the blocks are deleted, the file is
 * written anew (VACUUM) and the write-ahead log is cut to nothing. A recorder in another process may go on: its
 * appends wait for the VACUUM, which takes as long as writing what is left. Killed at any moment, the tape is
 * whole; run it again. Faults: `unavailable` where a program reads the tape without end, or a block also holds
 * records at or past `before`.
 */
export async function eraseSqlite({ dir, before, clock }: Erasing): Promise<Erased> {
  const path = tapePath(dir)
  const bytesBefore = bytesOf(path)
  const db = openToWrite(dir, LOCK_WAIT_MS)
  try {
    db.exec('PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0')
    for (const name of LOG_NAMES) {
      const limit = before[name]
      if (limit === undefined) continue
      await deleteBlocks(db, { name, before: limit, clock })
      checkGone(db, { path, name, limit })
    }
    // Pages of the new file begin as zeros, not as memory that held other pages.
    db.exec('PRAGMA secure_delete = ON')
    await unhindered(clock, () => db.exec('VACUUM'))
    await cutLog(db, path, clock)
  } catch (error) {
    throw sqliteFault(error, path)
  } finally {
    db.close()
  }
  return { bytesBefore, bytesAfter: bytesOf(path) }
}

type Checking = { readonly path: string; readonly name: LogName; readonly limit: Offset }

function checkGone(db: DatabaseSync, { path, name, limit }: Checking): void {
  const left = db
    .prepare(`SELECT first, next FROM ${name}_block WHERE first < ? LIMIT 1`)
    .get(limit)
  if (left === undefined) return
  throw new Fault(
    'unavailable',
    `${path}: a block of records [${Number(left['first'])}, ${Number(left['next'])}) has landed only up to ${limit}`,
    { remedy: 'Run `ticklake land`, stop it, then purge again.' },
  )
}

/** Moves what is in the write-ahead log into the main file, and cuts the log. */
async function cutLog(db: DatabaseSync, path: string, clock: Clock): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    if (!isHindered(db)) return
    if (attempt >= READERS_TRIES_MAX) throw readForEver(path)
    await clock.sleep(READERS_WAIT_MS)
  }
}

function isHindered(db: DatabaseSync): boolean {
  try {
    return db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.['busy'] !== 0
  } catch (error) {
    if (isBusy(error)) return true
    throw error
  }
}

const bytesOf = (path: string): number =>
  [path, `${path}-wal`].reduce(
    (sum, one) => sum + (statSync(one, { throwIfNoEntry: false })?.size ?? 0),
    0,
  )

const readForEver = (path: string): Fault =>
  new Fault('unavailable', `${path}-wal still holds old records: a program reads the tape`, {
    remedy: 'End what reads it (`ticklake serve`, sqlite3, a backup), then purge again.',
  })
