/** Text as a SQL literal. A statement ends at a NUL: the caller keeps those out. */
export const sqlText = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** A time, ms since 1970 UTC, as a SQL literal. */
export const sqlTime = (ms: number): string =>
  `TIMESTAMP '${new Date(ms).toISOString().slice(0, 23).replace('T', ' ')}'`

/** The clause of a statement that asks for all of these; of none of them, none. */
export const sqlWhere = (conditions: readonly string[]): string =>
  conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
