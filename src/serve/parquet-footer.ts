import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDuckdb, sqlText, type Connection } from '../duckdb/duckdb.ts'
import type { Value } from '../query/query.ts'
import type { FileAnswer } from './contract/lake.ts'

const MEMORY_MB = 128 // a footer is at most a few MB
/** What DuckDB calls a type that holds one value: only such names are put into a statement. */
const PLAIN_TYPE = /^[A-Z_]+(?: WITH TIME ZONE)?(?:\(\d+, ?\d+\))?$/

/** What the footer of a Parquet file says of it. */
export type Footer = Pick<FileAnswer, 'row_groups' | 'columns' | 'created_by'>

/**
 * Reads a footer: `bytes` is the end of a Parquet file from where its footer begins. DuckDB decodes it, from a file
 * that holds nothing else, in an engine that may read that file alone. Faults as `Connection`.
 */
export async function readFooter(bytes: Uint8Array, dir: string = tmpdir()): Promise<Footer> {
  await mkdir(dir, { recursive: true })
  const folder = await mkdtemp(join(dir, 'ticklake-footer-'))
  try {
    const path = join(folder, 'footer.parquet')
    await writeFile(path, [MAGIC, bytes])
    const options = { threads: 1, memoryMb: MEMORY_MB, spillDir: null, readable: [folder] }
    await using duckdb = await openDuckdb(options)
    using connection = await duckdb.connect()
    return await describe(connection, sqlText(path))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

export const MAGIC = Buffer.from('PAR1')

type Row = readonly Value[]

async function describe(connection: Connection, file: string): Promise<Footer> {
  const [made] = await connection.all(`SELECT created_by FROM parquet_file_metadata(${file})`)
  const groups = await connection.all(
    `SELECT any_value(row_group_num_rows)::DOUBLE, sum(total_compressed_size)::DOUBLE
     FROM parquet_metadata(${file}) GROUP BY row_group_id ORDER BY row_group_id`,
  )
  const leaves = await connection.all(
    `SELECT name, coalesce(duckdb_type, type), field_id::DOUBLE FROM parquet_schema(${file})
     WHERE num_children IS NULL ORDER BY column_id`,
  )
  const chunks = await connection.all(
    `SELECT column_id::DOUBLE, any_value(path_in_schema),
       string_agg(DISTINCT compression, ', ' ORDER BY compression),
       list_distinct(flatten(list(string_split(encodings, ', ')))).list_sort().array_to_string(', '),
       sum(total_compressed_size)::DOUBLE,
       CASE WHEN count(stats_null_count) = count(*) THEN sum(stats_null_count)::DOUBLE END
     FROM parquet_metadata(${file}) GROUP BY column_id ORDER BY column_id`,
  )
  const bounds = await boundsOf(connection, file, leaves)
  return {
    created_by: textOf(made?.[0]),
    row_groups: groups.map(([rows, bytes]) => ({ rows: Number(rows), bytes: Number(bytes) })),
    columns: leaves.map((leaf, i) => {
      const chunk = chunks.find(([id]) => id === i) ?? []
      return columnOf(leaf, chunk, bounds.slice(2 * i, 2 * i + 2))
    }),
  }
}

/** Least and greatest of each leaf over all row groups; null where a row group that has values does not say. */
async function boundsOf(connection: Connection, file: string, leaves: readonly Row[]) {
  const select = leaves.flatMap(([, type], i) => {
    const told = `column_id = ${i} AND stats_min_value IS NOT NULL`
    const untold = `count(*) FILTER (column_id = ${i} AND stats_min_value IS NULL AND stats_null_count IS DISTINCT FROM num_values)`
    const named = textOf(type) ?? ''
    const as = PLAIN_TYPE.test(named) ? named : 'VARCHAR'
    return ['min', 'max'].map(
      (extreme) =>
        `CASE WHEN ${untold} = 0
         THEN ${extreme}(TRY_CAST(stats_${extreme}_value AS ${as})) FILTER (${told})::VARCHAR END`,
    )
  })
  if (select.length === 0) return []
  const [row = []] = await connection.all(
    `SELECT ${select.join(', ')} FROM parquet_metadata(${file})`,
  )
  return row
}

function columnOf([leaf, type, id]: Row, chunk: Row, bounds: Row): Footer['columns'][number] {
  const [, path, compression, encodings, bytes, nulls] = chunk
  const [least, greatest] = bounds
  return {
    name: textOf(path)?.replaceAll(', ', '.') ?? textOf(leaf) ?? '',
    type: textOf(type) ?? '',
    field_id: numberOf(id),
    compression: textOf(compression) ?? '',
    encodings: textOf(encodings) ?? '',
    bytes: numberOf(bytes) ?? 0,
    nulls: numberOf(nulls),
    min: textOf(least),
    max: textOf(greatest),
  }
}

const textOf = (value: Value | undefined): string | null =>
  typeof value === 'string' ? value : null
const numberOf = (value: Value | undefined): number | null =>
  typeof value === 'number' ? value : null
