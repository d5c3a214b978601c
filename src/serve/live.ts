import type { Clock } from '../flow/clock.ts'
import type { Run } from '../market/records.ts'
import type { Trades } from '../market/trades.ts'

/** Latest trades kept for the page. */
const LATEST_MAX = 50
/** Symbols counted; beyond, the rest is one line. A feed may send names without end. */
const SYMBOLS_MAX = 5000
/** Trades a second are averaged over this many whole seconds. */
const RATE_SECONDS = 5

export type LatestTrade = {
  readonly symbol: string
  readonly price: number
  readonly volume: number
  readonly conditions: string | null
  readonly ts: number
  readonly received_at: number
}
export type SymbolCount = {
  readonly symbol: string
  trades: number
  last_price: number
  last_ts: number
}

/** What the page shows of the tape: fed with runs, asked each second. */
export type Live = {
  take(run: Run): void
  /** Newest first. */
  latest(): readonly LatestTrade[]
  /** Most traded first, counted since `countedSinceMs`. */
  symbols(): readonly SymbolCount[]
  perSecond(): number
  lastReceivedMs(): number | null
  /** When the first record that was counted came; null: none did. */
  countedSinceMs(): number | null
  readonly counted: () => number
}

export function createLive(decode: (run: Run) => Trades, clock: Clock): Live {
  const latest: LatestTrade[] = []
  const symbols = new Map<string, SymbolCount>()
  const seconds = new Map<number, number>()
  let counted = 0
  let lastReceived: number | null = null
  let firstReceived: number | null = null
  const count = (trade: LatestTrade) => {
    const known = symbols.get(trade.symbol)
    if (known !== undefined) {
      known.trades += 1
      known.last_price = trade.price
      known.last_ts = trade.ts
    } else if (symbols.size < SYMBOLS_MAX) {
      const { symbol, price, ts } = trade
      symbols.set(symbol, { symbol, trades: 1, last_price: price, last_ts: ts })
    }
  }
  const tick = (receivedMs: number) => {
    const second = Math.floor(receivedMs / 1000)
    seconds.set(second, (seconds.get(second) ?? 0) + 1)
    if (seconds.size > 120)
      for (const old of seconds.keys()) if (old < second - 60) seconds.delete(old)
  }
  return {
    take: (run) => {
      const trades = decode(run)
      for (let i = 0; i < run.count; i++) {
        const received = run.receivedMs[i] ?? 0
        lastReceived = received
        firstReceived ??= received
        tick(received)
        if (trades.defect[i] !== 0 || run.redelivered[i] === 1) continue
        counted += 1
        const trade = tradeAt(trades, i, received)
        count(trade)
        if (i >= run.count - LATEST_MAX) latest.unshift(trade)
      }
      latest.length = Math.min(latest.length, LATEST_MAX)
    },
    latest: () => latest,
    symbols: () => [...symbols.values()].sort((a, b) => b.trades - a.trades),
    perSecond: () => {
      const now = Math.floor(clock.now() / 1000)
      let sum = 0
      for (let s = now - RATE_SECONDS; s < now; s++) sum += seconds.get(s) ?? 0
      return sum / RATE_SECONDS
    },
    lastReceivedMs: () => lastReceived,
    countedSinceMs: () => firstReceived,
    counted: () => counted,
  }
}

const tradeAt = (trades: Trades, i: number, received: number): LatestTrade => ({
  symbol: trades.symbols[trades.symbol[i] ?? 0] ?? '',
  price: trades.price[i] ?? NaN,
  volume: trades.volume[i] ?? NaN,
  conditions: trades.conditionSets[trades.conditions[i] ?? 0] ?? null,
  ts: trades.timeMs[i] ?? NaN,
  received_at: received,
})
