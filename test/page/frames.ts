import { seededRandom, type Random } from '../../src/flow/random.ts'
import type { ReplaySource } from '../../src/replay/replay.ts'

/** For a feed that sends what a test tells it to and nothing else. */
export const nothing: ReplaySource = { async *[Symbol.asyncIterator]() {} }

/** A trade as a test sends it; `conditions` as the feed does. */
export type Sent = {
  readonly s: string
  readonly p: number
  readonly v: number
  readonly t: number
  readonly c?: readonly string[] | null
}

/** A frame of the feed with these trades. */
export const frame = (trades: readonly Sent[]): string =>
  JSON.stringify({ data: trades.map((trade) => ({ c: null, ...trade })), type: 'trade' })

/** A line of a recording: the frame, and when it came, ms. */
export const line = (atMs: number, trades: readonly Sent[]): string =>
  `{"at":${atMs / 1000},"dir":"recv","frame":${frame(trades)}}`

/** A trading day of New York in winter: hours of the exchanges as UTC. */
export const day = (date: string) => {
  const at = (time: string) => Date.parse(`${date}T${time}-05:00`)
  return { pre: at('04:00'), open: at('09:30'), close: at('16:00'), end: at('20:00') }
}

const MINUTE_MS = 60_000
/** What real days hold: regular, sweep, odd lot, sweep of an odd lot, average price, sold, derivatively priced. */
const CONDITIONS: readonly (readonly string[] | null)[] = [
  ['1'],
  ['1'],
  ['1', '8'],
  ['1', '12'],
  ['1', '8', '12'],
  ['3'],
  ['30'],
  ['32'],
  null,
]
/** Of a hundred trades: late reports (up to half an hour), and out of order by seconds. */
const LATE_PERCENT = 2
const SHUFFLED_PERCENT = 8

type Day = {
  readonly date: string
  readonly symbols: readonly string[]
  /** Of each symbol, in regular hours; a quarter of it before and after. */
  readonly tradesPerMinute: number
  readonly seed: number
}

/**
 * A recorded day from 04:00 to 20:00 New York as a replay file: every condition there is in it, odd lots, late
 * reports, trades out of order and at the very boundaries of the sessions. The same seed gives the same day.
 */
export function recordedDay({ date, symbols, tradesPerMinute, seed }: Day): readonly string[] {
  const random = seededRandom(seed)
  const hours = day(date)
  const prices = new Map(symbols.map((symbol, at) => [symbol, 100 + at * 150]))
  const found: { readonly atMs: number; readonly trade: Sent }[] = []
  for (let minute = hours.pre; minute < hours.end; minute += MINUTE_MS) {
    const regular = minute >= hours.open && minute < hours.close
    for (const symbol of symbols) {
      const count = regular ? tradesPerMinute : tradesPerMinute / 4
      for (let n = 0; n < count; n++) {
        const t = minute + random.integer(MINUTE_MS)
        const p = step(prices, symbol, random)
        const c = conditionsAt(random, regular)
        found.push({ atMs: t + delay(random), trade: { s: symbol, p, v: size(random), t, c } })
      }
    }
  }
  for (const edge of [hours.pre, hours.open, hours.close, hours.end - 1])
    for (const symbol of symbols)
      for (const t of [edge, edge + 1, edge - 1].filter((t) => t >= hours.pre && t < hours.end))
        found.push({ atMs: t, trade: { s: symbol, p: step(prices, symbol, random), v: 100, t } })
  return found.toSorted((a, b) => a.atMs - b.atMs).map(({ atMs, trade }) => line(atMs, [trade]))
}

function step(prices: Map<string, number>, symbol: string, random: Random): number {
  const before = prices.get(symbol) ?? 100
  const after = Math.round((before + (random.next() - 0.5) * 0.2) * 100) / 100
  prices.set(symbol, after)
  return after
}

function conditionsAt(random: Random, regular: boolean): readonly string[] | null {
  const some = CONDITIONS[random.integer(CONDITIONS.length)] ?? null
  return regular ? some : [...(some ?? []), '24']
}

/** Mostly round lots, some odd, some fractions. */
function size(random: Random): number {
  const kind = random.integer(10)
  if (kind === 0) return Math.ceil(random.next() * 99)
  return kind === 1 ? Math.ceil(random.next() * 1000) / 1000 : 100 * (1 + random.integer(9))
}

function delay(random: Random): number {
  const percent = random.integer(100)
  if (percent < LATE_PERCENT) return random.integer(30) * MINUTE_MS
  return percent < LATE_PERCENT + SHUFFLED_PERCENT ? random.integer(8_000) : random.integer(150)
}
