import { sqlName, sqlText } from '../../duckdb/duckdb.ts'
import type { Table } from '../../market/tables.ts'
import type { RewriteColumn, RewriteInput, Rewriting } from './rewriter.ts'

// Reserved field ids of a file of position deletes (Iceberg v2 specification, "Position Delete Files").
const DELETE_COLUMNS: readonly RewriteColumn[] = [
  { id: 2147483546, name: 'file_path', type: 'VARCHAR', bounds: false },
  { id: 2147483545, name: 'pos', type: 'BIGINT', bounds: false },
]

/** A text as SQL; a statement ends at a NUL, so that one is put in by its number. */
export const textSql = (text: string): string =>
  text.includes('\0') ? `(${text.split('\0').map(sqlText).join(' || chr(0) || ')})` : sqlText(text)

/** Columns of Parquet files by Iceberg field id; one that a file has not got is null. */
export function parquetRelation(
  columns: readonly RewriteColumn[],
  paths: readonly string[],
  options = '',
): string {
  const schema = columns.map(
    ({ id, name, type }) =>
      `${id}: {name: ${textSql(name)}, type: ${sqlText(type)}, default_value: NULL}`,
  )
  const files = paths.map(sqlText).join(', ')
  return `read_parquet([${files}], schema = MAP {${schema.join(', ')}}${options})`
}

export type Source = {
  /** A SELECT of the rows that are not struck out, to which a WHERE may be added. */
  readonly source: string
  /** Whether a row stays. */
  readonly stays: string
}

/** What a rewrite reads. */
export function sourceRelation(table: Table, rewriting: Rewriting): Source {
  const { inputs, columns } = rewriting
  const names = columns.map(({ name }) => sqlName(name)).join(', ')
  const whole = inputs.filter(({ deletes }) => deletes.length === 0)
  const parts = inputs
    .filter(({ deletes }) => deletes.length > 0)
    .map((input) => `SELECT ${names} FROM ${withoutStruck(columns, input)}`)
  if (whole.length > 0)
    parts.push(
      `SELECT ${names} FROM ${parquetRelation(
        columns,
        whole.map(({ path }) => path),
      )}`,
    )
  return {
    source: `SELECT * FROM (${parts.join(' UNION ALL ')}) AS input_rows`,
    stays: staysSql(table, rewriting),
  }
}

/** One file without the rows that position deletes name; they call it by its location. */
function withoutStruck(
  columns: readonly RewriteColumn[],
  { location, path, deletes }: RewriteInput,
): string {
  const file = parquetRelation(columns, [path], ', file_row_number = true')
  const struck = parquetRelation(DELETE_COLUMNS, deletes)
  return `${file} AS f WHERE NOT EXISTS (
    SELECT 1 FROM ${struck} AS d WHERE d.file_path = ${textSql(location)} AND d.pos = f.file_row_number)`
}

/** Names of a table's columns as they are now, however they were renamed. */
export const columnNamed = (
  table: Table,
  columns: readonly RewriteColumn[],
  name: string,
): RewriteColumn | undefined => {
  const id = table.fields.find((field) => field.name === name)?.id
  return columns.find((column) => column.id === id)
}

function staysSql(table: Table, { columns, withoutSymbols, fromMs }: Rewriting): string {
  const of = (name: string) => {
    const column = columnNamed(table, columns, name)
    return column === undefined ? 'NULL' : sqlName(column.name)
  }
  const conditions: string[] = []
  if (withoutSymbols !== undefined && withoutSymbols.length > 0) {
    const words = withoutSymbols.map(textSql).join(', ')
    // Both sides as DuckDB writes bytes in text, its escapes included.
    const spoken = withoutSymbols
      .map(
        (one) =>
          `contains(${of('raw')}::VARCHAR, encode(${textSql(JSON.stringify(one))})::VARCHAR)`,
      )
      .join(' OR ')
    conditions.push(
      `NOT coalesce(${of('symbol')} IN (${words}), false)`,
      `NOT coalesce(${spoken}, false)`,
    )
  }
  if (fromMs !== undefined)
    conditions.push(
      `coalesce(${of(table.dayOf)}, ${of('received_at')}) >= make_timestamp(${BigInt(fromMs) * 1000n})`,
    )
  return conditions.length === 0 ? 'true' : conditions.join(' AND ')
}
