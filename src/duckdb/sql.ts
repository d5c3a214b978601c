import type { FieldType } from '../market/tables.ts'

/** `'…'`, quotes doubled. A statement ends at a NUL: the caller keeps those out. */
export const sqlText = (text: string): string => `'${text.replaceAll("'", "''")}'`
/** `"…"`, quotes doubled. */
export const sqlName = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** DuckDB's type for a column of the lake. */
export const DUCKDB_TYPES = {
  string: 'VARCHAR',
  timestamp: 'TIMESTAMP',
  double: 'DOUBLE',
  boolean: 'BOOLEAN',
  int: 'INTEGER',
  long: 'BIGINT',
  binary: 'BLOB',
} as const satisfies Record<FieldType, string>
