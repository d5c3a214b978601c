import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { openDuckdb, sqlName, sqlText, type Connection, type Duckdb } from '../../duckdb/duckdb.ts'
import { Fault } from '../../flow/fault.ts'
import type { Table } from '../../market/tables.ts'
import type { Value } from '../../query/query.ts'
import type { ParquetFile } from '../lake.ts'
import { copyToParquet } from '../parquet-copy.ts'
import { storeFault } from '../store-fault.ts'
import { columnFacts } from './column-bounds.ts'
import { columnNamed, parquetRelation, sourceRelation } from './relation.ts'
import type { RewriteColumn, Rewriter, Rewriting, RewrittenFiles } from './rewriter.ts'
import { sortRanges } from './sort-ranges.ts'

// Readers skip whole row groups by symbol and time, so those of sorted files are half as large as of a flush.
const ROW_GROUP_ROWS_MAX = 524_288

export type DuckdbRewriterOptions = {
  readonly table: Table
  /** A folder on a local disk for files on their way and for what does not fit in memory; made if not there. */
  readonly dir: string
  /** DuckDB's memory for sorting; what does not fit goes to `dir`. Node's heap comes on top. */
  readonly memoryMb: number
  readonly threads: number
}

/** Rewrites with DuckDB: sorts on disk what does not fit in memory. Guarantees and faults as the port's. */
export async function duckdbRewriter(options: DuckdbRewriterOptions): Promise<Rewriter> {
  const dir = await folder(options.dir)
  let duckdb: Promise<Duckdb> | undefined
  let files = 0
  return {
    write: async (rewriting) => {
      duckdb ??= openDuckdb({ ...options, spillDir: dir, readable: null })
      using opened = await (await duckdb).connect()
      const connection = cancellable(opened, rewriting.signal)
      const path = () => join(dir, `${files++}.parquet`)
      return await rewrite({ connection, table: options.table, path }, rewriting)
    },
    [Symbol.asyncDispose]: async () => {
      await (await duckdb)?.[Symbol.asyncDispose]()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** The same session, whose statements end when `signal` aborts: on a large day each takes minutes. */
function cancellable(connection: Connection, signal: AbortSignal): Connection {
  const all: Connection['all'] = async (sql) => {
    using statement = await connection.prepare(sql)
    const rows: (readonly Value[])[] = []
    for await (const batch of (await statement.stream(signal)).batches) rows.push(...batch)
    return rows
  }
  return { ...connection, all, run: async (sql) => void (await all(sql)) }
}

/** A folder of its own below `parent`. */
async function folder(parent: string): Promise<string> {
  try {
    await mkdir(parent, { recursive: true })
    return await mkdtemp(join(parent, 'rewritten-'))
  } catch (error) {
    throw storeFault(parent, error)
  }
}

type Writing = {
  readonly connection: Connection
  readonly table: Table
  /** A new local path. */
  readonly path: () => string
}

async function rewrite(writing: Writing, rewriting: Rewriting): Promise<RewrittenFiles> {
  const { connection, table } = writing
  const { columns, inputs } = rewriting
  await checkFieldIds(connection, table, inputs)
  const { source, stays } = sourceRelation(table, rewriting)
  await connection.run(`CREATE OR REPLACE TEMP VIEW input AS ${source} WHERE ${stays}`)
  const whole = await sumsOf(connection, columns, 'input')
  const purged = stays === 'true' ? 0 : await countOf(connection, `${source} WHERE NOT (${stays})`)
  const before = inputs.reduce((sum, { rows }) => sum + rows, 0)
  const bytes = inputs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const sort = table.sortedBy
    .map((name) => columnNamed(table, columns, name))
    .filter((column) => column !== undefined)
  const rowsPerFile = Math.floor((rewriting.targetBytes * before) / Math.max(1, bytes))
  const ranges =
    whole.rows === 0
      ? []
      : await sortRanges(connection, {
          sort,
          rows: whole.rows,
          rowsPerFile: Math.max(1, rowsPerFile),
        })
  const files: ParquetFile[] = []
  try {
    for (const range of ranges) {
      const file = await writeRange({ ...writing, sort }, rewriting, range)
      if (file.rows > 0) files.push(file)
      else await rm(file.path, { force: true })
    }
    const paths = files.map(({ path }) => path)
    const written =
      paths.length === 0
        ? NOTHING
        : await sumsOf(connection, columns, parquetRelation(columns, paths))
    checkSame(table, whole, written)
  } catch (error) {
    for (const { path } of files) await rm(path, { force: true })
    throw error
  }
  return { files, rows: whole.rows, purged, struckOut: before - whole.rows - purged }
}

/** Columns are read by field id, so that one of a file without ids would be written anew as nulls. */
async function checkFieldIds(
  connection: Connection,
  table: Table,
  inputs: Rewriting['inputs'],
): Promise<void> {
  const paths = inputs.map(({ path }) => sqlText(path)).join(', ')
  const [[found] = []] = await connection.all(
    `SELECT min(file_name) FROM parquet_schema([${paths}]) WHERE type IS NOT NULL AND field_id IS NULL`,
  )
  const file = inputs.find(({ path }) => path === found)
  if (file === undefined) return
  throw new Fault(
    'invalid',
    `${file.location} of table ${table.name} has columns without field ids`,
    {
      remedy:
        'Another engine added it as it was (add_files). Let that engine rewrite it (optimize, rewrite_data_files); until then its day stays as it is.',
    },
  )
}

type Ranged = Writing & { readonly sort: readonly RewriteColumn[] }

async function writeRange(
  { connection, table, path, sort }: Ranged,
  { columns, day, signal }: Rewriting,
  range: string,
): Promise<ParquetFile> {
  if (signal.aborted) throw cancelled()
  const at = path()
  const order = sort.map(({ name }) => `${sqlName(name)} NULLS FIRST`).join(', ')
  const select = `SELECT * FROM input WHERE ${range}${order === '' ? '' : ` ORDER BY ${order}`}`
  try {
    const { rows, ...copied } = await copyToParquet(connection, {
      select,
      path: at,
      fields: columns,
      rowGroupRows: ROW_GROUP_ROWS_MAX,
    })
    const facts = await columnFacts(connection, columns, parquetRelation(columns, [at]))
    if (facts.rows !== rows)
      throw differs(table, `${rows} rows were written, ${facts.rows} are there`)
    return { path: at, day, ...copied, ...facts }
  } catch (error) {
    await rm(at, { force: true })
    throw error
  }
}

/** Rows, and a checksum of them in any order. */
type Sums = { readonly rows: number; readonly checksum: string }
const NOTHING: Sums = { rows: 0, checksum: '' }

async function sumsOf(
  connection: Connection,
  columns: readonly RewriteColumn[],
  relation: string,
): Promise<Sums> {
  const names = columns.map(({ name }) => sqlName(name)).join(', ')
  const [[rows, checksum] = []] = await connection.all(
    `SELECT count(*), coalesce(sum(hash(${names}))::VARCHAR, '') FROM ${relation}`,
  )
  return { rows: Number(rows), checksum: typeof checksum === 'string' ? checksum : '' }
}

async function countOf(connection: Connection, select: string): Promise<number> {
  const [[rows] = []] = await connection.all(`SELECT count(*) FROM (${select}) AS counted`)
  return Number(rows)
}

function checkSame(table: Table, read: Sums, written: Sums): void {
  if (read.rows === written.rows && read.checksum === written.checksum) return
  throw differs(table, `${read.rows} rows were read, ${written.rows} written, or other values`)
}

const differs = (table: Table, what: string): Fault =>
  new Fault('corrupt', `a rewrite of ${table.name} does not hold what it read: ${what}`, {
    remedy: 'Nothing was changed in the table. Check disk and memory of this machine.',
  })

const cancelled = (): Fault =>
  new Fault('closed', 'the rewrite was cancelled', { remedy: 'Run it again; nothing was changed.' })
