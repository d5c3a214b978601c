import {
  CLOSE_GRACE_MS,
  DAY_MS,
  dayOf,
  END_OF_ELIGIBILITY_MS,
  newYorkSummer,
  specialDaysOf,
} from '../market/calendar.ts'
import {
  CONDITIONS,
  EXTENDED_HOURS_CODES,
  ODD_LOT_CODE,
  SWEEP_CODE,
  type Rule,
} from '../market/conditions.ts'
import { FOREIGN_SUFFIXES, type ListingOverrides } from '../market/sessions.ts'
import { gapsQuery } from './gaps-view.ts'

/** Years of the relation `us_calendar`: a tape holds no trade before the first. */
const CALENDAR_YEARS = { first: 2000, last: 2049 }

export type ViewOptions = ListingOverrides & {
  /** The moment at which an open gap ends, ms since 1970 UTC; 'now' asks the engine's clock in each query. */
  readonly nowMs?: number | 'now'
}

/**
 * DuckDB statements, to be run in order on a connection whose TimeZone is UTC and that has the relations
 * `records` and `feed_log` (columns of market/tables.ts). They make the table `us_calendar`, the views
 * `trades`, `dead_letters`, `bars_1m`, `bars_1d`, `gaps` and the table macro
 * `bars(width, from_ts := NULL, to_ts := NULL)`. Each replaces what has its name, so they may be run again.
 */
export function viewStatements(options: ViewOptions = {}): readonly string[] {
  const { nowMs = 'now' } = options
  const now = nowMs === 'now' ? 'epoch_ms(now())' : `CAST(${nowMs} AS BIGINT)`
  const minute = "date_trunc('minute', ts)"
  return [
    `CREATE OR REPLACE TABLE us_calendar AS ${calendarQuery()}`,
    `CREATE OR REPLACE VIEW trades AS ${tradesQuery(options)}`,
    `CREATE OR REPLACE VIEW dead_letters AS
SELECT defect, raw, received_at, source, tape, tape_partition, tape_offset
FROM records WHERE defect IS NOT NULL`,
    `CREATE OR REPLACE VIEW bars_1m AS ${barsQuery(minute)}`,
    `CREATE OR REPLACE VIEW bars_1d AS ${barsQuery('trade_date')}`,
    `CREATE OR REPLACE MACRO bars(width, from_ts := NULL, to_ts := NULL) AS TABLE ${barsOfWidth()}`,
    `CREATE OR REPLACE VIEW gaps AS ${gapsQuery(now)}`,
  ]
}

const text = (value: string): string => `'${value.replaceAll("'", "''")}'`
const date = (day: number): string => `DATE '${new Date(day * DAY_MS).toISOString().slice(0, 10)}'`
const millis = (ms: number): string => `INTERVAL '${ms / 1000}' SECOND`

/** A whole-text match: the one regular expression that DuckDB evaluates once for each word of a dictionary column. */
const matches = (column: string, pattern: string): string =>
  `regexp_full_match(${column}, ${text(pattern)})`

/** One row a day of New York: its midnight, its hours, and whether the exchange has a session. */
function calendarQuery(): string {
  const years = Array.from(
    { length: CALENDAR_YEARS.last - CALENDAR_YEARS.first + 1 },
    (_, i) => CALENDAR_YEARS.first + i,
  )
  const summers = years.map((year) => {
    const { startMs, endMs } = newYorkSummer(year)
    return `(${year}, ${date(Math.floor(startMs / DAY_MS))}, ${date(Math.floor(endMs / DAY_MS))})`
  })
  const special = years
    .flatMap((year) => [...specialDaysOf(year)])
    .map(([day, kind]) => `(${date(day)}, ${text(kind)})`)
  const first = dayOf(CALENDAR_YEARS.first, 1, 1)
  const days = dayOf(CALENDAR_YEARS.last + 1, 1, 1) - first
  // The clock changes at 02:00 on a Sunday, so midnight and the hours differ by an hour on those two days.
  return `
WITH day AS (
  SELECT CAST(${date(first)} + CAST(i AS INTEGER) AS DATE) AS day FROM range(${days}) AS r(i)
), placed AS (
  SELECT d.day, s.kind,
    CAST(d.day AS TIMESTAMP)
      + CASE WHEN d.day > y.first AND d.day <= y.last THEN INTERVAL '4' HOUR ELSE INTERVAL '5' HOUR END
      AS midnight_ts,
    CAST(d.day AS TIMESTAMP)
      + CASE WHEN d.day >= y.first AND d.day < y.last THEN INTERVAL '4' HOUR ELSE INTERVAL '5' HOUR END
      AS hours_ts
  FROM day d
  JOIN (VALUES ${summers.join(', ')}) AS y(year, first, last) ON y.year = year(d.day)
  LEFT JOIN (VALUES ${special.join(', ')}) AS s(day, kind) ON s.day = d.day
), closing AS (
  SELECT *, hours_ts + CASE WHEN kind = 'early' THEN INTERVAL '13' HOUR ELSE INTERVAL '16' HOUR END
    AS close_ts
  FROM placed
)
SELECT day, isodow(day) < 6 AND kind IS DISTINCT FROM 'closed' AS is_open, midnight_ts,
  hours_ts + INTERVAL '570' MINUTE AS open_ts, close_ts,
  close_ts + ${millis(CLOSE_GRACE_MS)} AS regular_until_ts,
  hours_ts + ${millis(END_OF_ELIGIBILITY_MS)} AS last_eligible_until_ts
FROM closing`
}

/** Sets of codes that all pass `allows`; 24 and 25 are judged by the session, not here. Empty passes. */
function allOf(allows: (rule: Rule) => boolean): string {
  const codes = CONDITIONS.filter(
    ({ code, rule }) => EXTENDED_HOURS_CODES.includes(code) || allows(rule),
  )
  const one = `(?:${codes.map(({ code }) => code).join('|')})`
  return `(?:${one}(?:,${one})*)?`
}

/** Sets with at least one of these codes, whatever else is in them. */
const anyOf = (codes: readonly string[]): string => `(?s)(?:.*,)?(?:${codes.join('|')})(?:,.*)?`

const CONTINUOUS = `(?s).*:.*|.*\\.(?:${FOREIGN_SUFFIXES.join('|')})`
const WITHOUT_VOLUME = CONDITIONS.filter(({ rule }) => !rule.volume).map(({ code }) => code)
const UNTIL_END_OF_ELIGIBILITY = CONDITIONS.filter(
  ({ rule }) => rule.last === 'only until 16:00:10',
).map(({ code }) => code)

function continuousExpression({ us = [], continuous = [] }: ListingOverrides): string {
  const among = (symbols: readonly string[]) => `symbol IN (${symbols.map(text).join(', ')})`
  const formed = matches('symbol', CONTINUOUS)
  const except = us.length === 0 ? formed : `(${formed} AND NOT ${among(us)})`
  return continuous.length === 0 ? except : `(${except} OR ${among(continuous)})`
}

function tradesQuery(listing: ListingOverrides): string {
  const flag = (codes: readonly string[]) =>
    `coalesce(${matches('conditions', anyOf(codes))}, false)`
  const all = (allows: (rule: Rule) => boolean) =>
    `coalesce(${matches('conditions', allOf(allows))}, true)`
  return `
SELECT symbol, ts, price, volume, conditions, received_at, source,
  session, trade_date, extended_hours, odd_lot, sweep,
  counts_volume, prices_count AND all_high_low AS counts_high_low,
  prices_count AND all_last AS counts_last,
  prices_count AND all_last_or_only AND NOT all_last AND (in_time OR NOT needs_time)
    AS counts_last_conditional,
  tape, tape_partition, tape_offset
FROM (
  SELECT *, session IN ('pre', 'post') OR NOT extended_hours AS prices_count
  FROM (
    SELECT *,
      CASE WHEN is_continuous THEN 'continuous'
        WHEN ts < midnight_ts THEN 'post'
        WHEN is_open AND ts >= open_ts AND ts < regular_until_ts AND NOT extended_hours THEN 'regular'
        WHEN ts < close_ts THEN 'pre' ELSE 'post' END AS session,
      CASE WHEN ts < midnight_ts AND NOT is_continuous
        THEN CAST(utc_date - 1 AS DATE) ELSE utc_date END AS trade_date,
      ts >= midnight_ts AND ts < last_eligible_until_ts AS in_time
    FROM (
      SELECT r.*, c.is_open, c.midnight_ts, c.open_ts, c.close_ts, c.regular_until_ts,
        c.last_eligible_until_ts, CAST(r.ts AS DATE) AS utc_date,
        ${continuousExpression(listing)} AS is_continuous,
        ${flag(EXTENDED_HOURS_CODES)} AS extended_hours,
        ${flag([ODD_LOT_CODE])} AS odd_lot,
        ${flag([SWEEP_CODE])} AS sweep,
        NOT ${flag(WITHOUT_VOLUME)} AS counts_volume,
        ${all((rule) => rule.highLow)} AS all_high_low,
        ${all((rule) => rule.last === 'yes')} AS all_last,
        ${all((rule) => rule.last !== 'no')} AS all_last_or_only,
        ${flag(UNTIL_END_OF_ELIGIBILITY)} AS needs_time
      FROM records AS r LEFT JOIN us_calendar AS c ON c.day = CAST(r.ts AS DATE)
      WHERE r.defect IS NULL AND NOT r.redelivered
    ) AS classified
  ) AS placed
) AS judged`
}

/** Of the macro's argument: '30s', '5m', '4h', or '1d', the trading day. */
const WIDTH = `to_seconds(CASE WHEN width = '1d' THEN 86400
    WHEN regexp_full_match(width, '[1-9][0-9]{0,8}[smh]') THEN CAST(left(width, -1) AS BIGINT)
      * CASE right(width, 1) WHEN 's' THEN 1 WHEN 'm' THEN 60 ELSE 3600 END
    ELSE CAST(error('bars: the width is a number and s, m or h, as in ''5m'', or ''1d''') AS BIGINT)
  END)`

const BUCKET_OF_WIDTH = `CASE WHEN width = '1d' THEN CAST(trade_date AS TIMESTAMP)
    ELSE time_bucket(${WIDTH}, ts, TIMESTAMP '1970-01-01 00:00:00') END`

/**
 * Bars whose bucket begins in [from_ts, to_ts), null being no bound. The bounds on ts say nothing that those on
 * the bucket do not (a trading day lies within 29 hours of its date in UTC), but readers prune files by them.
 */
const barsOfWidth = (): string => `
SELECT * FROM (${barsQuery(
  BUCKET_OF_WIDTH,
  `WHERE (from_ts IS NULL OR ts >= CAST(from_ts AS TIMESTAMP))
  AND (to_ts IS NULL OR ts < CAST(to_ts AS TIMESTAMP) + ${WIDTH} + INTERVAL '5' HOUR)`,
)}) AS bar
WHERE (from_ts IS NULL OR bucket >= CAST(from_ts AS TIMESTAMP))
  AND (to_ts IS NULL OR bucket < CAST(to_ts AS TIMESTAMP))`

/** First and last are by (ts, tape_partition, tape_offset): most real trades share their millisecond. */
function barsQuery(bucket: string, where = ''): string {
  const place = '(ts, tape_partition, tape_offset)'
  const price = (pick: 'arg_min' | 'arg_max') =>
    `coalesce(${pick}(price, ${place}) FILTER (WHERE counts_last),
      ${pick}(price, ${place}) FILTER (WHERE counts_last_conditional))`
  return `
SELECT symbol, session, bucket,
  ${price('arg_min')} AS open,
  max(price) FILTER (WHERE counts_high_low) AS high,
  min(price) FILTER (WHERE counts_high_low) AS low,
  ${price('arg_max')} AS close,
  coalesce(sum(volume) FILTER (WHERE counts_volume), 0) AS volume,
  count(*) FILTER (WHERE counts_volume) AS trades,
  sum(price * volume) FILTER (WHERE counts_volume)
    / nullif(sum(volume) FILTER (WHERE counts_volume), 0) AS vwap
FROM (SELECT *, ${bucket} AS bucket FROM trades ${where}) AS bucketed
GROUP BY symbol, session, bucket`
}
