import { sqlName, sqlText, type Connection } from '../duckdb/duckdb.ts'
import type { Value } from '../query/query.ts'

// Columns of more values are written plain: a dictionary of nearly unique values costs space (ts, offsets).
export const DICTIONARY_VALUES_MAX = 20_000
// DuckDB writes row groups in whole vectors.
const VECTOR_ROWS = 2048

export type Copying = {
  readonly select: string
  readonly path: string
  readonly fields: readonly { readonly id: number; readonly name: string }[]
  readonly rowGroupRows: number
}

/** What DuckDB says of the file that it wrote; sizes of columns by field id, in bytes. */
export type Copied = {
  readonly rows: number
  readonly sizeBytes: number
  readonly columnSizes: ReadonlyMap<number, number>
  readonly splitOffsets: readonly number[]
}

/** Writes one Parquet file with Iceberg field ids, zstd and Parquet v1 encodings. Faults as `Connection`. */
export async function copyToParquet(
  connection: Connection,
  { select, path, fields, rowGroupRows }: Copying,
): Promise<Copied> {
  const ids = fields.map(({ name, id }) => `${sqlName(name)}: ${id}`).join(', ')
  const rowGroup = Math.ceil(Math.max(1, rowGroupRows) / VECTOR_ROWS) * VECTOR_ROWS
  const [written] = await connection.all(
    `COPY (${select}) TO ${sqlText(path)} (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION V1, ` +
      `ROW_GROUP_SIZE ${rowGroup}, DICTIONARY_SIZE_LIMIT ${DICTIONARY_VALUES_MAX}, FIELD_IDS {${ids}}, RETURN_STATS)`,
  )
  const [, rows, size, , columns] = written ?? []
  return {
    rows: Number(rows),
    sizeBytes: Number(size),
    columnSizes: columnSizes(fields, columns),
    splitOffsets: await splitOffsets(connection, path),
  }
}

/** From RETURN_STATS: a map from the quoted column name to a map of texts. */
function columnSizes(
  fields: Copying['fields'],
  columns: Value | undefined,
): ReadonlyMap<number, number> {
  const sizes = new Map<number, number>()
  for (const field of fields) {
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
