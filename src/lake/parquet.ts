import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { openDuckdb, type Connection, type Duckdb } from '../duckdb/duckdb.ts'
import { assert } from '../flow/fault.ts'
import type { Table } from '../market/tables.ts'
import type { ParquetFile, ParquetWriter, Rolled } from './lake.ts'
import { copyToParquet, DICTIONARY_VALUES_MAX } from './parquet-copy.ts'
import { boundsOf, statistics, type DayStatistics } from './parquet-bounds.ts'

// A flush file is one row group up to this size; its dictionaries and sort fit in a few hundred MB.
const ROW_GROUP_ROWS_MAX = 1_048_576

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

async function writeDay({ connection, table, day, select, path }: Day): Promise<ParquetFile> {
  const rowGroupRows = Math.min(ROW_GROUP_ROWS_MAX, day.rows)
  const { rows, ...copied } = await copyToParquet(connection, {
    select,
    path,
    fields: table.fields,
    rowGroupRows,
  })
  assert(rows === day.rows, `${path} has not got its ${day.rows} rows`)
  return { path, rows, day: day.day, ...copied, ...boundsOf(table, day) }
}
