import { crc32 } from 'node:zlib'
import { assert } from '../flow/fault.ts'
import {
  offset,
  recordBytes,
  type LogId,
  type Offset,
  type Partition,
  type Records,
  type Run,
} from '../market/records.ts'

/** Bytes of records in one block: a checksum covers a block, so this is the most that one look reads in vain. */
export const BLOCK_BYTES_MAX = 256 * 1024
/** Records in one block: tiny records must not make a block's arrays larger than its bytes. */
export const BLOCK_RECORDS_MAX = 16_384
/** Bytes of records in one run, unless a single record is larger. */
export const RUN_BYTES_MAX = 1024 * 1024

/** Records [first, next) of one log, contiguous, as they lie on the tape together under one checksum. */
export type Block = Records & { readonly first: number; readonly next: number }

/**
 * Joins and cuts `parts`, in order, into batches of at most BLOCK_BYTES_MAX bytes and BLOCK_RECORDS_MAX
 * records (a larger record is a batch of its own). Every batch owns fresh, exactly sized arrays.
 */
export function batches(parts: readonly Records[]): Records[] {
  const out: Records[] = []
  let open: Slice[] = []
  let bytes = 0
  let count = 0
  const close = () => {
    if (open.length > 0) out.push(join(open, count, bytes))
    open = []
    bytes = 0
    count = 0
  }
  for (const part of parts) {
    checkShape(part)
    for (let from = 0; from < part.count;) {
      const room = { bytes: BLOCK_BYTES_MAX - bytes, records: BLOCK_RECORDS_MAX - count }
      let to = reach(part, from, room)
      if (to === from && count > 0) {
        close()
        continue
      }
      to = Math.max(to, from + 1)
      open.push({ part, from, to })
      bytes += endOf(part, to) - endOf(part, from)
      count += to - from
      from = to
    }
  }
  close()
  return out
}

type Slice = { readonly part: Records; readonly from: number; readonly to: number }

/** Where record `i` begins, which is where record i - 1 ends. */
const endOf = (part: Records, i: number): number => (i === 0 ? 0 : (part.ends[i - 1] ?? 0))

function checkShape({ count, ends, bytes, receivedMs, redelivered }: Records): void {
  const long = ends.length >= count && receivedMs.length >= count && redelivered.length >= count
  assert(long, `a block of ${count} records has shorter columns`)
  assert(count === 0 || (ends[count - 1] ?? 0) <= bytes.length, 'a block ends past its bytes')
}

/** The greatest `to` such that records [from, to) fit the room; `from` when not even one does. */
function reach(part: Records, from: number, room: { bytes: number; records: number }): number {
  const limit = endOf(part, from) + room.bytes
  let low = from
  let high = Math.min(part.count, from + room.records)
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if (endOf(part, middle) <= limit) low = middle
    else high = middle - 1
  }
  return low
}

function join(slices: readonly Slice[], count: number, size: number): Records {
  const bytes = new Uint8Array(size)
  const ends = new Uint32Array(count)
  const receivedMs = new Float64Array(count)
  const redelivered = new Uint8Array(count)
  let at = 0
  let row = 0
  for (const { part, from, to } of slices) {
    const start = endOf(part, from)
    const stop = endOf(part, to)
    bytes.set(part.bytes.subarray(start, stop), at)
    receivedMs.set(part.receivedMs.subarray(from, to), row)
    redelivered.set(part.redelivered.subarray(from, to), row)
    const shift = at - start
    for (let i = from; i < to; i++) ends[row + i - from] = (part.ends[i] ?? 0) + shift
    at += stop - start
    row += to - from
  }
  return { count, bytes, ends, receivedMs, redelivered }
}

/** Rows `rows` of `records`, in that order, with arrays of their own. */
export function picked(records: Records, rows: readonly number[]): Records {
  const parts = rows.map((i) => recordBytes(records, i))
  let end = 0
  return {
    count: rows.length,
    bytes: new Uint8Array(Buffer.concat(parts)),
    ends: Uint32Array.from(parts, ({ length }) => (end += length)),
    receivedMs: Float64Array.from(rows, (i) => records.receivedMs[i] ?? 0),
    redelivered: Uint8Array.from(rows, (i) => records.redelivered[i] ?? 0),
  }
}

/** CRC-32 over the block's place and every column, as little-endian bytes. */
export function blockCrc(first: number, records: Records): number {
  const head = new Float64Array([first, records.count])
  const columns = [head, records.ends, records.receivedMs, records.redelivered, records.bytes]
  return columns.reduce((crc, column) => crc32(raw(column), crc), 0)
}

const raw = (column: Uint8Array | Uint32Array | Float64Array): Uint8Array =>
  new Uint8Array(column.buffer, column.byteOffset, column.byteLength)

export type Place = { readonly log: LogId; readonly partition: Partition }

/**
 * The records of contiguous `blocks` from `from` up to at most `until`, as one run of at most RUN_BYTES_MAX
 * bytes (or one larger record). Null when there is none.
 */
export function runOf(
  blocks: readonly Block[],
  range: { readonly from: number; readonly until: number },
  place: Place,
): Run | null {
  const slices: Slice[] = []
  let size = 0
  let count = 0
  for (const block of blocks) {
    const from = Math.max(0, range.from - block.first)
    const stop = Math.min(block.count, range.until - block.first)
    if (from >= stop) continue
    const room = { bytes: RUN_BYTES_MAX - size, records: stop - from }
    let to = reach(block, from, room)
    if (to === from && count === 0) to = from + 1
    if (to === from) break
    slices.push({ part: block, from, to })
    size += endOf(block, to) - endOf(block, from)
    count += to - from
    if (to < stop) break
  }
  if (count === 0) return null
  const first = Math.max(range.from, blocks[0]?.first ?? range.from)
  const records = whole(slices) ?? join(slices, count, size)
  return {
    ...place,
    ...records,
    first: offset(first),
    next: offset(first + count),
    delta: steps(count),
  }
}

/** A single whole block needs no copy. */
function whole(slices: readonly Slice[]): Records | null {
  const [slice, ...more] = slices
  if (slice === undefined || more.length > 0) return null
  if (slice.from !== 0 || slice.to !== slice.part.count) return null
  const { count, bytes, ends, receivedMs, redelivered } = slice.part
  return { count, bytes, ends, receivedMs, redelivered }
}

const steps = (count: number): Uint32Array => {
  const delta = new Uint32Array(count)
  for (let i = 0; i < count; i++) delta[i] = i
  return delta
}

/** The offset of record `i` of a run. */
export const offsetAt = (run: Run, i: number): Offset => offset(run.first + (run.delta[i] ?? 0))
