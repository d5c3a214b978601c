import { DAY_MS, END_OF_ELIGIBILITY_MS, newYorkTimeOfDayMs } from './calendar.ts'
import { meaning } from './conditions.ts'
import { createListing, listedSession, SESSIONS, tradeDay } from './sessions.ts'
import type { Listing, ListingOverrides, Session } from './sessions.ts'
import type { Trades } from './trades.ts'

const WIDTH = /^([1-9][0-9]{0,8})([smh])$/
const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000 } as const

/** A width in ms, or 'day': the trading day, New York's date for US symbols and UTC's for the rest. */
export type BarWidth = number | 'day'

/** '30s', '5m', '4h' or '1d'; null for anything else. */
export function parseBarWidth(text: string): BarWidth | null {
  if (text === '1d') return 'day'
  const [, count, unit] = WIDTH.exec(text) ?? []
  return unit === 's' || unit === 'm' || unit === 'h' ? Number(count) * UNIT_MS[unit] : null
}

/** Prices are null where no trade of the bar may set them; `volume`, `trades` and `vwap` are over those that count for volume. */
export type Bar = {
  readonly symbol: string
  readonly session: Session
  /** Start of the bucket, ms since 1970 UTC; of a day: UTC midnight of its date. */
  readonly startMs: number
  readonly open: number | null
  readonly high: number | null
  readonly low: number | null
  readonly close: number | null
  readonly volume: number
  readonly trades: number
  readonly vwap: number | null
}

export type Candles = {
  /** Trades in any order and from any partition; those with a defect and the redelivered are passed over. */
  add(trades: Trades): void
  /** In order of symbol, start and session. */
  bars(): readonly Bar[]
  /** Forgets bars that start before this, ms since 1970 UTC. */
  forget(beforeMs: number): void
}

/** First and last of one class of trades by (time, partition, offset). */
type Ends = { first: Place; last: Place }
type Place = {
  readonly timeMs: number
  readonly partition: number
  readonly offset: number
  readonly price: number
}
type Building = {
  readonly session: Session
  readonly startMs: number
  eligible: Ends | null
  conditional: Ends | null
  high: number
  low: number
  volume: number
  notional: number
  trades: number
}

/** Folds trades into bars by (symbol, session, bucket), by the rules of market/conditions.ts and sessions.ts. */
export function createCandles(width: BarWidth, listing: ListingOverrides = {}): Candles {
  const listed = createListing(listing)
  const listings = new Map<string, Listing>()
  const building = new Map<string, Map<number, Building>>()

  const listingOf = (symbol: string): Listing => {
    const known = listings.get(symbol)
    if (known !== undefined) return known
    const fresh = listed(symbol)
    listings.set(symbol, fresh)
    return fresh
  }

  const barOf = (symbol: string, session: Session, startMs: number): Building => {
    let ofSymbol = building.get(symbol)
    if (ofSymbol === undefined) building.set(symbol, (ofSymbol = new Map()))
    const key = startMs * SESSIONS.length + SESSIONS.indexOf(session)
    let bar = ofSymbol.get(key)
    if (bar === undefined) ofSymbol.set(key, (bar = emptyBar(session, startMs)))
    return bar
  }

  const addOne = (trades: Trades, i: number): void => {
    const { run } = trades
    const symbol = trades.symbols[trades.symbol[i] ?? 0] ?? ''
    const conditions = trades.conditionSets[trades.conditions[i] ?? 0] ?? null
    const timeMs = trades.timeMs[i] ?? 0
    const price = trades.price[i] ?? 0
    const kind = listingOf(symbol)
    const session = listedSession(kind, timeMs, conditions)
    const start =
      width === 'day' ? tradeDay(kind, timeMs) * DAY_MS : Math.floor(timeMs / width) * width
    const offset = run.first + (run.delta[i] ?? 0)
    update(barOf(symbol, session, start), {
      place: { timeMs, partition: run.partition, offset, price },
      volume: trades.volume[i] ?? 0,
      conditions,
    })
  }

  return {
    add(trades) {
      const { count, redelivered } = trades.run
      for (let i = 0; i < count; i++) {
        if (trades.defect[i] === 0 && redelivered[i] === 0) addOne(trades, i)
      }
    },
    bars: () =>
      [...building]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .flatMap(([symbol, bars]) =>
          [...bars].toSorted(([a], [b]) => a - b).map(([, bar]) => finished(symbol, bar)),
        ),
    forget(beforeMs) {
      for (const [symbol, bars] of building) {
        for (const [key, { startMs }] of bars) if (startMs < beforeMs) bars.delete(key)
        if (bars.size === 0) building.delete(symbol)
      }
    },
  }
}

const emptyBar = (session: Session, startMs: number): Building => ({
  session,
  startMs,
  eligible: null,
  conditional: null,
  high: Number.NEGATIVE_INFINITY,
  low: Number.POSITIVE_INFINITY,
  volume: 0,
  notional: 0,
  trades: 0,
})

type Trade = {
  readonly place: Place
  readonly volume: number
  readonly conditions: string | null
}

function update(bar: Building, { place, volume, conditions }: Trade): void {
  const extended = bar.session === 'pre' || bar.session === 'post'
  const may = meaning(conditions)[extended ? 'extended' : 'regular']
  const { price, timeMs } = place
  if (may.volume) {
    bar.volume += volume
    bar.notional += price * volume
    bar.trades++
  }
  if (may.highLow) {
    bar.high = Math.max(bar.high, price)
    bar.low = Math.min(bar.low, price)
  }
  if (may.last) bar.eligible = widened(bar.eligible, place)
  const inTime = !may.untilEndOfEligibility || newYorkTimeOfDayMs(timeMs) < END_OF_ELIGIBILITY_MS
  if (may.lastConditional && inTime) bar.conditional = widened(bar.conditional, place)
}

function widened(ends: Ends | null, place: Place): Ends {
  if (ends === null) return { first: place, last: place }
  if (before(place, ends.first)) ends.first = place
  else if (before(ends.last, place)) ends.last = place
  return ends
}

/** Most real trades share their millisecond with another, so this order is the definition of first and last. */
const before = (a: Place, b: Place): boolean =>
  a.timeMs < b.timeMs ||
  (a.timeMs === b.timeMs &&
    (a.partition < b.partition || (a.partition === b.partition && a.offset < b.offset)))

function finished(symbol: string, bar: Building): Bar {
  const { session, startMs, eligible, conditional, high, low, volume, notional, trades } = bar
  const ends = eligible ?? conditional
  return {
    symbol,
    session,
    startMs,
    open: ends?.first.price ?? null,
    high: high === Number.NEGATIVE_INFINITY ? null : high,
    low: low === Number.POSITIVE_INFINITY ? null : low,
    close: ends?.last.price ?? null,
    volume,
    trades,
    vwap: volume === 0 ? null : notional / volume,
  }
}
