import { silent, type Logger } from '../flow/log.ts'
import { recordBytes, type Partition, type Run } from '../market/records.ts'
import type { Log, Starts } from '../tape/tape.ts'
import { tradeFrame } from './frame.ts'
import type { ReplayFrame, ReplaySource } from './replay.ts'

const FRAME_TRADES_MAX = 1_000 // records of one millisecond beyond this go in more frames

/** What to play: records received in [fromMs, toMs), of these symbols; absent: all. */
export type Stretch = {
  readonly fromMs?: number
  readonly toMs?: number
  readonly symbols?: readonly string[]
}

type Played = { readonly atMs: number; readonly symbol: string | null; readonly text: string }

/**
 * What a tape holds now, as frames at the times of arrival: records that came in the same millisecond
 * share a frame, each verbatim. Partitions are merged by that time. A record that is no JSON cannot stand
 * in a frame: it is left out and told to `log`.
 */
export const tapeFrames = (
  trades: Log,
  stretch: Stretch = {},
  log: Logger = silent,
): ReplaySource => ({
  async *[Symbol.asyncIterator]() {
    const stop = new AbortController()
    let left = 0
    const onDefect = () => (left += 1)
    const bounds = await trades.bounds()
    const ends: Starts = new Map([...bounds].map(([partition, { end }]) => [partition, end]))
    const heads: Head[] = []
    for (const [partition, { earliest }] of bounds) {
      const from = new Map([...ends, [partition, earliest]])
      const records = played(trades.read(from, ends, stop.signal), { partition, stretch, onDefect })
      heads.push({ records, next: await records.next() })
    }
    try {
      yield* framed(merged(heads))
    } finally {
      stop.abort()
      await Promise.all(heads.map(({ records }) => records.return(undefined)))
      if (left > 0) log('warn', 'records that are no JSON were not replayed', { records: left })
    }
  },
})

type Wanted = {
  readonly partition: Partition
  readonly stretch: Stretch
  readonly onDefect: () => void
}

async function* played(
  runs: AsyncIterable<Run>,
  { partition, stretch, onDefect }: Wanted,
): AsyncGenerator<Played, undefined, undefined> {
  const { fromMs = -Infinity, toMs = Infinity, symbols } = stretch
  const chosen = symbols === undefined ? null : new Set(symbols)
  for await (const run of runs) {
    if (run.partition !== partition) continue
    for (let i = 0; i < run.count; i++) {
      const atMs = run.receivedMs[i] ?? 0
      if (atMs < fromMs || atMs >= toMs) continue
      const record = readable(recordBytes(run, i))
      if (record === null) onDefect()
      else if (chosen === null || (record.symbol !== null && chosen.has(record.symbol)))
        yield { atMs, ...record }
    }
  }
  return undefined
}

function readable(bytes: Uint8Array): { symbol: string | null; text: string } | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    const symbol = (JSON.parse(text) as { s?: unknown } | null)?.s
    return { symbol: typeof symbol === 'string' ? symbol : null, text }
  } catch {
    return null
  }
}

type Head = {
  readonly records: AsyncGenerator<Played, undefined, undefined>
  next: IteratorResult<Played, undefined>
}

/** The records of all partitions by time of arrival; few partitions, so the earliest is looked for. */
async function* merged(heads: readonly Head[]): AsyncGenerator<Played> {
  for (;;) {
    let first: Head | null = null
    for (const head of heads) {
      if (head.next.done === true) continue
      if (first === null || head.next.value.atMs < (first.next.value?.atMs ?? Infinity))
        first = head
    }
    if (first === null || first.next.done === true) return
    yield first.next.value
    first.next = await first.records.next()
  }
}

async function* framed(records: AsyncIterable<Played>): AsyncGenerator<ReplayFrame> {
  let some: Played[] = []
  for await (const record of records) {
    const [first] = some
    if (first !== undefined && (first.atMs !== record.atMs || some.length >= FRAME_TRADES_MAX)) {
      yield frameOf(some)
      some = []
    }
    some.push(record)
  }
  if (some.length > 0) yield frameOf(some)
}

function frameOf(records: readonly Played[]): ReplayFrame {
  const symbols = new Set(records.map(({ symbol }) => symbol))
  const named = [...symbols].filter((symbol) => symbol !== null)
  return {
    atMs: records[0]?.atMs ?? null,
    bytes: tradeFrame(records.map(({ text }) => text)),
    symbols: symbols.has(null) ? null : named,
    trades: records.length,
  }
}
