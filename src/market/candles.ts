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
  /** One of them, which must be a trade that was not redelivered. */
  addRow(trades: Trades, row: number): void
  /** Begins bars as another fold of other trades left them; a bar that is there already is replaced. */
  restore(symbol: string, states: readonly BarState[]): void
  /** In order of symbol, start and session. */
  bars(): readonly Bar[]
  /** Those that trades changed since the last call, each once. */
  takeChanged(): readonly Bar[]
  /** Forgets bars that start before this, ms since 1970 UTC. */
  forget(beforeMs: number): void
}

/** A trade's price and its place in the order of trades: (time, partition, offset). */
export type Place = {
  readonly timeMs: number
  readonly partition: number
  readonly offset: number
  readonly price: number
}
/** First and last of one class of trades. */
export type Ends = { readonly first: Place; readonly last: Place }

/** All that a bar is made of: what the fold needs to go on with it. */
export type BarState = {
  readonly session: Session
  readonly startMs: number
  /** Of the trades that count for last; null: there is none. */
  readonly eligible: Ends | null
  /** Of those that count for last only where no other does. */
  readonly conditional: Ends | null
  readonly high: number | null
  readonly low: number | null
  readonly volume: number
  /** The sum of price times volume. */
  readonly notional: number
  readonly trades: number
}

type Building = {
  readonly symbol: string
  readonly session: Session
  readonly startMs: number
  eligible: { first: Place; last: Place } | null
  conditional: { first: Place; last: Place } | null
  high: number
  low: number
  volume: number
  notional: number
  trades: number
  changed: boolean
}

/** Folds trades into bars by (symbol, session, bucket), by the rules of market/conditions.ts and sessions.ts. */
export function createCandles(width: BarWidth, listing: ListingOverrides = {}): Candles {
  const listed = createListing(listing)
  const listings = new Map<string, Listing>()
  const shelf = createShelf()
  let changed: Building[] = []

  const listingOf = (symbol: string): Listing => {
    const known = listings.get(symbol)
    if (known !== undefined) return known
    const fresh = listed(symbol)
    listings.set(symbol, fresh)
    return fresh
  }

  const addRow = (trades: Trades, i: number): void => {
    const { run } = trades
    const symbol = trades.symbols[trades.symbol[i] ?? 0] ?? ''
    const conditions = trades.conditionSets[trades.conditions[i] ?? 0] ?? null
    const timeMs = trades.timeMs[i] ?? 0
    const price = trades.price[i] ?? 0
    const kind = listingOf(symbol)
    const session = listedSession(kind, timeMs, conditions)
    const offset = run.first + (run.delta[i] ?? 0)
    const bar = shelf.barOf(symbol, session, bucketOf(width, kind, timeMs))
    if (!bar.changed) changed.push(bar)
    bar.changed = true
    update(bar, {
      place: { timeMs, partition: run.partition, offset, price },
      volume: trades.volume[i] ?? 0,
      conditions,
    })
  }

  return {
    add(trades) {
      const { count, redelivered } = trades.run
      for (let i = 0; i < count; i++) {
        if (trades.defect[i] === 0 && redelivered[i] === 0) addRow(trades, i)
      }
    },
    addRow,
    restore(symbol, states) {
      for (const state of states) shelf.put(begun(symbol, state))
    },
    bars: () => shelf.inOrder().map(finished),
    takeChanged() {
      const taken = changed
      changed = []
      for (const bar of taken) bar.changed = false
      return taken.map(finished)
    },
    forget: shelf.forget,
  }
}

/** Bars by symbol, start and session. */
function createShelf() {
  const shelf = new Map<string, Map<number, Building>>()
  const barsOf = (symbol: string): Map<number, Building> => {
    let bars = shelf.get(symbol)
    if (bars === undefined) shelf.set(symbol, (bars = new Map()))
    return bars
  }
  return {
    barOf(symbol: string, session: Session, startMs: number): Building {
      const bars = barsOf(symbol)
      const key = keyOf(startMs, session)
      let bar = bars.get(key)
      if (bar === undefined) bars.set(key, (bar = emptyBar(symbol, session, startMs)))
      return bar
    },
    put: (bar: Building) => void barsOf(bar.symbol).set(keyOf(bar.startMs, bar.session), bar),
    inOrder: (): readonly Building[] =>
      [...shelf]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .flatMap(([, bars]) => [...bars].toSorted(([a], [b]) => a - b).map(([, bar]) => bar)),
    forget(beforeMs: number): void {
      for (const [symbol, bars] of shelf) {
        for (const [key, { startMs }] of bars) if (startMs < beforeMs) bars.delete(key)
        if (bars.size === 0) shelf.delete(symbol)
      }
    },
  }
}

/** The start of the bucket that a moment is in, ms since 1970 UTC; of a day: UTC midnight of its date. */
export const bucketOf = (width: BarWidth, listing: Listing, timeMs: number): number =>
  width === 'day' ? tradeDay(listing, timeMs) * DAY_MS : Math.floor(timeMs / width) * width

const keyOf = (startMs: number, session: Session): number =>
  startMs * SESSIONS.length + SESSIONS.indexOf(session)

const emptyBar = (symbol: string, session: Session, startMs: number): Building => ({
  symbol,
  session,
  startMs,
  eligible: null,
  conditional: null,
  high: Number.NEGATIVE_INFINITY,
  low: Number.POSITIVE_INFINITY,
  volume: 0,
  notional: 0,
  trades: 0,
  changed: false,
})

const begun = (symbol: string, { eligible, conditional, ...state }: BarState): Building => ({
  ...state,
  symbol,
  eligible: eligible && { ...eligible },
  conditional: conditional && { ...conditional },
  high: state.high ?? Number.NEGATIVE_INFINITY,
  low: state.low ?? Number.POSITIVE_INFINITY,
  changed: false,
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

function widened(ends: Building['eligible'], place: Place): Building['eligible'] {
  if (ends === null) return { first: place, last: place }
  if (isBefore(place, ends.first)) ends.first = place
  else if (isBefore(ends.last, place)) ends.last = place
  return ends
}

/** Most real trades share their millisecond with another, so this order is the definition of first and last. */
export const isBefore = (a: Place, b: Place): boolean =>
  a.timeMs < b.timeMs ||
  (a.timeMs === b.timeMs &&
    (a.partition < b.partition || (a.partition === b.partition && a.offset < b.offset)))

function finished(bar: Building): Bar {
  const { symbol, session, startMs, eligible, conditional, high, low, volume, notional, trades } =
    bar
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
