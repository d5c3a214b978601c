import { DAY_MS } from '../../market/calendar.ts'
import type { BarState, BarWidth, Ends, Place } from '../../market/candles.ts'
import { sqlText, sqlTime } from '../../query/literals.ts'
import type { AsOf, Query, Value } from '../../query/query.ts'
import { numberOf, rowsOf, sessionOf, type Bounds } from '../../query/rows.ts'
import { seenOf, type Seen } from './seen.ts'

export type BarsWanted = {
  readonly symbol: string
  readonly width: BarWidth
  /** From the bucket that starts here, ms since 1970 UTC. */
  readonly sinceMs: number
}

/** What the fold of market/candles.ts holds after the trades that an answer has seen. */
export type BarSeed = {
  readonly asOf: AsOf
  readonly states: readonly BarState[]
  readonly seen: Seen
}

/** Asks for it in one statement, so that all of it is of one snapshot. */
export async function barSeed(query: Query, wanted: BarsWanted, bounds: Bounds): Promise<BarSeed> {
  const { asOf, rows } = await rowsOf(query, statement(wanted), bounds)
  const [bars, ends] = [
    rows.filter(([bucket]) => bucket !== null),
    rows.filter(([b]) => b === null),
  ]
  const seen = seenOf(ends.map((row) => [row[2] ?? null, row[3] ?? null, row[4] ?? null]))
  return { asOf, states: bars.map(barState), seen }
}

const PLACE = `struct_pack(ms := epoch_ms(ts), p := tape_partition, o := tape_offset, price := price)`
const ORDER = '(ts, tape_partition, tape_offset)'
const pick = (which: 'min' | 'max', counts: string) =>
  `arg_${which}(${PLACE}, ${ORDER}) FILTER (WHERE ${counts})`

/** The bucket as `bars` has it (query/bars-view.ts), ms since 1970 UTC. */
const bucketSql = (width: BarWidth): string =>
  width === 'day'
    ? `epoch_ms(CAST(trade_date AS TIMESTAMP))`
    : `epoch_ms(ts) - epoch_ms(ts) % ${width}`

const statement = ({ symbol, width, sinceMs }: BarsWanted): string => `
SELECT bucket, session, tape, tape_partition, max(tape_offset),
  ${pick('min', 'counts_last')}, ${pick('max', 'counts_last')},
  ${pick('min', 'counts_last_conditional')}, ${pick('max', 'counts_last_conditional')},
  max(price) FILTER (WHERE counts_high_low), min(price) FILTER (WHERE counts_high_low),
  sum(volume) FILTER (WHERE counts_volume), sum(price * volume) FILTER (WHERE counts_volume),
  count(*) FILTER (WHERE counts_volume)
FROM (SELECT *, ${bucketSql(width)} AS bucket FROM trades
  WHERE symbol = ${sqlText(symbol)} AND ts >= ${sqlTime(sinceMs)}) AS bucketed
WHERE bucket >= ${sinceMs}
GROUP BY GROUPING SETS ((bucket, session), (tape, tape_partition))`

function barState(row: readonly Value[]): BarState {
  const [bucket, session, , , , first, last, firstOther, lastOther, high, low, ...sums] = row
  const [volume, notional, trades] = sums.map((sum) => numberOf(sum) ?? 0)
  return {
    session: sessionOf(session),
    startMs: Number(bucket),
    eligible: endsOf(first, last),
    conditional: endsOf(firstOther, lastOther),
    high: numberOf(high),
    low: numberOf(low),
    volume: volume ?? 0,
    notional: notional ?? 0,
    trades: trades ?? 0,
  }
}

function endsOf(first: Value | undefined, last: Value | undefined): Ends | null {
  const [from, to] = [placeOf(first), placeOf(last)]
  return from === null || to === null ? null : { first: from, last: to }
}

/** A place as PLACE packs it. */
export function placeOf(value: Value | undefined): Place | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  const { ms, p, o, price } = value as Readonly<Record<string, Value>>
  return { timeMs: Number(ms), partition: Number(p), offset: Number(o), price: Number(price) }
}

/** How far before the newest trade a stream begins: late trades come within that, ms. */
const LATE_MS = 120_000

/** The bucket from which the stream tells bars, when the newest trade was at this moment. */
export function sinceOf(width: BarWidth, bucketMs: number, newestMs: number): number {
  if (width === 'day') return bucketMs
  return Math.floor((newestMs - Math.max(width, LATE_MS)) / width) * width
}

/** How long a bucket is, ms. */
export const lengthMs = (width: BarWidth): number => (width === 'day' ? DAY_MS : width)
