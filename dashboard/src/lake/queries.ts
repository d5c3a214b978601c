import type { FileAnswer, SnapshotsAnswer } from '../../../src/serve/contract/lake.ts'
import { NO_DAY, type TableName } from './place.ts'

const DAY_MS = 86_400_000
/** More than this nobody reads; the editor changes it. */
const ROWS = 1000
/** The time that days are made of. */
const TIME = { records: 'ts', feed_log: 'occurred_at' } as const satisfies Record<TableName, string>

export type Snapshot = SnapshotsAnswer['snapshots'][number]
type File = Pick<FileAnswer, 'from' | 'to' | 'first_symbol' | 'last_symbol'>

/** A day's symbols (of records), or its rows. */
export function dayQuery(table: TableName, day: string): string {
  const where = dayCondition(table, day)
  if (table === 'feed_log')
    return `SELECT * FROM feed_log\nWHERE ${where}\nORDER BY occurred_at DESC\nLIMIT ${ROWS}`
  if (day === NO_DAY)
    return `SELECT * FROM records\nWHERE ${where}\nORDER BY received_at DESC\nLIMIT ${ROWS}`
  return [
    'SELECT symbol, count(*) AS trades, min(ts) AS first, max(ts) AS last,',
    '  min(price) AS low, max(price) AS high, sum(volume) AS volume',
    'FROM records',
    `WHERE ${where}`,
    'GROUP BY symbol',
    'ORDER BY trades DESC',
  ].join('\n')
}

function dayCondition(table: TableName, day: string): string {
  const time = TIME[table]
  const startMs = Date.parse(`${day}T00:00:00Z`)
  if (day === NO_DAY || Number.isNaN(startMs)) return `${time} IS NULL`
  return `${time} >= ${timeLiteral(startMs)} AND ${time} < ${timeLiteral(startMs + DAY_MS)}`
}

/** The rows within the bounds of a file: its own, and those of others between them. */
export function fileQuery(table: TableName, day: string, file: File): string {
  const time = TIME[table]
  const [fromMs, toMs] = [file.from, file.to].map((at) => (at === null ? null : Date.parse(at)))
  const stretch =
    typeof fromMs === 'number' && typeof toMs === 'number'
      ? [`${time} >= ${timeLiteral(fromMs)}`, `${time} <= ${timeLiteral(toMs)}`]
      : [dayCondition(table, day)]
  const { first_symbol: first, last_symbol: last } = file
  const symbols =
    first === null || last === null
      ? []
      : [
          first === last
            ? `symbol = ${text(first)}`
            : `symbol BETWEEN ${text(first)} AND ${text(last)}`,
        ]
  const where = [...stretch, ...symbols].join('\n  AND ')
  return `SELECT * FROM ${table}\nWHERE ${where}\nLIMIT ${ROWS}`
}

/** The rows that came with a snapshot, by their places on the tape; null: none did, or it is not known. */
export function snapshotQuery(table: TableName, { landed }: Snapshot): string | null {
  if (landed.length === 0) return null
  const stretches = landed.map(
    (one) =>
      `tape = ${text(one.tape)} AND tape_partition = ${one.tape_partition}` +
      ` AND tape_offset >= ${one.first_offset} AND tape_offset < ${one.next_offset}`,
  )
  const where =
    stretches.length === 1 ? stretches[0] : stretches.map((one) => `(${one})`).join('\n  OR ')
  return `SELECT * FROM ${table}\nWHERE ${where}\nLIMIT ${ROWS}`
}

const text = (value: string): string => `'${value.replaceAll("'", "''")}'`

/** Columns of time have no zone and are UTC. */
const timeLiteral = (ms: number): string =>
  `TIMESTAMP '${new Date(ms)
    .toISOString()
    .replace('T', ' ')
    .replace(/(\.000)?Z$/, '')}'`
