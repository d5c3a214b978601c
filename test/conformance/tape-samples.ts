import { crc32 } from 'node:zlib'
import type { FeedEvent, SessionEvent } from '../../src/market/feed-events.ts'
import {
  recordBytes,
  type Keyed,
  type Offset,
  type Partition,
  type Position,
  type Run,
} from '../../src/market/records.ts'
import { offset, partition } from '../../src/market/records.ts'
import type { Bounds, Log } from '../../src/tape/tape.ts'

export const SOURCE = 'simulator'
export const ZERO = partition(0)

export type Sample = {
  readonly symbol?: string
  readonly bytes: Uint8Array
  readonly receivedMs?: number
  readonly redelivered?: boolean
}

/** One block of these records, keyed by their symbols. */
export function blockOf(samples: readonly Sample[]): FeedEvent {
  const keys = [...new Set(samples.map(({ symbol = 'TSLA' }) => symbol))]
  let end = 0
  const records: Keyed = {
    count: samples.length,
    bytes: new Uint8Array(Buffer.concat(samples.map(({ bytes }) => bytes))),
    ends: Uint32Array.from(samples, ({ bytes }) => (end += bytes.length)),
    receivedMs: Float64Array.from(samples, ({ receivedMs = 1_763_997_374_633 }) => receivedMs),
    redelivered: Uint8Array.from(samples, ({ redelivered = false }) => (redelivered ? 1 : 0)),
    key: Uint32Array.from(samples, ({ symbol = 'TSLA' }) => keys.indexOf(symbol)),
    keys,
  }
  return { kind: 'records', records }
}

const encoder = new TextEncoder()

/** A block of records with these texts. */
export const texts = (...words: readonly string[]): FeedEvent =>
  blockOf(words.map((word) => ({ bytes: encoder.encode(word) })))

/** Records `first` to `next` - 1 of an endless sequence that any process can make again. */
export const numbered = (first: number, next: number, symbol = 'TSLA'): FeedEvent =>
  blockOf(
    Array.from({ length: next - first }, (_, i) => ({
      symbol,
      bytes: encoder.encode(`{"p":${(first + i) / 8},"s":"${symbol}","t":${first + i},"v":1}`),
      receivedMs: first + i,
      redelivered: (first + i) % 7 === 0,
    })),
  )

export const alive = (at: number, source = SOURCE): FeedEvent => {
  const event: SessionEvent = {
    kind: 'alive',
    at,
    recorder: 'r1',
    epoch: 1,
    source,
    symbols: null,
    from: null,
    to: at,
    cause: null,
    bytes: null,
  }
  return { kind: 'session', event }
}

/** A record as it was read back. */
export type Read = {
  readonly partition: Partition
  readonly offset: Offset
  readonly text: string
  readonly crc: number
  readonly receivedMs: number
  readonly redelivered: number
}

export const readsOf = (run: Run): Read[] =>
  Array.from({ length: run.count }, (_, i) => ({
    partition: run.partition,
    offset: offset(run.first + (run.delta[i] ?? Number.NaN)),
    text: Buffer.from(recordBytes(run, i)).toString(),
    crc: crc32(recordBytes(run, i)),
    receivedMs: run.receivedMs[i] ?? Number.NaN,
    redelivered: run.redelivered[i] ?? Number.NaN,
  }))

export const ends = (bounds: ReadonlyMap<Partition, Bounds>): Map<Partition, Offset> =>
  new Map([...bounds].map(([at, { end }]) => [at, end]))

export const never = new AbortController().signal

/** Every record that the log holds now. */
export async function all(log: Log): Promise<Read[]> {
  const reads: Read[] = []
  for await (const run of log.read(new Map(), ends(await log.bounds()), never))
    reads.push(...readsOf(run))
  return reads
}

export const textsOf = (reads: readonly Read[]): string[] => reads.map(({ text }) => text)

/** The first `count` records (or more, to the end of a run) of a stream of runs, which is then left. */
export async function take(runs: AsyncIterable<Run>, count: number): Promise<Read[]> {
  const reads: Read[] = []
  for await (const run of runs) {
    reads.push(...readsOf(run))
    if (reads.length >= count) break
  }
  return reads
}

/** The position right behind a record. */
export const behind = ({ offset: at, crc }: Read): Position => ({
  next: offset(at + 1),
  last: { offset: at, crc },
})

export const positions = (position: Position): Map<Partition, Position> =>
  new Map([[ZERO, position]])
