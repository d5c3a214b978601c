import { accessSync, constants, existsSync, mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Fault } from '../flow/fault.ts'
import type { Catalog, Pointer, TableName } from './catalog.ts'

// A swap takes milliseconds; whoever holds the file this long is stuck, and blocking longer would stall the process.
const BUSY_MS_MAX = 2_000
// SQLITE_BUSY and SQLITE_LOCKED: nothing was written.
const BUSY_CODES: readonly number[] = [5, 6]

/*
 * The SQL catalog that pyiceberg's SqlCatalog and Iceberg Java's JdbcCatalog share (its schema version V1): a
 * table's name is a row, and a commit is one UPDATE that names the location it expects.
 */
const TABLES = `
CREATE TABLE IF NOT EXISTS iceberg_tables (
  catalog_name VARCHAR(255) NOT NULL,
  table_namespace VARCHAR(255) NOT NULL,
  table_name VARCHAR(255) NOT NULL,
  metadata_location VARCHAR(1000),
  previous_metadata_location VARCHAR(1000),
  iceberg_type VARCHAR(5),
  PRIMARY KEY (catalog_name, table_namespace, table_name)
);
CREATE TABLE IF NOT EXISTS iceberg_namespace_properties (
  catalog_name VARCHAR(255) NOT NULL,
  namespace VARCHAR(255) NOT NULL,
  property_key VARCHAR(255) NOT NULL,
  property_value VARCHAR(1000) NOT NULL,
  PRIMARY KEY (catalog_name, namespace, property_key)
);`
const WHERE = 'catalog_name = ? AND table_namespace = ? AND table_name = ?'
const LOAD = `SELECT metadata_location FROM iceberg_tables WHERE ${WHERE}`
const SWAP = `UPDATE iceberg_tables SET metadata_location = ?, previous_metadata_location = ?
  WHERE ${WHERE} AND metadata_location = ?`
const NAMESPACE = `INSERT OR IGNORE INTO iceberg_namespace_properties
  (catalog_name, namespace, property_key, property_value) VALUES (?, ?, 'exists', 'true')`
const CREATE_V1 = `INSERT OR IGNORE INTO iceberg_tables
  (catalog_name, table_namespace, table_name, metadata_location, iceberg_type) VALUES (?, ?, ?, ?, 'TABLE')`
// A file that pyiceberg made under schema version V0 has no column for the type.
const CREATE_V0 = `INSERT OR IGNORE INTO iceberg_tables
  (catalog_name, table_namespace, table_name, metadata_location) VALUES (?, ?, ?, ?)`

export type SqliteCatalogOptions = {
  readonly file: string
  readonly mode: 'write' | 'read'
  /** By which other engines load it: SqlCatalog("ticklake", …). */
  readonly name?: string
  /** How long to wait for a file that another program holds, ms. */
  readonly busyMs?: number
}

/**
 * An SQLite file as the catalog. Guarantees: a swap is on the disk when it answers `swapped`. In read mode the
 * file is never made: until it is there, no table is. Throws `invalid` where the file is no SQLite database.
 */
export function openSqliteCatalog(options: SqliteCatalogOptions): Catalog {
  const { mode, name = 'ticklake', busyMs = BUSY_MS_MAX } = options
  const file = resolve(options.file)
  let database: DatabaseSync | null = null
  let closed = false
  const connect = (): DatabaseSync | null => {
    if (closed) throw closedFault(file)
    database ??= guarded(file, () =>
      mode === 'write' ? openForWriting(file, busyMs) : openForReading(file, busyMs),
    )
    return database
  }
  if (mode === 'write') connect()
  const row = ({ namespace, name: table }: TableName) => [name, namespace, table]
  return {
    load: async (table) => {
      const from = connect()
      if (from === null) return null
      return guarded(file, () => pointerOf(from.prepare(LOAD).get(...row(table))))
    },
    swap: async (table, from, to) => {
      const into = connect()
      if (into === null || mode === 'read') throw readOnly(file)
      return guarded(file, () => {
        if (from === null) return create(into, row(table), to)
        const { changes } = into.prepare(SWAP).run(to, from.location, ...row(table), from.location)
        return Number(changes) === 1 ? 'swapped' : 'lost'
      })
    },
    [Symbol.asyncDispose]: async () => {
      closed = true
      database?.close()
      database = null
    },
  }
}

function openForWriting(file: string, busyMs: number): DatabaseSync {
  mkdirSync(dirname(file), { recursive: true })
  return opened({ file, busyMs, readOnly: false }, (database) => {
    // One file without a -wal beside it, so that it can be copied and read anywhere. EXTRA is FULL, and syncs the
    // folder too when the rollback journal is removed: without it a power cut can take a commit back that was told.
    database.exec('PRAGMA synchronous = EXTRA')
    database.exec(TABLES)
  })
}

/** Null: there is no file, or its writer has not made the tables yet. */
function openForReading(file: string, busyMs: number): DatabaseSync | null {
  if (!existsSync(file)) return null
  // Opened for writing where that is allowed, since after a crash the first to open rolls the journal back.
  const readOnly = !writable(file)
  const database = opened({ file, busyMs, readOnly }, (one) => one.exec('PRAGMA query_only = ON'))
  const made = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'iceberg_tables'").get()
  if (made !== undefined) return database
  database.close()
  return null
}

type Opening = { readonly file: string; readonly busyMs: number; readonly readOnly: boolean }

function opened(
  { file, busyMs, readOnly }: Opening,
  prepare: (database: DatabaseSync) => void,
): DatabaseSync {
  const database = new DatabaseSync(file, { readOnly, timeout: busyMs })
  try {
    prepare(database)
    database.prepare('SELECT count(*) FROM sqlite_master').get() // reads the file: is it a database at all
  } catch (error) {
    database.close()
    throw error
  }
  return database
}

const writable = (file: string): boolean => {
  try {
    accessSync(file, constants.W_OK)
    accessSync(dirname(file), constants.W_OK)
    return true
  } catch {
    return false
  }
}

function create(database: DatabaseSync, row: readonly string[], to: string): 'swapped' | 'lost' {
  const columns = database.prepare('PRAGMA table_info(iceberg_tables)').all()
  const typed = columns.some((column) => column['name'] === 'iceberg_type')
  const [catalog = '', namespace = ''] = row
  database.prepare(NAMESPACE).run(catalog, namespace)
  const { changes } = database.prepare(typed ? CREATE_V1 : CREATE_V0).run(...row, to)
  return Number(changes) === 1 ? 'swapped' : 'lost'
}

const pointerOf = (row: Readonly<Record<string, unknown>> | undefined): Pointer | null => {
  const location = row?.['metadata_location']
  return typeof location === 'string' ? { location, token: null } : null
}

/** Translates what SQLite says. Single statements commit by themselves, so a busy file means: not applied. */
function guarded<T>(file: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    if (error instanceof Fault) throw error
    throw catalogFault(file, error)
  }
}

function catalogFault(file: string, error: unknown): Fault {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0
  const what = error instanceof Error ? error.message : String(error)
  if (BUSY_CODES.includes(code))
    return new Fault('unavailable', `the catalog ${file} is locked: ${what}`, {
      remedy: 'Another program holds the file: close it, or wait.',
      cause: error,
    })
  if (code === 13)
    return new Fault('unavailable', `the catalog ${file} cannot grow: ${what}`, {
      remedy:
        'The disk is full: free space. Nothing that was recorded is lost, and landing goes on.',
      cause: error,
    })
  if (code === 10)
    return new Fault('unavailable', `the catalog ${file}: ${what}`, {
      remedy: 'The disk did not answer as it should: look at the system log.',
      cause: error,
    })
  return new Fault('invalid', `${file} is no Iceberg catalog: ${what}`, {
    remedy:
      'Name the file of an SQLite catalog, or one that does not exist yet, as TICKLAKE_CATALOG=sqlite:FILE.',
    cause: error,
  })
}

const readOnly = (file: string): Fault =>
  new Fault('invalid', `the catalog ${file} was opened for reading`, {
    remedy: 'Only `ticklake land` and `ticklake up` write the lake.',
  })

const closedFault = (file: string): Fault =>
  new Fault('closed', `the catalog ${file} is closed`, { remedy: 'Nothing to do.' })
