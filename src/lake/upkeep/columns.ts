import type { Table } from '../../market/tables.ts'
import { currentSchema } from '../iceberg/schema.ts'
import type { Metadata } from '../iceberg/metadata-document.ts'
import type { RewriteColumn } from './rewriter.ts'

// Iceberg's primitive types and DuckDB's for them; the column of another engine is written again as it was.
const TYPES: Readonly<Record<string, string>> = {
  boolean: 'BOOLEAN',
  int: 'INTEGER',
  long: 'BIGINT',
  float: 'FLOAT',
  double: 'DOUBLE',
  date: 'DATE',
  time: 'TIME',
  timestamp: 'TIMESTAMP',
  timestamptz: 'TIMESTAMP WITH TIME ZONE',
  string: 'VARCHAR',
  uuid: 'UUID',
  binary: 'BLOB',
}
const DECIMAL = /^decimal\(\s*(\d+)\s*,\s*(\d+)\s*\)$/
/** Of these, bounds can be made. */
const BOUNDED = ['INTEGER', 'BIGINT', 'DOUBLE', 'TIMESTAMP', 'VARCHAR']

/** The table's columns as they are now, those of other engines too; or the one that cannot be written again. */
export function columnsOf(
  metadata: Metadata,
  table: Table,
): { readonly columns: readonly RewriteColumn[] } | { readonly unknown: string } {
  const bounded = new Set(table.fields.filter(({ bounds }) => bounds).map(({ id }) => id))
  const columns: RewriteColumn[] = []
  for (const { id, name, type: iceberg } of currentSchema(metadata).fields) {
    const type = typeof iceberg === 'string' ? duckdbType(iceberg) : undefined
    if (type === undefined) return { unknown: `${name} (${JSON.stringify(iceberg)})` }
    columns.push({ id, name, type, bounds: bounded.has(id) && BOUNDED.includes(type) })
  }
  return { columns }
}

function duckdbType(iceberg: string): string | undefined {
  const decimal = DECIMAL.exec(iceberg)
  return decimal === null ? TYPES[iceberg] : `DECIMAL(${decimal[1]}, ${decimal[2]})`
}
