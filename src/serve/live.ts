import type { Clock } from '../flow/clock.ts'
import { complement, type Interval } from '../market/intervals.ts'
import type { Run } from '../market/records.ts'
import type { Trades } from '../market/trades.ts'
import type { Percentiles } from './contract/status.ts'
import { createLatency } from './latency.ts'

/** Trades a second are averaged over this many whole seconds. */
const RATE_SECONDS = 5
/** What came before is forgotten after this many seconds. */
const KEPT_SECONDS = 120
/** The rate that a silence is held against is that of so many seconds before it. */
const USUAL_SECONDS = 60
/** Silence as long as this many usual pauses between trades is worth a word, but neither sooner nor later than, ms: */
const PAUSES = 20
const SILENCE_MS_MIN = 3_000
const SILENCE_MS_MAX = 60_000

/** What the tape says of the feed: fed with runs, asked each second. */
export type Live = {
  take(run: Run): void
  perSecond(): number
  lastReceivedMs(): number | null
  /** No trade for longer than this, ms, is unusual after the minute before it, less what of it was `missed`. */
  silenceMs(missed: readonly Interval[]): number
  /** When the newest trade was traded, by the feed, ms; null: none came. */
  lastTradeMs(): number | null
  /** From the trade to its arrival; from there to its being seen here; ms, of the last minute. */
  latency(): { readonly feed: Percentiles | null; readonly tape: Percentiles | null }
  /** Trades that were sent again since this began. */
  redelivered(): number
}

export function createLive(decode: (run: Run) => Trades, clock: Clock): Live {
  const seconds = new Map<number, number>()
  const feed = createLatency(clock)
  const tape = createLatency(clock)
  const began = clock.now()
  let lastReceived: number | null = null
  let lastTrade: number | null = null
  let redelivered = 0
  const tick = (receivedMs: number) => {
    const second = Math.floor(receivedMs / 1000)
    seconds.set(second, (seconds.get(second) ?? 0) + 1)
    if (seconds.size > KEPT_SECONDS)
      for (const old of seconds.keys()) if (old < second - KEPT_SECONDS) seconds.delete(old)
  }
  const countBetween = (from: number, to: number) => {
    let sum = 0
    for (let second = from; second < to; second++) sum += seconds.get(second) ?? 0
    return sum
  }
  return {
    take: (run) => {
      const trades = decode(run)
      const seenMs = clock.now()
      for (let i = 0; i < run.count; i++) {
        const received = run.receivedMs[i] ?? 0
        lastReceived = Math.max(lastReceived ?? received, received)
        tick(received)
        if (run.redelivered[i] === 1) redelivered += 1
        if (received >= began) tape.add(seenMs - received)
        if (trades.defect[i] !== 0) continue
        const traded = trades.timeMs[i] ?? NaN
        lastTrade = Math.max(lastTrade ?? traded, traded)
        if (received >= began) feed.add(received - traded)
      }
    },
    perSecond: () => {
      const now = Math.floor(clock.now() / 1000)
      return countBetween(now - RATE_SECONDS, now) / RATE_SECONDS
    },
    lastReceivedMs: () => lastReceived,
    silenceMs: (missed) => {
      if (lastReceived === null) return SILENCE_MS_MAX
      const last = Math.floor(lastReceived / 1000)
      let first = last - USUAL_SECONDS
      while (first < last && !seconds.has(first)) first += 1
      if (first === last) return SILENCE_MS_MAX
      const minute = { from: first * 1000, to: last * 1000 }
      const heardMs = complement(missed, minute).reduce((sum, { from, to }) => sum + to - from, 0)
      const pauseMs = heardMs / countBetween(first, last)
      return Math.min(SILENCE_MS_MAX, Math.max(SILENCE_MS_MIN, PAUSES * pauseMs))
    },
    lastTradeMs: () => lastTrade,
    latency: () => ({ feed: feed.percentiles(), tape: tape.percentiles() }),
    redelivered: () => redelivered,
  }
}
