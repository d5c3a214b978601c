import type { Random } from '../flow/random.ts'
import type { ReplayTrade } from './frame.ts'
import { listingOf, type Listing } from './simulated-symbols.ts'

const YEAR_S = 252 * 6.5 * 3600 // trading seconds in a year, which annual volatility is about
const ZIPF = 0.9 // the busiest of forty names makes about a sixth of all trades, as on a US tape
const PULL_S = 4 * 3600 // prices wander and come back over hours, so that a year of simulation stays plausible
const SWEEP_CONTINUES = 0.45 // chance that an order goes on to take one more resting order
const SWEEP_TRADES_MAX = 12
const LATE_CHANCE = 0.006 // trades that arrive out of order
const LATE_MS_MAX = 200
const ISO_CHANCE = 0.43 // intermarket sweeps, of all orders
const ODD_LOT_CHANCE = 0.52 // below 100 shares, of all US trades
const MIDPOINT_CHANCE = 0.08 // between bid and ask, at half a cent
const CRYPTO_TICK = 0.01

/** When trading is busier: the factor on the rate at a time; its mean over what is simulated should be 1. */
export type Activity = (timeMs: number) => number

export type SimulatedMarket = {
  /** The trades of the next stretch, in order of arrival (some with an older time of their own). */
  advance(fromMs: number, toMs: number): readonly ReplayTrade[]
  /** Lists one more symbol; nothing if it is listed. */
  list(symbol: string): void
}

export type MarketOptions = {
  readonly random: Random
  readonly symbols: readonly string[]
  /** Trades a second over all symbols, on average. */
  readonly ratePerSecond: number
  readonly activity: Activity
  /** Whether US symbols trade under regular conditions; else their trades carry 24 (form T). */
  readonly regular: (timeMs: number) => boolean
}

type Stock = Listing & {
  /** Logarithm of the fair price against the opening one. */
  drift: number
  atMs: number
  readonly tick: number
  readonly halfSpread: number
}

const stockOf = (symbol: string): Stock => {
  const listing = listingOf(symbol)
  const tick = listing.crypto ? CRYPTO_TICK : 0.01
  const spread = Math.max(tick, listing.price * 0.00008)
  return { ...listing, drift: 0, atMs: -1, tick, halfSpread: spread / 2 }
}

/** A market of random walks: orders come as a Poisson stream, each sweeps one or more resting orders. */
export function createMarket(options: MarketOptions): SimulatedMarket {
  const { random, activity } = options
  const stocks: Stock[] = []
  const shares: number[] = [] // cumulative weights
  const list = (symbol: string) => {
    if (stocks.some((stock) => stock.symbol === symbol)) return
    stocks.push(stockOf(symbol))
    shares.push((shares.at(-1) ?? 0) + stocks.length ** -ZIPF)
  }
  options.symbols.forEach(list)
  const tradesPerOrder = meanSweep()
  let nextMs: number | null = null
  const waitMs = (atMs: number) => {
    const ordersPerMs = (options.ratePerSecond * activity(atMs)) / tradesPerOrder / 1000
    return -Math.log(1 - random.next()) / Math.max(ordersPerMs, 1e-9)
  }
  return {
    list,
    advance: (fromMs, toMs) => {
      const trades: ReplayTrade[] = []
      if (stocks.length === 0 || options.ratePerSecond <= 0) return trades
      let atMs: number = nextMs === null || nextMs < fromMs ? fromMs + waitMs(fromMs) : nextMs
      while (atMs < toMs) {
        const stock = stocks[pick(shares, random)]
        if (stock !== undefined) order(stock, { atMs, random, regular: options.regular }, trades)
        atMs += waitMs(atMs)
      }
      nextMs = atMs
      return trades
    },
  }
}

type Moment = {
  readonly atMs: number
  readonly random: Random
  readonly regular: (timeMs: number) => boolean
}

/** One order: it takes resting orders at its side's price and a little beyond, each a trade. */
function order(stock: Stock, moment: Moment, trades: ReplayTrade[]): void {
  const { random, atMs } = moment
  const fair = wander(stock, moment)
  const side = random.next() < 0.5 ? -1 : 1
  const sweep = random.next() < ISO_CHANCE
  const late = random.next() < LATE_CHANCE ? random.integer(LATE_MS_MAX) : 0
  let price = round(fair + side * stock.halfSpread, stock.tick)
  let timeMs = Math.floor(atMs) - late
  for (let i = 0; i < SWEEP_TRADES_MAX; i++) {
    const midpoint = !stock.crypto && random.next() < MIDPOINT_CHANCE
    const paid = midpoint ? round(price - (side * stock.tick) / 2, stock.tick / 2) : price
    const volume = stock.crypto ? fraction(random, stock.price) : shares(random)
    const conditions = stock.crypto ? null : codes(volume, sweep, moment)
    trades.push({
      symbol: stock.symbol,
      timeMs,
      price: Math.max(paid, stock.tick),
      volume,
      conditions,
    })
    if (random.next() >= SWEEP_CONTINUES) break
    if (random.next() < 0.3) price = round(price + side * stock.tick, stock.tick)
    if (random.next() < 0.25) timeMs += 1
  }
}

/** Moves the fair price on from the last trade: a random walk in logarithms, pulled home over hours. */
function wander(stock: Stock, { atMs, random }: Moment): number {
  const seconds = stock.atMs < 0 ? 0 : Math.max(0, atMs - stock.atMs) / 1000
  const step = stock.volatility * Math.sqrt(Math.min(seconds, PULL_S) / YEAR_S)
  stock.drift = stock.drift * Math.exp(-seconds / PULL_S) + step * normal(random)
  stock.atMs = atMs
  return stock.price * Math.exp(stock.drift)
}

/** Condition codes as the feed orders them: settlement, trade-through, extended hours, odd lot. */
function codes(volume: number, sweep: boolean, { atMs, regular }: Moment): string {
  const late = regular(atMs) ? '' : ',24'
  return `1${sweep ? ',8' : ''}${late}${volume < 100 ? ',12' : ''}`
}

function shares(random: Random): number {
  if (random.next() < ODD_LOT_CHANCE) return 1 + Math.floor(99 * random.next() ** 2)
  if (random.next() < 0.6) return 100
  return 100 + Math.floor(-Math.log(1 - random.next()) * 140)
}

const fraction = (random: Random, price: number): number =>
  Math.round((-Math.log(1 - random.next()) * 1_200_000_000) / price + 1) / 1_000_000 // about 1,200 dollars

/** To whole ticks, without the binary dust that would show in the text. */
const round = (price: number, tick: number): number =>
  Math.round(Math.round(price / tick) * tick * 10_000) / 10_000

const normal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())

function meanSweep(): number {
  let mean = 0
  for (let i = 0; i < SWEEP_TRADES_MAX; i++) mean += SWEEP_CONTINUES ** i
  return mean
}

/** The index of a cumulative weight, drawn in proportion. */
function pick(cumulative: readonly number[], random: Random): number {
  const drawn = random.next() * (cumulative.at(-1) ?? 0)
  let low = 0
  let high = cumulative.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((cumulative[middle] ?? 0) > drawn) high = middle
    else low = middle + 1
  }
  return low
}
