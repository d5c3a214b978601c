import { statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../flow/clock.ts'
import { noLonger } from './shared-lease.ts'
import { isBusy, sqliteFault } from './sqlite-fault.ts'
import { makeFolder } from './sqlite-schema.ts'
import type { Lease, TakeLease } from './tape.ts'

/** How often a standby asks; also how long a dead holder's place stays empty at most. */
const POLL_MS = 200
/** How often a holder looks whether its lock file is still the one in the folder. */
const WATCH_MS = 1_000

export type LeaseOptions = {
  readonly dir: string
  /** The two rights that a tape knows; they do not exclude each other. */
  readonly role: 'recorder' | 'lander'
  readonly clock: Clock
}

/**
 * An exclusive lease for one machine: an exclusive lock of the operating system on `<dir>/<role>.lock`, a
 * small SQLite file that also keeps the epoch. A crash or a kill -9 frees it at once; a stopped process
 * (SIGSTOP) keeps it, so nobody takes over and there is no zombie. The file is never stale and need not be
 * deleted; when somebody does, the holder's `lost` aborts within a second. Not for network file systems
 * that do not lock.
 */
export function sqliteLease({ dir, role, clock }: LeaseOptions): TakeLease {
  const path = join(dir, `${role}.lock`)
  return async (signal) => {
    while (!signal.aborted) {
      const held = tryTake(dir, path, clock.now())
      if (held !== null) return leaseOf(held, path, clock)
      await clock.sleep(POLL_MS, signal)
    }
    throw noLonger()
  }
}

type Held = { readonly db: DatabaseSync; readonly epoch: number }

/** Locks the file and writes the next epoch in one go; null: another connection has it. */
function tryTake(dir: string, path: string, nowMs: number): Held | null {
  let db: DatabaseSync | null = null
  try {
    makeFolder(dir)
    db = new DatabaseSync(path, { timeout: 0 })
    db.exec('BEGIN EXCLUSIVE')
    // From here on the lock outlives the commit, until the connection closes. Before BEGIN it would also
    // keep the shared lock of a failed try, and two standbys would keep each other out for ever.
    db.exec('PRAGMA locking_mode = EXCLUSIVE')
    db.exec(
      'CREATE TABLE IF NOT EXISTS lease (one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL) STRICT',
    )
    const epoch = nextEpoch(db, nowMs)
    db.prepare('INSERT OR REPLACE INTO lease VALUES (1, ?)').run(epoch)
    db.exec('COMMIT')
    return { db, epoch }
  } catch (error) {
    db?.close()
    if (isBusy(error)) return null
    throw sqliteFault(error, path)
  }
}

/**
 * One more than the last, and never below the time in seconds: an epoch must grow even when somebody
 * deleted the file, for events of an older epoch are ignored.
 */
function nextEpoch(db: DatabaseSync, nowMs: number): number {
  const last = db.prepare('SELECT epoch FROM lease').get()?.['epoch']
  return Math.max(typeof last === 'number' ? last + 1 : 1, Math.floor(nowMs / 1000))
}

function leaseOf({ db, epoch }: Held, path: string, clock: Clock): Lease {
  const lost = new AbortController()
  const over = new AbortController()
  const file = fileAt(path)
  const watch = async () => {
    while (!over.signal.aborted) {
      await clock.sleep(WATCH_MS, over.signal)
      if (!over.signal.aborted && fileAt(path) !== file) {
        lost.abort()
        return
      }
    }
  }
  const watching = watch()
  return {
    epoch,
    lost: lost.signal,
    holds: () => !lost.signal.aborted, // a stopped process keeps the lock
    [Symbol.asyncDispose]: async () => {
      over.abort()
      await watching
      if (db.isOpen) db.close()
    },
  }
}

/** Which file has this name now. Only asked, never opened: closing it would drop the lock (POSIX). */
const fileAt = (path: string): string => {
  try {
    const { dev, ino } = statSync(path)
    return `${dev}:${ino}`
  } catch {
    return 'none' // gone, or out of reach: whoever cannot see its own lock cannot vouch for it
  }
}
