import { Fault } from '../flow/fault.ts'
import type { Session } from '../market/sessions.ts'
import { isoOf, showTime } from '../market/times.ts'
import { isAnyBefore, newestIn } from './latest-trades.ts'
import { sqlText, sqlTime } from './literals.ts'
import { lookBack, type Found, type Window } from './look-back.ts'
import type { AsOf, Query, Value } from './query.ts'
import { numberOf, rowsOf, sessionOf, shared, type Bounds } from './rows.ts'

const DAY_MS = 86_400_000
const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000 } as const
/** The first look back is never shorter: a statement costs more than an hour of one symbol. */
const LOOK_BACK_MS_MIN = 3_600_000

const SESSIONS_OF = {
  regular: ['regular', 'continuous'],
  extended: ['pre', 'post'],
  all: ['pre', 'regular', 'post', 'continuous'],
} as const
export type SessionChoice = keyof typeof SESSIONS_OF

export type CandlesAsked = {
  readonly symbol: string
  /** `30s`, `5m`, `4h` or `1d`, as `widthMs` takes it. */
  readonly width: string
  readonly session: SessionChoice
  /** Of a bar's start, ms since 1970 UTC; null: no bound. Of days: the dates on which they fall in `zone`. */
  readonly fromMs: number | null
  readonly toMs: number | null
  readonly zone: string
  /** The last so many bars; null: all. */
  readonly limit: number | null
  /** Only bars with prices. */
  readonly isPriced?: boolean
}

/** A bar of one session; its prices are null where no trade of it may set them. */
export type Candle = {
  /** Its start, ms since 1970 UTC; of a day its date at midnight UTC. */
  readonly fromMs: number
  readonly session: Session
  readonly open: number | null
  readonly high: number | null
  readonly low: number | null
  readonly close: number | null
  readonly volume: number
  readonly trades: number
  readonly vwap: number | null
}

/** Oldest first. */
export type Candles = { readonly asOf: AsOf; readonly bars: readonly Candle[] }

/** A width in ms, a day's being 24 hours; null: no width of a bar. */
export function widthMs(width: string): number | null {
  if (width === '1d') return DAY_MS
  const [, count, unit] = /^([1-9]\d{0,5})([smh])$/.exec(width) ?? []
  return unit === 's' || unit === 'm' || unit === 'h' ? Number(count) * UNIT_MS[unit] : null
}

/**
 * Bars of one symbol, by the macro `bars`; what command line, page and /udf show. The last `limit` of a long lake
 * are found by looking back from `toMs`. Faults: `invalid` where the width is none, or the symbol has a NUL.
 */
export async function candlesOf(
  query: Query,
  asked: CandlesAsked,
  bounds: Bounds,
): Promise<Candles> {
  const { symbol, width, limit, zone } = asked
  const length = widthMs(width)
  if (length === null || symbol.includes('\0'))
    throw new Fault('invalid', `no bars of ${length === null ? width : 'this symbol'}`, {
      remedy: 'A width is 30s, 1m, 5m, 1h or 1d; a symbol is what the feed calls it.',
    })
  // A day's bucket is its date, not a moment: it is compared as the date that the times fall on.
  const bucket = (ms: number | null) => (ms === null || width !== '1d' ? ms : dateOf(ms, zone))
  const window = { fromMs: bucket(asked.fromMs), toMs: bucket(asked.toMs) }
  const each = shared(bounds)
  const ask = async (within: Window, count: number | null): Promise<Found<Candle>> => {
    const { asOf, rows } = await rowsOf(query, statement(asked, within, count), each())
    return { asOf, found: rows.map(candle) }
  }
  if (limit === null) {
    const { asOf, found } = await ask(window, null)
    return { asOf, bars: found.toReversed() }
  }
  const firstMs = Math.max(LOOK_BACK_MS_MIN, limit * length)
  const of = { query, where: [`symbol = ${sqlText(symbol)}`], each }
  // A bar that begins before a moment may have all of its trades after it, and a day's date begins elsewhere.
  const after = 2 * length
  const looking = {
    ...window,
    count: limit,
    firstMs,
    nowMs: Date.now(),
    isAnyBefore: (ms: number) => isAnyBefore(of, ms + after),
    newestIn: async ({ fromMs, toMs }: Window) => {
      const until = toMs === null ? null : toMs + after
      const ms = await newestIn(of, { fromMs, toMs: until })
      return ms === null ? null : ms + after
    },
  }
  const { asOf, found } = await lookBack(looking, ask)
  return { asOf, bars: found.toReversed() }
}

function statement(
  { symbol, width, session, isPriced = false }: CandlesAsked,
  { fromMs, toMs }: Window,
  count: number | null,
): string {
  const called = [
    sqlText(width),
    ...(fromMs === null ? [] : [`from_ts := ${sqlTime(fromMs)}`]),
    ...(toMs === null ? [] : [`to_ts := ${sqlTime(toMs)}`]),
  ]
  const where = [
    `symbol = ${sqlText(symbol)}`,
    `session IN (${SESSIONS_OF[session].map(sqlText).join(', ')})`,
    ...(isPriced ? ['open IS NOT NULL', 'high IS NOT NULL'] : []),
  ]
  return `SELECT epoch_ms(bucket), session, open, high, low, close, volume, trades, vwap
FROM bars(${called.join(', ')}) WHERE ${where.join(' AND ')} ORDER BY bucket DESC, session
${count === null ? '' : `LIMIT ${count}`}`
}

const candle = (row: readonly Value[]): Candle => {
  const [fromMs, session, open, high, low, close, volume, trades, vwap] = row
  return {
    fromMs: Number(fromMs),
    session: sessionOf(session),
    open: numberOf(open),
    high: numberOf(high),
    low: numberOf(low),
    close: numberOf(close),
    volume: Number(volume),
    trades: Number(trades),
    vwap: numberOf(vwap),
  }
}

/** A bar as JSON says it, its fields in this order: one line of `candles --json`, one bar of the page. */
export const candleObject = (symbol: string, { fromMs, ...bar }: Candle) => ({
  symbol,
  bucket: isoOf(fromMs),
  ...bar,
})

/** Midnight UTC of the date that a moment has in `zone`. */
const dateOf = (ms: number, zone: string): number =>
  Date.parse(`${showTime(ms, zone).slice(0, 10)}T00:00:00Z`)
