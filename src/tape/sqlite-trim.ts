import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../flow/clock.ts'
import type { Offset } from '../market/records.ts'
import { isBusy, sqliteFault } from './sqlite-fault.ts'
import { numberOf, openToWrite, tapePath, type LogName } from './sqlite-schema.ts'

/** Blocks deleted in one transaction: an append waits behind one of these, a few milliseconds. */
const STEP_BLOCKS_MAX = 64
/** Rest between steps, so that waiting appends go first. */
const STEP_REST_MS = 2
/** How long SQLite may block this thread for a lock; longer waits are ours and block nobody. */
const LOCK_WAIT_MS = 5
/** An append that holds the lock longer than this has a dead disk: the trim can wait for another day. */
const LOCK_TRIES_MAX = 1_000
/** Freed pages are kept for the blocks to come, unless they are more than this part of a file worth shrinking. */
const FREE_SHARE_MAX = 0.5
const FREE_PAGES_MAX = 8_192
/** Pages given back to the disk in one transaction. */
const SHRINK_PAGES = 256

export type Trimming = {
  readonly dir: string
  readonly name: LogName
  readonly before: Offset
  readonly clock: Clock
  /** Free pages that are always kept; FREE_PAGES_MAX. */
  readonly freePagesMax?: number
}

/**
 * Deletes the whole blocks of a log that end at or before `before`, in small transactions on a connection
 * of its own, then gives space back to the disk when most of the file is free. A crash leaves what was not
 * yet trimmed. Not fsynced: a trim that a power cut undoes is only late.
 */
export async function trimLog(trimming: Trimming): Promise<void> {
  const { dir, clock, freePagesMax = FREE_PAGES_MAX } = trimming
  const path = tapePath(dir)
  const db = openToWrite(dir, LOCK_WAIT_MS)
  try {
    db.exec('PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0')
    await deleteBlocks(db, trimming)
    while (await unhindered(clock, () => shrinkStep(db, freePagesMax)))
      await clock.sleep(STEP_REST_MS)
    db.exec('PRAGMA wal_checkpoint(PASSIVE)')
  } catch (error) {
    throw sqliteFault(error, path)
  } finally {
    db.close()
  }
}

/** Deletes the whole blocks of a log that end at or before `before`; their bytes may stay in the file. */
export async function deleteBlocks(
  db: DatabaseSync,
  { name, before, clock }: Omit<Trimming, 'dir'>,
): Promise<void> {
  while (await unhindered(clock, () => trimStep(db, name, before))) await clock.sleep(STEP_REST_MS)
}

/** Deletes some blocks; true: there may be more. */
function trimStep(db: DatabaseSync, name: LogName, before: Offset): boolean {
  return transaction(db, () => {
    const some = `SELECT next FROM ${name}_block WHERE first < ?1 ORDER BY first LIMIT ${STEP_BLOCKS_MAX}`
    const whole = `SELECT max(next) AS cut, count(*) AS blocks FROM (${some}) WHERE next <= ?1`
    const { cut, blocks } = db.prepare(whole).get(before) ?? {}
    if (typeof cut !== 'number') return false
    db.prepare(`DELETE FROM ${name}_block WHERE first < ?`).run(cut)
    db.prepare('UPDATE log SET earliest = ? WHERE name = ?').run(cut, name)
    return blocks === STEP_BLOCKS_MAX
  })
}

/** Gives some free pages back to the disk while they are too many; true: there may be more. */
function shrinkStep(db: DatabaseSync, freePagesMax: number): boolean {
  const free = numberOf(db, 'PRAGMA freelist_count', 'freelist_count')
  const pages = numberOf(db, 'PRAGMA page_count', 'page_count')
  if (free < freePagesMax || free < pages * FREE_SHARE_MAX) return false
  db.exec(`PRAGMA incremental_vacuum(${SHRINK_PAGES})`)
  return numberOf(db, 'PRAGMA freelist_count', 'freelist_count') < free
}

function transaction<T>(db: DatabaseSync, act: () => T): T {
  db.exec('BEGIN IMMEDIATE')
  try {
    const result = act()
    db.exec('COMMIT')
    return result
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

/** Calls `act` again, without blocking the thread, while another connection is in the way. */
export async function unhindered<T>(clock: Clock, act: () => T): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return act()
    } catch (error) {
      if (!isBusy(error) || attempt >= LOCK_TRIES_MAX) throw error
      await clock.sleep(STEP_REST_MS * 5)
    }
  }
}
