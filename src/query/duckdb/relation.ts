import { DUCKDB_TYPES, selectLiving, sqlName, sqlText } from '../../duckdb/duckdb.ts'
import type { Table } from '../../market/tables.ts'
import type { Reading } from './tail.ts'

/**
 * The SELECT that a base view stands for: rows of the snapshot's files by field id (a file written before a
 * column was added gives null), without those struck out, and rows of the tail at or past the snapshot's positions.
 */
export function relationSql(
  table: Table,
  { snapshot, tail }: Pick<Reading, 'snapshot' | 'tail'>,
  pathOf: (location: string) => string,
): string {
  const columns = table.fields.map(({ name }) => sqlName(name)).join(', ')
  const scan = (paths: readonly string[]) => readParquet(table, paths)
  const parts = [...selectLiving({ files: snapshot.files, pathOf, columns, scan })]
  if (tail !== null) {
    const ranges = [...tail.ranges].map(
      ([partition, { first, next }]) =>
        `(tape_partition = ${partition} AND tape_offset >= ${first} AND tape_offset < ${next})`,
    )
    parts.push(`SELECT ${columns} FROM ${tail.table} WHERE ${ranges.join(' OR ')}`)
  }
  return parts.length === 0 ? emptySql(table) : parts.join(' UNION ALL ')
}

/** A relation of the table's columns without a row. */
export function emptySql({ fields }: Table): string {
  const columns = fields.map(({ name, type }) => `NULL::${DUCKDB_TYPES[type]} AS ${sqlName(name)}`)
  return `SELECT ${columns.join(', ')} WHERE false`
}

/** Columns by Iceberg field id, whatever their names were when the file was written. */
function readParquet({ fields }: Table, paths: readonly string[]): string {
  const schema = fields.map(
    ({ id, name, type }) =>
      `${id}: {name: ${sqlText(name)}, type: '${DUCKDB_TYPES[type]}', default_value: NULL}`,
  )
  return `read_parquet([${paths.join(', ')}], schema = MAP {${schema.join(', ')}})`
}
