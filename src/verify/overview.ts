import { DUCKDB_TYPES, sqlName, sqlText, type Connection } from '../duckdb/duckdb.ts'
import { offset, partition, type LogId } from '../market/records.ts'
import type { Table } from '../market/tables.ts'
import type { Claim } from './claims.ts'
import type { Tell } from './verify.ts'

// Examples fetched of rows that stand for no record; the rest is counted.
const EXAMPLES_MAX = 1000

/** A temporary view `lake` of every row in `paths`; nothing is left out by what manifests say of them. */
export async function createLakeView(
  connection: Connection,
  { fields }: Table,
  paths: readonly string[],
): Promise<void> {
  const columns = fields.map(({ name, type }) =>
    paths.length === 0
      ? `NULL::${DUCKDB_TYPES[type]} AS ${sqlName(name)}`
      : `CAST(${sqlName(name)} AS ${DUCKDB_TYPES[type]}) AS ${sqlName(name)}`,
  )
  const source =
    paths.length === 0
      ? ' WHERE false'
      : ` FROM read_parquet([${paths.map(sqlText).join(', ')}], union_by_name = true)`
  await connection.run(`CREATE TEMP VIEW lake AS SELECT ${columns.join(', ')}${source}`)
}

type Overlooking = {
  readonly table: Table
  readonly log: LogId
  readonly claims: readonly Claim[]
  /** Only a part was asked for: rows outside of it, and of other logs, are not looked at. */
  readonly bounded: boolean
  readonly tell: Tell
}
export type Overview = {
  /** Rows of this log that lie past the lake's position or the tape's end, or have no place. */
  readonly foreign: number
  /** Rows whose records were trimmed, and rows of other logs. */
  readonly unverifiable: number
}

/** One pass over the places of all rows: finds those that no comparison of stretches would meet. */
export async function overview(
  connection: Connection,
  { table, log, claims, bounded, tell }: Overlooking,
): Promise<Overview> {
  const values = claims.map(({ partition, earliest, end, position, from, to }) => {
    const claimed = Math.min(end, position ?? 0)
    return `(${partition}, ${earliest}::BIGINT, ${claimed}::BIGINT, ${from}::BIGINT, ${to}::BIGINT)`
  })
  const none = '(NULL::INTEGER, 0::BIGINT, 0::BIGINT, 0::BIGINT, 0::BIGINT)'
  const ours = `tape IS NOT DISTINCT FROM ${sqlText(log)}`
  const inside = bounded ? 'tape_offset >= f AND tape_offset < t' : 'true'
  // A row that a trimmed record stands for is not foreign; a row without a place always is.
  const foreign = `${ours} AND coalesce(tape_offset >= claimed AND ${inside}, true)`
  const trimmed = `${ours} AND tape_offset < least(earliest, claimed) AND ${inside}`
  const other = bounded ? 'false' : `NOT (${ours})`
  const from = `FROM lake LEFT JOIN (VALUES ${[none, ...values].join(', ')})
    AS claims(p, earliest, claimed, f, t) ON tape_partition = p`
  const [row = []] = await connection.all(
    `SELECT count(*) FILTER (${foreign}), count(*) FILTER ((${trimmed}) OR ${other}) ${from}`,
  )
  const counted = { foreign: Number(row[0] ?? 0), unverifiable: Number(row[1] ?? 0) }
  if (counted.foreign === 0) return counted
  const examples = await connection.all(
    `SELECT tape_partition, tape_offset ${from} WHERE ${foreign} ORDER BY ALL LIMIT ${EXAMPLES_MAX}`,
  )
  for (const [p = null, o = null] of examples)
    tell({
      kind: 'foreign',
      table: table.name,
      partition: p === null ? null : partition(Number(p)),
      offset: o === null ? null : offset(Number(o)),
    })
  return counted
}
