import { createFrameSplitter } from '../src/feed/finnhub-frames.ts'
import { createTradeDecoder } from '../src/feed/finnhub-trades.ts'
import { createMark } from '../src/feed/redelivery.ts'
import type { FeedEvent } from '../src/market/feed-events.ts'
import {
  measure,
  tapeRuns,
  wireFrames,
  type BenchOptions,
  type BenchRow,
  type WireFrame,
} from './bench.ts'

const POOL_TRADES = 200_000 // some 14 MB: larger than the processor's caches, made once, read again and again
const RUN_TRADES = 4096

/** Calls `act` on the items of the pool, again from the start, until `trades` trades were done. */
function cycle<A>(pool: readonly A[], trades: number, act: (item: A) => number): number {
  let done = 0
  while (done < trades) for (const item of pool) if (done < trades) done += act(item)
  return done
}

/** The pool's frames as a feed would give them, one by one, until `trades` trades were sent. */
async function* splitEvents(
  pool: readonly WireFrame[],
  trades: number,
): AsyncGenerator<readonly FeedEvent[]> {
  const split = createFrameSplitter()
  for (let sent = 0; sent < trades;)
    for (const { bytes, receivedMs } of pool) {
      if (sent >= trades) return
      const frame = split(bytes, receivedMs)
      if (frame.kind !== 'trades') throw new Error(`a frame of the pool is ${frame.kind}`)
      sent += frame.records.count
      yield [{ kind: 'records', records: frame.records }]
    }
}

/** Frames → records and records → columns by the byte scanner, and JSON.parse of the same frames. */
export async function benchDecode({ trades }: BenchOptions): Promise<BenchRow[]> {
  const frames = [...wireFrames({ trades: POOL_TRADES })]
  const runs = [...tapeRuns({ trades: POOL_TRADES }, RUN_TRADES)]
  const split = createFrameSplitter()
  const decode = createTradeDecoder()
  const text = new TextDecoder()
  let sum = 0 // what is parsed is also read, as a user of JSON.parse would
  const parse = (bytes: Uint8Array): number => {
    const { data }: { data: { p: number; t: number; v: number; s: string }[] } = JSON.parse(
      text.decode(bytes),
    )
    for (const { p, t, v, s } of data) sum += p + t + v + s.length
    return data.length
  }
  const parseFrames = () => cycle(frames, trades, (frame) => parse(frame.bytes))
  const splitFrames = () =>
    cycle(frames, trades, (frame) => {
      const result = split(frame.bytes, frame.receivedMs)
      return result.kind === 'trades' ? result.records.count : 0
    })
  const markFrames = async () => {
    let done = 0
    for await (const events of createMark()(splitEvents(frames, trades))) done += events.length
    return done === 0 ? 0 : trades
  }
  const decodeRuns = () => cycle(runs, trades, (run) => decode(run).run.count)
  const bytes = frames.reduce((total, frame) => total + frame.bytes.length, 0)
  const note = `${(bytes / POOL_TRADES).toFixed(1)} bytes a trade`
  const rows = [
    await measure('decode: JSON.parse of frames, fields read', parseFrames, note),
    await measure('decode: frames → records', splitFrames, note),
    await measure('decode: frames → records → marked', markFrames, note),
    await measure('decode: records → columns', decodeRuns, `runs of ${RUN_TRADES}`),
  ]
  if (!Number.isFinite(sum)) throw new Error('JSON.parse read no numbers from the frames')
  return rows
}
