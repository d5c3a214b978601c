import {
  CONDITIONS,
  EXTENDED_HOURS_CODES,
  ODD_LOT_CODE,
  SWEEP_CODE,
  type Rule,
} from '../market/conditions.ts'
import { FOREIGN_SUFFIXES, type ListingOverrides } from '../market/sessions.ts'
import { textLiteral, type Dialect, type Target } from './dialect.ts'

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

function continuousExpression(
  dialect: Dialect,
  { us = [], continuous = [] }: ListingOverrides,
): string {
  const among = (symbols: readonly string[]) => `symbol IN (${symbols.map(textLiteral).join(', ')})`
  const formed = dialect.fullMatch('symbol', CONTINUOUS)
  const except = us.length === 0 ? formed : `(${formed} AND NOT ${among(us)})`
  return continuous.length === 0 ? except : `(${except} OR ${among(continuous)})`
}

/** Records that are trades, with their session, day and what their conditions let them update. */
export function tradesQuery({ dialect, relation }: Target, listing: ListingOverrides): string {
  const flag = (codes: readonly string[]) =>
    `coalesce(${dialect.fullMatch('conditions', anyOf(codes))}, false)`
  const all = (allows: (rule: Rule) => boolean) =>
    `coalesce(${dialect.fullMatch('conditions', allOf(allows))}, true)`
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
        THEN ${dialect.plusDays('utc_date', '-1')} ELSE utc_date END AS trade_date,
      ts >= midnight_ts AND ts < last_eligible_until_ts AS in_time
    FROM (
      SELECT r.symbol, r.ts, r.price, r.volume, r.conditions, r.received_at, r.source,
        r.tape, r.tape_partition, r.tape_offset, c.is_open, c.midnight_ts, c.open_ts, c.close_ts,
        c.regular_until_ts, c.last_eligible_until_ts, CAST(r.ts AS DATE) AS utc_date,
        ${continuousExpression(dialect, listing)} AS is_continuous,
        ${flag(EXTENDED_HOURS_CODES)} AS extended_hours,
        ${flag([ODD_LOT_CODE])} AS odd_lot,
        ${flag([SWEEP_CODE])} AS sweep,
        NOT ${flag(WITHOUT_VOLUME)} AS counts_volume,
        ${all((rule) => rule.highLow)} AS all_high_low,
        ${all((rule) => rule.last === 'yes')} AS all_last,
        ${all((rule) => rule.last !== 'no')} AS all_last_or_only,
        ${flag(UNTIL_END_OF_ELIGIBILITY)} AS needs_time
      FROM ${relation('records')} AS r
      LEFT JOIN ${relation('us_calendar')} AS c ON c.day = CAST(r.ts AS DATE)
      WHERE r.defect IS NULL AND NOT r.redelivered
    ) AS classified
  ) AS placed
) AS judged`
}
