import { isoOf } from '../../market/times.ts'
import { listedSession, listingOf } from '../../market/sessions.ts'
import type { Trades } from '../../market/trades.ts'
import { latestTrades, type TradeRow } from '../../query/latest-trades.ts'
import type { AsOf } from '../../query/query.ts'
import type { Told } from '../contract/live.ts'
import type { Trade } from '../contract/market.ts'
import { seenOf, seenUntil, type Seen } from './seen.ts'
import { createSeeding, type Asker } from './seeding.ts'
import { offsetOf, type Fresh, type TradeTopic } from './topic.ts'

/** Trades in one message: more than a screen of them nobody reads in a tenth of a second. */
const TOLD_MAX = 200
/** What a page is told when it comes. */
const RECENT_MAX = 100

/** Trades of all symbols, from the first that was taken. */
export const createAllTrades = (): TradeTopic => {
  const tape = createTape('')
  return { ...tape, reset: () => undefined, [Symbol.dispose]: () => undefined }
}

/** Trades of one symbol; what came before is asked for. */
export function createTrades(symbol: string, asker: Asker): TradeTopic {
  const tape = createTape(symbol)
  let seen: Seen | null = null
  const seeding = createSeeding<{ asOf: AsOf; found: readonly TradeRow[] }>(asker, {
    what: `the trades of ${symbol}`,
    ask: async (query, bounds) => {
      const asked = { symbol, before: null, limit: RECENT_MAX }
      const { asOf, found } = await latestTrades(query, asked, bounds)
      // Some trades that are missed are no reason to show none.
      return { asOf: { ...asOf, degraded: false }, found }
    },
    begin: ({ found }) => {
      seen = seenOf(found.map((row) => [row.tape, row.partition, row.offset]))
      tape.begin(found.map(tradeOfRow).toReversed())
    },
    take: ({ trades, rows }) => {
      const until = seenUntil(seen ?? new Map(), trades)
      tape.take({ trades, rows: rows.filter((row) => offsetOf(trades, row) > until) })
    },
  })
  return {
    take: seeding.take,
    whole: () => (seen === null ? [] : tape.whole()),
    batch: tape.batch,
    reset: seeding.again,
    [Symbol.dispose]: () => seeding[Symbol.dispose](),
  }
}

/** The newest trades that were told, and those that wait to be. */
function createTape(symbol: string) {
  let recent: readonly Trade[] = []
  let begun = false
  const chunks: Fresh[] = []
  let waiting = 0
  let skipped = 0
  const say = (trades: readonly Trade[], missed: number): string =>
    JSON.stringify({ kind: 'trades', symbol, trades, skipped: missed } satisfies Told)
  const keep = (trades: readonly Trade[]) =>
    void (recent = [...recent, ...trades].slice(-RECENT_MAX))
  const drain = (): readonly Trade[] => {
    const newest: Trade[] = []
    for (const { trades, rows } of chunks.splice(0))
      for (const row of rows)
        if (waiting-- <= TOLD_MAX) newest.push(tradeOf(trades, row))
        else skipped += 1
    waiting = 0
    return newest
  }
  return {
    begin: (before: readonly Trade[]) => {
      chunks.length = waiting = skipped = 0
      recent = before
      begun = true
    },
    take: (fresh: Fresh) => {
      if (fresh.rows.length === 0) return
      chunks.push(fresh)
      waiting += fresh.rows.length
      // Only as many runs are kept as can be told.
      for (let first = chunks[0]; first !== undefined; first = chunks[0]) {
        if (waiting - first.rows.length < TOLD_MAX) break
        chunks.shift()
        waiting -= first.rows.length
        skipped += first.rows.length
      }
    },
    whole: (): readonly string[] => [say(recent, 0)],
    batch: (): readonly string[] => {
      const trades = drain()
      const before = begun ? recent : []
      begun = false
      if (trades.length === 0 && before.length === 0) return []
      const missed = skipped
      skipped = 0
      const said = [
        ...(before.length === 0 ? [] : [say(before, 0)]),
        ...(trades.length === 0 ? [] : [say(trades, missed)]),
      ]
      keep(trades)
      return said
    },
  }
}

function tradeOf(trades: Trades, row: number): Trade {
  const { run } = trades
  const symbol = trades.symbols[trades.symbol[row] ?? 0] ?? ''
  const conditions = trades.conditionSets[trades.conditions[row] ?? 0] ?? null
  const timeMs = trades.timeMs[row] ?? 0
  return {
    id: `${run.partition}:${offsetOf(trades, row)}`,
    symbol,
    price: trades.price[row] ?? 0,
    volume: trades.volume[row] ?? 0,
    conditions,
    session: listedSession(listingOf(symbol), timeMs, conditions),
    ts: isoOf(timeMs),
    received_at: isoOf(run.receivedMs[row] ?? 0),
  }
}

const tradeOfRow = (row: TradeRow): Trade => ({
  id: `${row.partition}:${row.offset}`,
  symbol: row.symbol,
  price: row.price,
  volume: row.volume,
  conditions: row.conditions,
  session: row.session,
  ts: isoOf(row.tsMs),
  received_at: isoOf(row.receivedMs),
})
