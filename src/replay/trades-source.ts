import { tradeFrame, tradeText, type ReplayTrade } from './frame.ts'
import type { ReplayFrame, ReplaySource } from './replay.ts'

const FRAME_TRADES_MAX = 29 // the most seen in one frame of the feed
const FRAME_MS = 50 // trades of this stretch may share a frame, as the feed gathers them

/**
 * Trades of a table, in order of arrival, as frames. `open` is called for each pass. Times run by
 * `receivedMs`, or by the trades' own times where there is none.
 */
export const tradeFrames = (open: () => AsyncIterable<ReplayTrade>): ReplaySource => ({
  async *[Symbol.asyncIterator]() {
    let some: ReplayTrade[] = []
    let startMs = -Infinity
    for await (const trade of open()) {
      const atMs = trade.receivedMs ?? trade.timeMs
      if (some.length > 0 && (some.length >= FRAME_TRADES_MAX || atMs - startMs >= FRAME_MS)) {
        yield frameOf(some)
        some = []
      }
      if (some.length === 0) startMs = atMs
      some.push(trade)
    }
    if (some.length > 0) yield frameOf(some)
  },
})

/** A frame goes out when its last trade has come. */
function frameOf(trades: readonly ReplayTrade[]): ReplayFrame {
  const last = trades.at(-1)
  return {
    atMs: last === undefined ? null : (last.receivedMs ?? last.timeMs),
    bytes: tradeFrame(trades.map(tradeText)),
    symbols: [...new Set(trades.map(({ symbol }) => symbol))],
    trades: trades.length,
  }
}

export type { ReplayTrade }
