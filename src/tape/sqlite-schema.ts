import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from 'node:fs'
import { endianness } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Fault } from '../flow/fault.ts'
import { isDamage, sqliteFault, translated } from './sqlite-fault.ts'

/** The one file of a tape in its folder; SQLite keeps `tape.db-wal` and `tape.db-shm` beside it. */
export const TAPE_FILE = 'tape.db'
/** In the file's header, so that `file` and we know a tape from another SQLite file: "tklk". */
const APPLICATION_ID = 0x74_6b_6c_6b
/** Grows when an older ticklake could no longer read the file rightly. */
export const FORMAT_VERSION = 1
/** Twice the default: fewer pages for a block, and still little to write for a lone trade. */
const PAGE_BYTES = 8192

/** The two logs of a tape; each has a table of blocks by its name. */
export const LOG_NAMES = ['trades', 'feed'] as const
export type LogName = (typeof LOG_NAMES)[number]

/**
 * A block is one row, keyed by its first offset. `earliest` and `next` of a log say what must be there, so
 * that a block lost at either end is noticed too. With auto_vacuum a page knows its owner, so a trim frees
 * a block's pages without reading them; freed pages are used again by the next blocks.
 */
const SCHEMA = `
CREATE TABLE tape (one INTEGER PRIMARY KEY CHECK (one = 1), source TEXT, created_ms INTEGER NOT NULL) STRICT;
CREATE TABLE log (name TEXT PRIMARY KEY, id TEXT NOT NULL, earliest INTEGER NOT NULL, next INTEGER NOT NULL) STRICT;
${LOG_NAMES.map(
  (name) => `CREATE TABLE ${name}_block (
  first INTEGER PRIMARY KEY, next INTEGER NOT NULL, crc INTEGER NOT NULL,
  ends BLOB NOT NULL, received_ms BLOB NOT NULL, redelivered BLOB, bytes BLOB NOT NULL
) STRICT;`,
).join('\n')}
PRAGMA application_id = ${APPLICATION_ID};
PRAGMA user_version = ${FORMAT_VERSION};
`

export const tapePath = (dir: string): string => join(dir, TAPE_FILE)

export type Birth = {
  readonly createdMs: number
  readonly newId: () => string
}

/**
 * Makes the tape file in `dir` unless it is there. Faults: `invalid` when the file there is no tape or is of
 * a newer format, `unavailable` when the disk does not let us.
 */
export function createTape(dir: string, birth: Birth): void {
  const path = tapePath(dir)
  makeFolder(dir)
  const db = translated(path, () => new DatabaseSync(path, { timeout: 10_000 }))
  try {
    if (readFormat(db, path) === 'empty') {
      db.exec(`PRAGMA page_size = ${PAGE_BYTES}; PRAGMA auto_vacuum = INCREMENTAL`)
      db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
      db.exec('BEGIN IMMEDIATE')
      if (readFormat(db, path) === 'empty') fill(db, birth)
      db.exec('COMMIT')
      syncFolder(dir)
      syncFolder(dirname(dir))
    }
  } catch (error) {
    throw sqliteFault(error, path)
  } finally {
    db.close()
  }
}

function fill(db: DatabaseSync, { createdMs, newId }: Birth): void {
  db.exec(SCHEMA)
  db.prepare('INSERT INTO tape VALUES (1, NULL, ?)').run(Math.floor(createdMs))
  const log = db.prepare('INSERT INTO log VALUES (?, ?, 0, 0)')
  for (const name of LOG_NAMES) log.run(name, newId())
}

/** Opens an existing tape to read it. A file that was cut is opened too, so that what is left can be read. */
export function openToRead(dir: string): DatabaseSync {
  const path = existing(dir)
  const db = translated(
    path,
    () => new DatabaseSync(path, { readOnly: true, defensive: false, timeout: 1_000 }),
  )
  try {
    admitCut(db)
    checkFormat(db, path)
    return db
  } catch (error) {
    db.close()
    throw sqliteFault(error, path)
  }
}

/** Opens an existing tape to write; `timeoutMs` is how long SQLite blocks this thread for another's lock. */
export function openToWrite(dir: string, timeoutMs: number): DatabaseSync {
  const path = existing(dir)
  const db = translated(path, () => new DatabaseSync(path, { timeout: timeoutMs }))
  try {
    checkFormat(db, path)
    return db
  } catch (error) {
    db.close()
    throw sqliteFault(error, path)
  }
}

function existing(dir: string): string {
  if (endianness() !== 'LE')
    throw new Fault('invalid', 'a tape is little-endian; this machine is not', {
      remedy: 'Run ticklake on x86-64 or ARM.',
    })
  const path = tapePath(dir)
  if (!existsSync(path)) throw noTape(dir)
  return path
}

const noTape = (dir: string): Fault =>
  new Fault('unavailable', `${dir} holds no tape yet (no ${TAPE_FILE})`, {
    remedy:
      'Check the folder; a tape is made by the first `ticklake record` or `ticklake up` that writes there.',
  })

/** SQLite refuses a file that is shorter than its header says unless the schema is writable. */
function admitCut(db: DatabaseSync): void {
  try {
    db.prepare('SELECT count(*) FROM sqlite_schema').get()
  } catch (error) {
    if (!isDamage(error)) throw error
    db.exec('PRAGMA writable_schema = ON')
  }
}

function checkFormat(db: DatabaseSync, path: string): void {
  if (readFormat(db, path) === 'empty') throw noTape(dirname(path))
}

/** What the file is; throws `invalid` when it is something else than a tape that we can read. */
function readFormat(db: DatabaseSync, path: string): 'tape' | 'empty' {
  const application = numberOf(db, 'PRAGMA application_id', 'application_id')
  if (application === APPLICATION_ID) {
    const version = numberOf(db, 'PRAGMA user_version', 'user_version')
    if (version <= FORMAT_VERSION) return 'tape'
    throw new Fault(
      'invalid',
      `${path} is of format ${version}; this ticklake reads up to ${FORMAT_VERSION}`,
      {
        remedy: 'Use the ticklake that wrote it, or a newer one.',
      },
    )
  }
  const tables = numberOf(db, 'SELECT count(*) AS tables FROM sqlite_schema', 'tables')
  if (application === 0 && tables === 0) return 'empty'
  throw new Fault('invalid', `${path} is an SQLite file of another program, not a tape`, {
    remedy: 'Name another folder for the tape, or move that file away.',
  })
}

export function numberOf(db: DatabaseSync, sql: string, column: string): number {
  const value = db.prepare(sql).get()?.[column]
  return typeof value === 'number' ? value : 0
}

/** The tape's folder, made unless it is there. */
export function makeFolder(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true })
  } catch (error) {
    throw new Fault(
      'invalid',
      `the tape's folder ${dir} cannot be made: ${error instanceof Error ? error.message : ''}`,
      {
        remedy: 'Name a folder that this user may make and write.',
        cause: error,
      },
    )
  }
}

/** A new file survives a power cut only when its folder's entry is on the disk too. */
function syncFolder(dir: string): void {
  const folder = openSync(dir, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
