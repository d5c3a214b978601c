import type { Rolled, Stretch } from '../../src/lake/lake.ts'
import { RECORDS, type Column, type Rows } from '../../src/market/tables.ts'
import {
  logId,
  offset,
  partition,
  type LogId,
  type Offset,
  type Partition,
} from '../../src/market/records.ts'

export const LOG: LogId = logId('5b0d7c1e-0000-4000-8000-000000000001')
export const DAY_MS = 86_400_000
export const DAY_ZERO_MS = Date.UTC(2026, 10, 23)

export type Span = {
  readonly partition: number
  readonly first: number
  readonly next: number
  readonly log?: LogId
  /** Of the first record; each later one comes a second after. */
  readonly ms?: number
}

/** The CRC that a simulated record has: any function of its place will do. */
export const crcOf = (part: number, at: number): number => (part * 1_000_003 + at * 7_919) >>> 0

/** Rows of a span of records, with what tells where and when they came. */
export function rowsOf({ partition: part, first, next, log = LOG, ms }: Span): Rows {
  const count = next - first
  const start = ms ?? DAY_ZERO_MS + first * 1_000
  const receivedMs = Float64Array.from({ length: count }, (_, i) => start + i * 1_000)
  const offsets = Float64Array.from({ length: count }, (_, i) => first + i)
  const columns = new Map<string, Column>([
    ['received_at', { kind: 'numbers', values: receivedMs, missing: null }],
    ['tape', { kind: 'constant', value: log }],
    ['tape_partition', { kind: 'constant', value: part }],
    ['tape_offset', { kind: 'numbers', values: offsets, missing: null }],
  ])
  return {
    count,
    columns: RECORDS.fields.map(
      ({ name }) => columns.get(name) ?? { kind: 'constant', value: null },
    ),
    run: {
      log,
      partition: partition(part),
      first: offset(first),
      next: offset(next),
      delta: Uint32Array.from({ length: count }, (_, i) => i),
      count,
      bytes: new Uint8Array(),
      ends: new Uint32Array(count),
      receivedMs,
      redelivered: new Uint8Array(count),
    },
  }
}

/** A roll of spans, at most one a partition. */
export function roll(spans: readonly Span[]): Rolled {
  const stretches = new Map<Partition, Stretch>()
  for (const { partition: part, first, next } of spans)
    stretches.set(partition(part), {
      first: offset(first),
      position: { next: offset(next), last: landmark(part, next) },
    })
  return {
    batches: spans.map(rowsOf),
    rows: spans.reduce((sum, { first, next }) => sum + next - first, 0),
    stretches,
    openedMs: 0,
  }
}

const landmark = (part: number, next: number): { offset: Offset; crc: number } | null =>
  next === 0 ? null : { offset: offset(next - 1), crc: crcOf(part, next - 1) }
