import { DAY_MS } from '../../market/calendar.ts'
import { sqlTime } from '../../query/literals.ts'
import type { AsOf, Query, Value } from '../../query/query.ts'
import { numberOf, rowsOf, type Bounds } from '../../query/rows.ts'
import { placeOf } from './bar-seed.ts'
import type { DaySum } from './line.ts'
import { seenOf, type Seen } from './seen.ts'
import type { Place } from '../../market/candles.ts'

/** Sparks reach back so far before the newest trade, ms. */
const SPARK_MS = 3 * 3_600_000
/** Lines that are kept: a feed may send names without end. */
export const SYMBOLS_MAX = 5000

/** Trades of [fromMs, toMs), ms since 1970 UTC; null: no end. */
export type Stretch = { readonly fromMs: number; readonly toMs: number | null }

export type WatchSeed = {
  readonly asOf: AsOf
  readonly days: readonly { readonly symbol: string; readonly sum: DaySum }[]
  readonly minutes: readonly { readonly symbol: string; readonly place: Place }[]
  readonly seen: Seen
}

/** What the trades of a stretch add up to, in one statement; minutes only of the hours before `newestMs`. */
export async function watchSeed(
  query: Query,
  asked: Stretch & { readonly newestMs: number | null },
  bounds: Bounds,
): Promise<WatchSeed> {
  const { asOf, rows } = await rowsOf(query, statement(asked), bounds)
  const of = (kind: string) => rows.filter(([found]) => found === kind)
  return {
    asOf,
    days: of('day').map((row) => ({ symbol: text(row[1]), sum: daySum(row) })),
    minutes: of('minute').flatMap(([, symbol, , , , , , last]) => {
      const place = placeOf(last)
      return place === null ? [] : [{ symbol: text(symbol), place }]
    }),
    seen: seenOf(of('tape').map((row) => [row[2] ?? null, row[3] ?? null, row[4] ?? null])),
  }
}

const text = (value: Value | undefined): string => (typeof value === 'string' ? value : '')

function daySum(row: readonly Value[]): DaySum {
  const [, , , , , day, volume, last, counted, conditional, trades] = row
  return {
    day: Number(day) / DAY_MS,
    volume: numberOf(volume) ?? 0,
    trades: Number(trades),
    last: placeOf(last),
    close: { counted: placeOf(counted), conditional: placeOf(conditional) },
  }
}

const PLACE = `struct_pack(ms := epoch_ms(ts), p := tape_partition, o := tape_offset, price := price)`
const last = (counts: string) =>
  `arg_max(${PLACE}, (ts, tape_partition, tape_offset)) FILTER (WHERE ${counts})`
const MAIN = `session IN ('regular', 'continuous')`

function statement({ fromMs, toMs, newestMs }: Stretch & { readonly newestMs: number | null }) {
  const within = (from: number) =>
    [`ts >= ${sqlTime(from)}`, ...(toMs === null ? [] : [`ts < ${sqlTime(toMs)}`])].join(' AND ')
  const minutes =
    newestMs === null
      ? ''
      : `
UNION ALL
SELECT 'minute', symbol, NULL, NULL, NULL, NULL, NULL, ${last('counts_last')}, NULL, NULL, NULL
FROM trades WHERE ${within(Math.max(fromMs, newestMs - SPARK_MS))}
GROUP BY symbol, epoch_ms(ts) // 60000`
  return `
SELECT CASE WHEN symbol IS NULL THEN 'tape' ELSE 'day' END, symbol, tape, tape_partition,
  max(tape_offset), epoch_ms(CAST(trade_date AS TIMESTAMP)), sum(volume) FILTER (WHERE counts_volume),
  ${last('counts_last')}, ${last(`counts_last AND ${MAIN}`)},
  ${last(`counts_last_conditional AND ${MAIN}`)}, count(*) FILTER (WHERE counts_volume)
FROM trades WHERE ${within(fromMs)}
GROUP BY GROUPING SETS ((symbol, trade_date), (tape, tape_partition))${minutes}`
}
