import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createFrameSplitter } from '../src/feed/finnhub-frames.ts'
import { finnhubFeed } from '../src/feed/finnhub.ts'
import { createGather } from '../src/feed/gather.ts'
import { createMark } from '../src/feed/redelivery.ts'
import { fixedWatchlist } from '../src/feed/watchlist.ts'
import { systemClock } from '../src/flow/clock.ts'
import { silent } from '../src/flow/log.ts'
import { noMetrics } from '../src/flow/metrics.ts'
import { systemRandom } from '../src/flow/random.ts'
import type { FeedEvent } from '../src/market/feed-events.ts'
import { record } from '../src/pipeline.ts'
import type { ReplayFrame } from '../src/replay/replay.ts'
import { startReplay } from '../src/replay/serve-replay.ts'
import { openSqliteTape } from '../src/tape/sqlite-tape.ts'
import type { Tape } from '../src/tape/tape.ts'
import { measure, wireFrames, type BenchOptions, type BenchRow, type WireFrame } from './bench.ts'

const POOL_TRADES = 100_000 // made once, sent again and again: making them is not measured
const BLOCK_FRAMES = 100 // some 1,500 trades: what gathers while one append is under way
const SYMBOL = 'AAPL' // frames are sent to whoever subscribed to anything
const GATHER_BYTES_MAX = 4 * 1024 * 1024
const SOURCE = 'bench'

/** Ready blocks → SQLite tape, and the whole way from a WebSocket server in another process to the tape. */
export async function benchRecord({ trades }: BenchOptions): Promise<BenchRow[]> {
  const blocks = await readyBlocks({ trades: POOL_TRADES, frames: BLOCK_FRAMES })
  const ready = {
    name: 'record: blocks → SQLite tape',
    trades,
    blocks,
    how: 'each append fsynced',
  }
  return [
    await onTape((tape) => appendBlocks(tape, ready)),
    await onTape((tape) => recordSocket(tape, { name: 'record: socket → SQLite tape', trades })),
  ]
}

async function onTape(act: (tape: Tape) => Promise<BenchRow>): Promise<BenchRow> {
  const dir = await mkdtemp(join(tmpdir(), 'ticklake-bench-'))
  try {
    await using tape = await openSqliteTape({
      dir,
      mode: 'write',
      source: SOURCE,
      clock: systemClock,
    })
    return await act(tape)
  } finally {
    await rm(dir, { recursive: true })
  }
}

/** Blocks as the feed yields them, gathered: `trades` trades in all, about so many frames a block. */
export async function readyBlocks(size: {
  readonly trades: number
  readonly frames: number
}): Promise<(readonly FeedEvent[])[]> {
  const gather = createGather({ bytesMax: Infinity })
  const blocks: (readonly FeedEvent[])[] = []
  const frames = [...wireFrames({ trades: size.trades })]
  for (const some of byFrames(frames, size.frames))
    for await (const block of gather(one(some))) blocks.push(block)
  return blocks
}

type Ready = {
  readonly name: string
  readonly trades: number
  /** Appended again and again until so many trades are durable. */
  readonly blocks: readonly (readonly FeedEvent[])[]
  /** For the note. */
  readonly how: string
}

export async function appendBlocks(
  tape: Tape,
  { name, trades, blocks, how }: Ready,
): Promise<BenchRow> {
  const latencies: number[] = []
  const row = await measure(name, async () => {
    let done = 0
    while (done < trades) {
      for (const block of blocks) {
        if (done >= trades) break
        const appended = block.map((event) => cut(event, trades - done))
        const start = performance.now()
        await tape.append(appended)
        latencies.push(performance.now() - start)
        done += tradesIn(appended)
      }
    }
    return done
  })
  const sorted = latencies.toSorted((a, b) => a - b)
  const at = (share: number) => (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(1)
  const size = Math.round(row.rows / latencies.length)
  return {
    ...row,
    note: `${how}, ${size} trades; ms an append p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)}`,
  }
}

/** At most the first `count` records. */
function cut(event: FeedEvent, count: number): FeedEvent {
  if (event.kind === 'session' || event.records.count <= count) return event
  const { records } = event
  const columns = {
    bytes: records.bytes.subarray(0, records.ends[count - 1]),
    ends: records.ends.subarray(0, count),
    receivedMs: records.receivedMs.subarray(0, count),
    redelivered: records.redelivered.subarray(0, count),
    key: records.key.subarray(0, count),
  }
  return { kind: 'records', records: { count, keys: records.keys, ...columns } }
}

async function* one<A>(item: A): AsyncGenerator<A> {
  yield item
}

/** Frames as blocks of records, so many together. */
function byFrames(frames: readonly WireFrame[], together: number): FeedEvent[][] {
  const split = createFrameSplitter()
  const groups: FeedEvent[][] = []
  for (let i = 0; i < frames.length; i += together) {
    const parts = frames
      .slice(i, i + together)
      .map(({ bytes, receivedMs }) => split(bytes, receivedMs))
    groups.push(
      parts.flatMap((part) =>
        part.kind === 'trades' ? [{ kind: 'records', records: part.records }] : [],
      ),
    )
  }
  return groups
}

const tradesIn = (events: readonly FeedEvent[]): number =>
  events.reduce((sum, event) => sum + (event.kind === 'records' ? event.records.count : 0), 0)

/** Socket, split, mark, gather, append: until as many trades are durable as the server sends. */
export async function recordSocket(
  tape: Tape,
  { name, trades }: { readonly name: string; readonly trades: number },
): Promise<BenchRow> {
  const server = fork(fileURLToPath(import.meta.url), [String(trades)], {
    execArgv: process.execArgv,
  })
  try {
    const [url]: unknown[] = await once(server, 'message')
    const stop = new AbortController()
    const feed = finnhubFeed({
      url: String(url),
      token: null,
      watchlist: fixedWatchlist([SYMBOL]),
      lost: new AbortController().signal,
      recorder: 'bench',
      epoch: 1,
      source: SOURCE,
      clock: systemClock,
      random: systemRandom,
      log: silent,
      metrics: noMetrics,
    })
    let durable = 0
    let dropped = 0
    let start = 0
    const append = async (events: readonly FeedEvent[]) => {
      await tape.append(events)
      durable += tradesIn(events)
      dropped += events.filter(
        (event) => event.kind === 'session' && event.event.kind === 'dropped',
      ).length
      if (start === 0 && durable > 0) start = performance.now() - 1
      if (durable >= trades) stop.abort()
    }
    const gather = createGather({ bytesMax: GATHER_BYTES_MAX })
    server.once('message', () => setTimeout(() => stop.abort(), 2_000)) // all was sent: what is missing was dropped
    const row = await measure(name, async () => {
      await record({
        feed,
        mark: createMark(),
        gather,
        tape: { ...tape, append },
        signal: stop.signal,
      })
      return durable
    })
    const seconds = (performance.now() - start) / 1000
    return {
      ...row,
      seconds,
      rowsPerSecond: row.rows / seconds,
      note: `server in another process, as fast as it is read; ${trades - durable} trades in ${dropped} stretches were dropped`,
    }
  } finally {
    server.kill()
  }
}

/** The server's process: sends `trades` trades as fast as they are taken, then says so. */
async function serve(trades: number): Promise<void> {
  const pool = [...wireFrames({ trades: POOL_TRADES })]
  const source = {
    async *[Symbol.asyncIterator](): AsyncGenerator<ReplayFrame> {
      for (let sent = 0; sent < trades;) {
        for (const { bytes, trades: inside } of pool) {
          if (sent >= trades) return
          yield { atMs: null, bytes, symbols: null, trades: inside }
          sent += inside
        }
      }
    },
  }
  const server = await startReplay({ source, speed: 'max' })
  process.send?.(server.url)
  await server.ended
  process.send?.('ended')
}

if (import.meta.main) await serve(Number(process.argv[2]))
