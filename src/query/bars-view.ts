import type { Dialect, Target } from './dialect.ts'

/**
 * Bars by a bucket that is an expression over `trades`. First and last are by (ts, tape_partition, tape_offset):
 * most real trades share their millisecond.
 */
export function barsQuery(target: Target, bucket: string, { where = '', day }: Bars = {}): string {
  const { dialect, relation } = target
  const by = ['ts', 'tape_partition', 'tape_offset']
  const price = (pick: Dialect['argMin']) =>
    `coalesce(${pick({ value: 'price', by, where: 'counts_last' })},
      ${pick({ value: 'price', by, where: 'counts_last_conditional' })})`
  return `
SELECT symbol, session, bucket,${day === undefined ? '' : ' utc_date,'}
  ${price(dialect.argMin)} AS open,
  max(price) FILTER (WHERE counts_high_low) AS high,
  min(price) FILTER (WHERE counts_high_low) AS low,
  ${price(dialect.argMax)} AS close,
  coalesce(sum(volume) FILTER (WHERE counts_volume), 0) AS volume,
  count(*) FILTER (WHERE counts_volume) AS trades,
  sum(price * volume) FILTER (WHERE counts_volume)
    / nullif(sum(volume) FILTER (WHERE counts_volume), 0) AS vwap
FROM (SELECT *, ${bucket} AS bucket${day === undefined ? '' : `, ${day} AS utc_date`}
  FROM ${relation('trades')} ${where}) AS bucketed
GROUP BY symbol, session, bucket${day === undefined ? '' : ', utc_date'}`
}

type Bars = {
  readonly where?: string
  /** The day (UTC) of a bucket that lies in one, as a column to filter by. */
  readonly day?: string
}

export const minuteBarsQuery = (target: Target): string => {
  const { computed, day } = target.dialect
  return barsQuery(target, computed("date_trunc('minute', ts)"), day === null ? {} : { day })
}

export const dayBarsQuery = (target: Target): string => barsQuery(target, 'trade_date')

/** Of the macro's argument: '30s', '5m', '4h', or '1d', the trading day. */
const WIDTH = `to_seconds(CASE WHEN width = '1d' THEN 86400
    WHEN regexp_full_match(width, '[1-9][0-9]{0,8}[smh]') THEN CAST(left(width, -1) AS BIGINT)
      * CASE right(width, 1) WHEN 's' THEN 1 WHEN 'm' THEN 60 ELSE 3600 END
    ELSE CAST(error('bars: the width is a number and s, m or h, as in ''5m'', or ''1d''') AS BIGINT)
  END)`

const BUCKET_OF_WIDTH = `CASE WHEN width = '1d' THEN CAST(trade_date AS TIMESTAMP)
    ELSE time_bucket(${WIDTH}, ts, TIMESTAMP '1970-01-01 00:00:00') END`

/**
 * The body of DuckDB's macro `bars`: bars whose bucket begins in [from_ts, to_ts), null being no bound. The bounds
 * on ts say nothing that those on the bucket do not (a trading day lies within 29 hours of its date in UTC), but
 * readers prune files by them.
 */
export const barsOfWidthQuery = (target: Target): string => `
SELECT * FROM (${barsQuery(target, BUCKET_OF_WIDTH, {
  where: `WHERE (from_ts IS NULL OR ts >= CAST(from_ts AS TIMESTAMP))
  AND (to_ts IS NULL OR ts < CAST(to_ts AS TIMESTAMP) + ${WIDTH} + INTERVAL '5' HOUR)`,
})}) AS bar
WHERE (from_ts IS NULL OR bucket >= CAST(from_ts AS TIMESTAMP))
  AND (to_ts IS NULL OR bucket < CAST(to_ts AS TIMESTAMP))`
