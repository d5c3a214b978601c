import { isoOf } from '../../market/times.ts'
import { isBefore, type Place } from '../../market/candles.ts'
import { meaning } from '../../market/conditions.ts'
import { listedSession, listingOf, tradeDay, type Listing } from '../../market/sessions.ts'
import { END_OF_ELIGIBILITY_MS, newYorkTimeOfDayMs } from '../../market/calendar.ts'
import type { Trades } from '../../market/trades.ts'
import type { SymbolRow } from '../contract/market.ts'
import { offsetOf } from './topic.ts'

const MINUTE_MS = 60_000
const SPARK_MINUTES = 60
/** Trades a second are averaged over so many whole seconds; the ring has some to spare. */
const RATE_SECONDS = 5
const RING = 8

/** The close of a session as bars have it: the last trade that counts, else the last that may where none does. */
type Close = { counted: Place | null; conditional: Place | null }

/** A line of the watch list as it is kept. */
export type Line = {
  readonly symbol: string
  readonly listing: Listing
  /** The trading day of the newest trade, days since 1970-01-01; what counts for it. */
  day: number
  volume: number
  trades: number
  /** Of the session that has the day's close: regular, or the continuous one. */
  close: Close
  /** The newest day before that has a close. */
  previous: { readonly day: number; readonly close: Close }
  last: Place | null
  /** Closes of the last minutes that had a trade that sets one, oldest first. */
  readonly spark: { readonly minute: number; place: Place }[]
  readonly counts: Uint32Array
  readonly seconds: Float64Array
  /** The rate that was shown last. */
  rate: number
  /** When what is shown of it changed last, by the count of changes. */
  changed: number
}

export const emptyLine = (symbol: string): Line => ({
  symbol,
  listing: listingOf(symbol),
  day: Number.NEGATIVE_INFINITY,
  volume: 0,
  trades: 0,
  close: noClose(),
  previous: { day: Number.NEGATIVE_INFINITY, close: noClose() },
  last: null,
  spark: [],
  counts: new Uint32Array(RING),
  seconds: new Float64Array(RING).fill(-1),
  rate: 0,
  changed: 0,
})

/** What some trades of one symbol and trading day add up to. */
export type DaySum = {
  readonly day: number
  readonly volume: number
  readonly trades: number
  readonly last: Place | null
  readonly close: Close
}

/** Adds trades that the line has not seen, whatever their order. */
export function addDay(line: Line, { day, volume, trades, last, close }: DaySum): void {
  if (later(last, line.last)) line.last = last
  if (day > line.day) {
    addPrevious(line, line.day, line.close)
    Object.assign(line, { day, volume: 0, trades: 0, close: noClose() })
  }
  if (day < line.day) return addPrevious(line, day, close)
  line.volume += volume
  line.trades += trades
  widen(line.close, close)
}

function addPrevious(line: Line, day: number, close: Close): void {
  if (day === line.previous.day) widen(line.previous.close, close)
  else if (day > line.previous.day && priceOf(close) !== null) line.previous = { day, close }
}

function widen(close: Close, { counted, conditional }: Close): void {
  if (later(counted, close.counted)) close.counted = counted
  if (later(conditional, close.conditional)) close.conditional = conditional
}

const noClose = (): Close => ({ counted: null, conditional: null })

const priceOf = ({ counted, conditional }: Close): number | null =>
  (counted ?? conditional)?.price ?? null

/** The close of the last day before today that had one; null: none is known. */
export const previousClose = ({ previous }: Line): number | null => priceOf(previous.close)

const later = (place: Place | null, than: Place | null): boolean =>
  place !== null && (than === null || isBefore(than, place))

/** Adds one trade by the rules of market/conditions.ts. */
export function addTrade(line: Line, trades: Trades, row: number): void {
  const conditions = trades.conditionSets[trades.conditions[row] ?? 0] ?? null
  const timeMs = trades.timeMs[row] ?? 0
  const price = trades.price[row] ?? 0
  const session = listedSession(line.listing, timeMs, conditions)
  const extended = session === 'pre' || session === 'post'
  const may = meaning(conditions)[extended ? 'extended' : 'regular']
  const offset = offsetOf(trades, row)
  const place = { timeMs, partition: trades.run.partition, offset, price }
  const last = may.last ? place : null
  const inTime = !may.untilEndOfEligibility || newYorkTimeOfDayMs(timeMs) < END_OF_ELIGIBILITY_MS
  addDay(line, {
    day: tradeDay(line.listing, timeMs),
    volume: may.volume ? (trades.volume[row] ?? 0) : 0,
    trades: may.volume ? 1 : 0,
    last,
    close: {
      counted: extended ? null : last,
      conditional: !extended && may.lastConditional && inTime ? place : null,
    },
  })
  if (last !== null) addToSpark(line, last)
}

/** A minute that is older than those kept is passed over. */
export function addToSpark({ spark }: Line, place: Place): void {
  const minute = Math.floor(place.timeMs / MINUTE_MS)
  let at = spark.length
  while (at > 0 && (spark[at - 1]?.minute ?? 0) > minute) at--
  const same = spark[at - 1]
  if (same?.minute === minute) {
    if (isBefore(same.place, place)) same.place = place
  } else if (at > 0 || spark.length < SPARK_MINUTES) spark.splice(at, 0, { minute, place })
  if (spark.length > SPARK_MINUTES) spark.shift()
}

/** A trade came at this moment, ms. */
export function countArrival({ counts, seconds }: Line, receivedMs: number): void {
  const second = Math.floor(receivedMs / 1000)
  const at = second % RING
  if ((seconds[at] ?? 0) > second) return
  if (seconds[at] !== second) counts[at] = 0
  seconds[at] = second
  counts[at] = (counts[at] ?? 0) + 1
}

/** Of the last whole seconds before now. */
export function rateOf({ counts, seconds }: Line, nowMs: number): number {
  const now = Math.floor(nowMs / 1000)
  let sum = 0
  for (let second = now - RATE_SECONDS; second < now; second++) {
    const at = second % RING
    if (seconds[at] === second) sum += counts[at] ?? 0
  }
  return sum / RATE_SECONDS
}

/** Nothing came of late, not in this second either. */
export const isQuiet = ({ seconds }: Line, nowMs: number): boolean =>
  seconds.every((second) => second < Math.floor(nowMs / 1000) - RATE_SECONDS)

/** The line as it is shown. */
export function rowOf(line: Line, nowMs: number): SymbolRow {
  const { symbol, listing, last, volume, trades, spark } = line
  const before = previousClose(line)
  const change = last === null || before === null ? null : rounded(last.price - before)
  return {
    symbol,
    listing,
    last: last?.price ?? null,
    last_at: last === null ? null : isoOf(last.timeMs),
    previous_close: before,
    change,
    change_percent:
      change === null || before === null || before === 0 ? null : rounded((change / before) * 100),
    volume: rounded(volume),
    trades,
    trades_per_second: rateOf(line, nowMs),
    spark: spark.map(({ place }) => place.price),
  }
}

/** Without the last digits that a difference of two numbers gets. */
const rounded = (value: number): number => Number(value.toPrecision(12))
