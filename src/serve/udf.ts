import { assert, Fault } from '../flow/fault.ts'
import { listingOf, type Listing } from '../market/sessions.ts'
import { candlesOf, type Candle } from '../query/candles.ts'
import { latestTrades } from '../query/latest-trades.ts'
import type { z } from 'zod'
import type { Asking } from './api/asking.ts'
import {
  RESOLUTIONS,
  type SYMBOL_TYPES,
  type UdfConfig,
  type UdfHistory,
  type UdfHistoryQuery,
  type UdfSymbol,
} from './contract/tradingview.ts'
import { hoursOfListing } from './symbol-hours.ts'

const DAY_MS = 86_400_000
/** So many bars are one answer at most, the newest: more than a screen has points, and 2 MB of JSON. */
const BARS_MAX = 20_000
/** Trades whose prices say how many decimals a symbol has. */
const SAMPLE_TRADES = 200
const DECIMALS = { min: 2, subDollar: 4, max: 8 }

const supported_resolutions = Object.keys(RESOLUTIONS).toSorted(
  (a, b) => Number(!a.endsWith('S')) - Number(!b.endsWith('S')),
)

export const CONFIG: z.infer<typeof UdfConfig> = {
  supported_resolutions,
  supports_search: true,
  supports_group_request: false,
  supports_marks: false,
  supports_timescale_marks: false,
  supports_time: true,
  exchanges: [
    { value: '', name: 'All', desc: 'All exchanges' },
    { value: 'US', name: 'US', desc: 'The US exchanges' },
  ],
  symbols_types: [
    { name: 'All', value: '' },
    { name: 'US hours', value: 'stock' },
    { name: 'No hours', value: 'continuous' },
  ],
}

export const typeOf = (listing: Listing): (typeof SYMBOL_TYPES)[number] =>
  listing === 'us' ? 'stock' : 'continuous'

/** What stands before a symbol's colon; else its foreign suffix; else the US exchanges. */
export function exchangeOf(symbol: string): string {
  if (symbol.includes(':')) return symbol.slice(0, symbol.indexOf(':'))
  return listingOf(symbol) === 'us' ? 'US' : symbol.slice(symbol.lastIndexOf('.') + 1)
}

/** What a chart must know of a symbol; null: no trade of it is recorded. */
export async function symbolOf(
  { query, bounds }: Asking,
  symbol: string,
): Promise<UdfSymbol | null> {
  const { found } = await latestTrades(
    query,
    { symbol, before: null, limit: SAMPLE_TRADES },
    bounds,
  )
  const [latest] = found
  if (latest === undefined) return null
  const listing = latest.session === 'continuous' ? 'continuous' : 'us'
  const decimals = decimalsOf(
    listing,
    found.map(({ price }) => price),
  )
  return {
    name: symbol,
    ticker: symbol,
    full_name: symbol,
    description: symbol,
    type: typeOf(listing),
    exchange: exchangeOf(symbol),
    listed_exchange: exchangeOf(symbol),
    ...hoursOfListing(listing, Date.now()),
    format: 'price',
    minmov: 1,
    pricescale: 10 ** decimals,
    volume_precision: listing === 'us' ? 0 : DECIMALS.max,
    has_intraday: true,
    has_seconds: true,
    has_daily: true,
    has_weekly_and_monthly: false,
    // US hours begin at half past: of quarters a chart makes hours that begin with them.
    intraday_multipliers: listing === 'us' ? ['1', '5', '15'] : ['1', '5', '15', '60'],
    seconds_multipliers: ['1', '5'],
    supported_resolutions,
    data_status: 'streaming',
  }
}

/** US quotes have cents, below a dollar hundredths of them, whatever fractions trades have; others what they use. */
function decimalsOf(listing: Listing, prices: readonly number[]): number {
  if (listing === 'us') return (prices[0] ?? 1) < 1 ? DECIMALS.subDollar : DECIMALS.min
  const used = prices.map((price) => {
    const [, fraction = ''] = price.toFixed(DECIMALS.max).replace(/0+$/, '').split('.')
    return fraction.length
  })
  return Math.max(DECIMALS.min, ...used)
}

/**
 * Bars that are unique in time and in order. A chart has one bar a time, and the protocol's request names no
 * session; bars of several sessions in one bucket (09:00 of an hour: pre and regular; any minute: a late report)
 * cannot be made one by any rule of the exchanges. So these are of the regular session, and of symbols without
 * hours of all day: what `ticklake candles` and /api/candles give by default. That is why no extended subsession is
 * offered. Bars without prices are left out: a chart cannot draw them. With `countback` `from` is not heeded.
 */
export async function historyOf(
  { query, bounds }: Asking,
  { symbol, resolution, from, to, countback }: z.infer<typeof UdfHistoryQuery>,
): Promise<UdfHistory> {
  const width = widthOf(resolution)
  // A day is a bar at midnight UTC of its date, so it begins in [from, to) by that, also of today.
  const moment = (seconds: number) =>
    width === '1d' ? Math.ceil((seconds * 1000) / DAY_MS) * DAY_MS : seconds * 1000
  const fromMs = from === undefined || countback !== undefined ? null : moment(from)
  const of = { symbol, width, session: 'regular', zone: 'UTC', isPriced: true } as const
  const limit = Math.min(countback ?? BARS_MAX, BARS_MAX)
  const { bars } = await candlesOf(query, { ...of, fromMs, toMs: moment(to), limit }, bounds)
  if (bars.length > 0) return columnsOf(bars)
  if (fromMs === null) return { s: 'no_data' }
  const before = await candlesOf(query, { ...of, fromMs: null, toMs: fromMs, limit: 1 }, bounds)
  const last = before.bars.at(-1)
  return last === undefined ? { s: 'no_data' } : { s: 'no_data', nextTime: last.fromMs / 1000 }
}

/** 'D' and 'S' are older names of '1D' and '1S'. */
function widthOf(resolution: string): (typeof RESOLUTIONS)[keyof typeof RESOLUTIONS] {
  const name = /^[DS]$/.test(resolution) ? `1${resolution}` : resolution
  const found = Object.entries(RESOLUTIONS).find(([known]) => known === name)
  if (found === undefined)
    throw new Fault('invalid', `no resolution ${resolution}`, {
      remedy: `There are ${supported_resolutions.join(', ')}.`,
    })
  return found[1]
}

const columnsOf = (bars: readonly Candle[]): UdfHistory => ({
  s: 'ok',
  t: bars.map(({ fromMs }) => fromMs / 1000),
  o: bars.map(({ open }) => priceOf(open)),
  h: bars.map(({ high }) => priceOf(high)),
  l: bars.map(({ low }) => priceOf(low)),
  c: bars.map(({ close }) => priceOf(close)),
  v: bars.map(({ volume }) => volume),
})

/** Asked were bars with prices. */
function priceOf(price: number | null): number {
  assert(price !== null, 'a bar without a price')
  return price
}
