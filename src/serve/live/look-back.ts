import { DAY_MS, newYorkDay } from '../../market/calendar.ts'
import type { Trades } from '../../market/trades.ts'
import { latestTrades } from '../../query/latest-trades.ts'
import type { AsOf, Query } from '../../query/query.ts'
import type { Bounds } from '../../query/rows.ts'
import { previousClose, type Line } from './line.ts'
import { seenUntil, type Seen } from './seen.ts'
import { createSeeding, type Asker } from './seeding.ts'
import { offsetOf } from './topic.ts'
import { watchSeed, type WatchSeed } from './watch-seed.ts'

/** A symbol whose last trade is older is not listed until it trades; nor is a close of before known. */
const DAYS_MAX = 7
/** A weekend with a holiday on each side is looked back over even when no line lacks anything. */
const DAYS_MIN = 4
/** Of a very large lake the days before are not worth more than this, ms. */
const LOOK_MS_MAX = 60_000

/** The day of the newest trade: from midnight UTC of its date in New York on, ms since 1970 UTC. */
export type Today = WatchSeed & { readonly todayMs: number | null }

/** What counts of the newest day; where there is no trade, nothing. */
export async function askToday(query: Query, bounds: Bounds): Promise<Today> {
  const asked = { symbol: null, before: null, limit: 1 }
  const { asOf, found } = await latestTrades(query, asked, bounds)
  const newestMs = found[0]?.tsMs
  if (newestMs === undefined) return { asOf, days: [], minutes: [], seen: new Map(), todayMs: null }
  const todayMs = newYorkDay(newestMs) * DAY_MS
  const seed = await watchSeed(query, { fromMs: todayMs, toMs: null, newestMs }, bounds)
  return { ...seed, todayMs }
}

/** Days before today, one after the other, for closes of before and symbols that have not traded today. */
export type LookBack = Disposable & {
  /** Whether a trade is of a day whose answer has it, or will have it. */
  keeps(trades: Trades, row: number): boolean
}

export type LookBackOptions = {
  readonly todayMs: number
  readonly lines: ReadonlyMap<string, Line>
  readonly add: (seed: WatchSeed) => void
  readonly take: (trades: Trades, row: number) => void
}

export function lookBack(asker: Asker, { todayMs, lines, add, take }: LookBackOptions): LookBack {
  const { clock } = asker
  const begunMs = clock.monotonic()
  /** What was seen of the day that ends 0, 1, … days before today begins. */
  const answered: Seen[] = []
  let over = false
  let seeding: Disposable & { take(fresh: { trades: Trades; rows: readonly number[] }): void }
  const dayOf = (trades: Trades, row: number) =>
    Math.floor((todayMs - 1 - (trades.timeMs[row] ?? 0)) / DAY_MS)
  const ask = (back: number) => {
    const [toMs, fromMs] = [todayMs - back * DAY_MS, todayMs - (back + 1) * DAY_MS]
    return createSeeding<WatchSeed & { asOf: AsOf }>(asker, {
      what: 'the days before today',
      ask: (query, bounds) => watchSeed(query, { fromMs, toMs, newestMs: null }, bounds),
      begin: (seed) => {
        answered.push(seed.seen)
        add(seed)
        const lacks = () => [...lines.values()].some((line) => previousClose(line) === null)
        const isLate = clock.monotonic() - begunMs > LOOK_MS_MAX
        const next = back + 1
        over = isLate || next >= DAYS_MAX || (next >= DAYS_MIN && !lacks())
        if (!over) queueMicrotask(() => (seeding = over ? seeding : ask(next)))
      },
      take: ({ trades, rows }) => {
        const until = seenUntil(answered[back] ?? new Map(), trades)
        for (const row of rows) if (offsetOf(trades, row) > until) take(trades, row)
      },
    })
  }
  seeding = ask(0)
  return {
    keeps: (trades, row) => {
      const day = dayOf(trades, row)
      if (day < 0) return false
      const seen = answered[day]
      if (seen !== undefined) return offsetOf(trades, row) <= seenUntil(seen, trades)
      // Of the day that is asked for now it waits for the answer; of an older one the question will see it.
      if (day === answered.length && !over) seeding.take({ trades, rows: [row] })
      return true
    },
    [Symbol.dispose]: () => {
      over = true
      seeding[Symbol.dispose]()
    },
  }
}
