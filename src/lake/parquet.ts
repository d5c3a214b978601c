import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { openDuckdb, sqlName, sqlText, type Connection, type Duckdb } from '../duckdb/duckdb.ts'
import { assert } from '../flow/fault.ts'
import type { Table } from '../market/tables.ts'
import type { Value } from '../query/query.ts'
import type { ParquetFile, ParquetWriter, Rolled } from './lake.ts'
import { boundsOf, statistics, type DayStatistics } from './parquet-bounds.ts'

// A flush file is one row group up to this size; its dictionaries and sort fit in a few hundred MB.
const ROW_GROUP_ROWS_MAX = 1_048_576
// DuckDB writes row groups in whole vectors.
const VECTOR_ROWS = 2048
// Columns of more values are written plain: a dictionary of nearly unique values costs space (ts, offsets).
const DICTIONARY_VALUES_MAX = 20_000

export type ParquetWriterOptions = {
  readonly table: Table
  /** A folder on a local disk for files on their way; made if it is not there. */
  readonly dir: string
  /** DuckDB's memory for sorting; Node's heap comes on top. */
  readonly memoryMb: number
  readonly threads: number
}

/**
 * Writes with DuckDB: one file a day (UTC), sorted by `table.sortedBy` ascending with nulls first, Iceberg
 * field ids, zstd, Parquet v1 encodings, one row group up to a million rows. Bounds and counts are computed
 * from the rows themselves. Faults as `Connection`; a failed write leaves no file.
 */
export async function duckdbParquetWriter(options: ParquetWriterOptions): Promise<ParquetWriter> {
  await mkdir(options.dir, { recursive: true })
  const dir = await mkdtemp(join(options.dir, 'staged-'))
  let duckdb: Promise<Duckdb> | undefined
  let files = 0
  return {
    write: async (rolled) => {
      if (rolled.rows === 0) return []
      duckdb ??= openDuckdb({ ...options, spillDir: dir, readable: null })
      using connection = await (await duckdb).connect()
      const fileName = () => join(dir, `${files++}.parquet`)
      return await writeDays({ connection, table: options.table, rolled, fileName })
    },
    [Symbol.asyncDispose]: async () => {
      await (await duckdb)?.[Symbol.asyncDispose]()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

type Writing = {
  readonly connection: Connection
  readonly table: Table
  readonly rolled: Rolled
  readonly fileName: () => string
}

async function writeDays(writing: Writing): Promise<readonly ParquetFile[]> {
  const { connection, table, rolled, fileName } = writing
  await using staged = await connection.stage(table, rolled.batches)
  assert(staged.rows === rolled.rows, `a roll of ${rolled.rows} rows holds ${staged.rows}`)
  const days = statistics(table, rolled.batches)
  const files: ParquetFile[] = []
  const paths: string[] = []
  try {
    for (const day of days) {
      const path = fileName()
      paths.push(path)
      const select = staged.select({
        ...(days.length > 1 && { onDay: { of: table.dayOf, day: day.day } }),
        orderBy: table.sortedBy,
        enumValuesMax: Math.min(day.rows, DICTIONARY_VALUES_MAX),
      })
      files.push(await writeDay({ connection, table, day, select, path }))
    }
  } catch (error) {
    await Promise.all(paths.map((path) => rm(path, { force: true })))
    throw error
  }
  return files
}

type Day = {
  readonly connection: Connection
  readonly table: Table
  readonly day: DayStatistics
  readonly select: string
  readonly path: string
}

async function writeDay({ connection, table, day, select, path }: Day) {
  const ids = table.fields.map(({ name, id }) => `${sqlName(name)}: ${id}`).join(', ')
  const rowGroup = Math.min(
    ROW_GROUP_ROWS_MAX,
    Math.ceil(Math.max(1, day.rows) / VECTOR_ROWS) * VECTOR_ROWS,
  )
  const [written] = await connection.all(
    `COPY (${select}) TO ${sqlText(path)} (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION V1, ` +
      `ROW_GROUP_SIZE ${rowGroup}, DICTIONARY_SIZE_LIMIT ${DICTIONARY_VALUES_MAX}, FIELD_IDS {${ids}}, RETURN_STATS)`,
  )
  const [, rows, size, , columns] = written ?? []
  assert(Number(rows) === day.rows, `${path} has not got its ${day.rows} rows`)
  const file: ParquetFile = {
    path,
    sizeBytes: Number(size),
    rows: day.rows,
    day: day.day,
    columnSizes: columnSizes(table, columns),
    ...boundsOf(table, day),
    splitOffsets: await splitOffsets(connection, path),
  }
  return file
}

/** From RETURN_STATS: a map from the quoted column name to a map of texts. */
function columnSizes(table: Table, columns: Value | undefined): ReadonlyMap<number, number> {
  const sizes = new Map<number, number>()
  for (const field of table.fields) {
    const of = entry(columns, sqlName(field.name))
    const size = Number(entry(of, 'column_size_bytes') ?? Number.NaN)
    if (Number.isSafeInteger(size)) sizes.set(field.id, size)
  }
  return sizes
}

function entry(map: Value | undefined, key: string): Value | undefined {
  if (!Array.isArray(map)) return undefined
  const entries = map as readonly { readonly key: Value; readonly value: Value }[]
  return entries.find((candidate) => candidate.key === key)?.value
}

/** Where each row group begins. */
async function splitOffsets(connection: Connection, path: string): Promise<readonly number[]> {
  const rows = await connection.all(
    `SELECT min(least(data_page_offset, coalesce(nullif(dictionary_page_offset, 0), data_page_offset)))
     FROM parquet_metadata(${sqlText(path)}) GROUP BY row_group_id ORDER BY 1`,
  )
  return rows.map(([first]) => Number(first))
}
