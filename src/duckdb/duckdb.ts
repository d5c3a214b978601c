import { randomUUID } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type * as DuckdbPackage from '@duckdb/node-api'
import type { DuckDBConnection, DuckDBResult } from '@duckdb/node-api'
import type { Table } from '../market/tables.ts'
import type { ResultColumn, Value } from '../query/query.ts'
import { appendColumns, type AppendColumn } from './append.ts'
import { Fault } from '../flow/fault.ts'
import { ownPrefix, removeLeftovers } from '../flow/leftovers.ts'
import { translated } from './faults.ts'
import { loadHttpfs, openHttpfs, type Httpfs } from './httpfs.ts'
import type { Batch } from './merge.ts'
import { sqlText } from './sql.ts'
import { stageRows, type StagedRows } from './staged-rows.ts'
import { streamed } from './streamed.ts'
import { batchOf } from './values.ts'

/** The vendor's package, loaded on first use. */
export type Api = typeof DuckdbPackage
export type { AppendColumn, Batch, Httpfs, StagedRows }
export type { S3Credentials } from './httpfs.ts'
export { holdLocal, opened, selectLiving } from './lake-files.ts'
export type { Held, Hold, Located, Scanned } from './lake-files.ts'
export { magnitudeMax, sortedTexts } from './merge.ts'
export { DUCKDB_TYPES, sqlName, sqlText } from './sql.ts'

// Folders of this name hold what instances spilled; one of a process that was killed is removed by the next.
const SPILL = 'duckdb'

export type DuckdbOptions = {
  readonly threads: number
  /** DuckDB's own memory; Node's heap comes on top. */
  readonly memoryMb: number
  /** Below it each instance spills what does not fit into a folder of its own; null: that fails with `invalid`. */
  readonly spillDir: string | null
  /** Folders, or prefixes on S3, whose files SQL may read; null: any file (for statements of our own only). */
  readonly readable: readonly string[] | null
  /** Lets files on S3 be read, by ranges; absent: files of this machine alone. */
  readonly httpfs?: Httpfs
  /** Of DuckDB's optimizers only these; absent: all. */
  readonly optimizers?: readonly string[]
}

/** An in-memory DuckDB: no extension is ever fetched, times are UTC. */
export type Duckdb = AsyncDisposable & { connect(): Promise<Connection> }

/** DuckDB's own word for what a statement does. */
export type StatementKind = 'SELECT' | 'EXPLAIN' | 'OTHER'

/** One statement, parsed and bound but not run. */
export type Statement = Disposable & {
  readonly kind: StatementKind
  /** As its rows will have them; names may repeat. */
  readonly columns: readonly ResultColumn[]
  /** Runs it; rows are made as they are read. `signal` interrupts, also between batches. */
  stream(signal: AbortSignal): Promise<Answering>
}
export type Answering = {
  readonly columns: readonly ResultColumn[]
  readonly batches: AsyncIterable<readonly (readonly Value[])[]>
}

/**
 * One session: temporary tables, views and variables are its own. One statement at a time. Faults: `invalid`
 * (the statement is wrong, in DuckDB's words, or needs more memory than it may), `unavailable` (a file could
 * not be read or written), `closed` (interrupted), `bug`.
 */
export type Connection = Disposable & {
  /** Runs one or more statements and forgets what they answer. */
  run(sql: string): Promise<void>
  /** Runs one statement and keeps all rows: for small answers. */
  all(sql: string): Promise<readonly (readonly Value[])[]>
  /** Throws `invalid` unless `sql` is exactly one statement. */
  prepare(sql: string): Promise<Statement>
  /** Appends `rows` rows; gives way to the event loop between slices of a few milliseconds. */
  append(table: string, columns: readonly AppendColumn[], rows: number): Promise<void>
  /** Makes `batches` of `table` readable by SQL in this session. */
  stage(table: Table, batches: readonly Batch[]): Promise<StagedRows>
}

/** Opens an in-memory instance; DuckDB itself (a few tens of MB) is loaded here, not before. */
export async function openDuckdb(options: DuckdbOptions): Promise<Duckdb> {
  const api = await import('@duckdb/node-api')
  const { spillDir } = options
  // Where it cannot be made, only a statement that spills fails.
  if (spillDir !== null) {
    await mkdir(spillDir, { recursive: true }).catch(() => undefined)
    await removeLeftovers(spillDir, SPILL).catch(() => undefined)
  }
  const instance = await translated(() => api.DuckDBInstance.create(':memory:', settings(options)))
  await using opening = new AsyncDisposableStack()
  opening.defer(() => instance.closeSync())
  const settling = await translated(() => instance.connect())
  opening.defer(() => settling.closeSync())
  const run = async (sql: string) => await translated(() => settling.run(sql))
  const refresh = options.httpfs === undefined ? null : await openHttpfs(options.httpfs, run)
  await restrict(run, options)
  const closing = opening.move()
  return {
    connect: async () => {
      await refresh?.()
      return connection(api, await translated(() => instance.connect()))
    },
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}

/** Whether the extension httpfs is there and loads; see `Httpfs`. */
export async function httpfsLoads(extension: string | null): Promise<boolean> {
  const trying = { threads: 1, memoryMb: 64, spillDir: null, readable: null }
  await using duckdb = await openDuckdb(trying)
  using connection = await duckdb.connect()
  return await loadHttpfs(extension, connection.run).then(
    () => true,
    () => false,
  )
}

const settings = ({ threads, memoryMb, spillDir }: DuckdbOptions): Record<string, string> => ({
  threads: String(threads),
  memory_limit: `${memoryMb}MiB`,
  // DuckDB makes it when it first spills and removes it when it closes.
  temp_directory: spillDir === null ? '' : join(spillDir, `${ownPrefix(SPILL)}${randomUUID()}`),
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
  errors_as_json: 'true', // they say where in the statement
})

type Run = (sql: string) => Promise<DuckDBResult>

/** What may be reached is fixed before the first statement of a user: later it cannot be changed. */
async function restrict(run: Run, { readable, optimizers }: DuckdbOptions): Promise<void> {
  await run("SET GLOBAL TimeZone = 'UTC'")
  if (optimizers !== undefined) {
    const all = await (await run('SELECT name FROM duckdb_optimizers()')).getRows()
    const off = all.map(([name]) => String(name)).filter((name) => !optimizers.includes(name))
    await run(`SET GLOBAL disabled_optimizers = ${sqlText(off.join(','))}`)
  }
  if (readable === null) return
  const folders = readable.map((folder) => sqlText(folder.endsWith('/') ? folder : `${folder}/`))
  await run(`SET allowed_directories = [${folders.join(', ')}]`)
  await run('SET enable_external_access = false')
  await run('SET lock_configuration = true')
}

function connection(api: Api, session: DuckDBConnection): Connection {
  const run = async (sql: string) => {
    await translated(() => session.run(sql), sql)
  }
  let stagings = 0
  const append: Connection['append'] = async (table, columns, rows) => {
    const appender = await translated(() => session.createAppender(table))
    await translated(() => appendColumns({ api, appender, columns, rows }))
  }
  const self: Connection = {
    run,
    append,
    all: async (sql) => {
      const result = await translated(() => session.run(sql), sql)
      const rows: (readonly Value[])[] = []
      for await (const batch of batchesOf(api, result)) rows.push(...batch)
      return rows
    },
    prepare: (sql) => translated(() => prepare(api, session, sql), sql),
    stage: (table, batches) => stageRows(self, table, { batches, name: `staged_${++stagings}` }),
    [Symbol.dispose]: () => session.closeSync(),
  }
  return self
}

async function prepare(api: Api, session: DuckDBConnection, sql: string): Promise<Statement> {
  if (sql.trim() === '') throw oneStatement('the statement is empty')
  const extracted = await session.extractStatements(sql)
  if (extracted.count !== 1) throw oneStatement(`there are ${extracted.count} statements`)
  const prepared = await extracted.prepare(0)
  if (prepared.parameterCount > 0) {
    prepared.destroySync()
    throw new Fault('invalid', 'the statement has parameters, as $1 or ?', {
      remedy: 'Write the values themselves.',
    })
  }
  const { SELECT, EXPLAIN } = api.StatementType
  const type = prepared.statementType
  return {
    kind: type === SELECT ? 'SELECT' : type === EXPLAIN ? 'EXPLAIN' : 'OTHER',
    columns: Array.from({ length: prepared.columnCount }, (_, i) => ({
      name: prepared.columnName(i),
      type: String(prepared.columnType(i)),
    })),
    stream: async (signal) =>
      await streamed({ api, session, sql, reads: type === SELECT, signal }, prepared),
    [Symbol.dispose]: () => prepared.destroySync(),
  }
}

const oneStatement = (message: string): Fault =>
  new Fault('invalid', message, {
    remedy: 'Give one statement; a PIVOT is one only when it says IN (…).',
  })

async function* batchesOf(api: Api, result: DuckDBResult) {
  const types = result.columnTypes()
  while (true) {
    const chunk = await translated(() => result.fetchChunk())
    if (chunk === null || chunk.rowCount === 0) return
    yield batchOf(api, chunk, types)
  }
}
