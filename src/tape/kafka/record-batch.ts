import { Fault } from '../../flow/fault.ts'
import type { Place } from '../block.ts'

/**
 * Record batch, format 2 (kafka.apache.org/documentation, "Record Batch"). Numbers are big-endian.
 *
 *     Batch => first:i64 length:i32 leader_epoch:i32 magic:i8 crc:u32 attributes:i16 last_delta:i32
 *              first_ms:i64 max_ms:i64 producer_id:i64 producer_epoch:i16 sequence:i32 count:i32 records
 *       first       offset of the first record; the broker writes it, and no checksum covers it
 *       length      bytes behind this field
 *       magic       2
 *       crc         CRC-32C of all that is behind it
 *       attributes  bits 0-2: how `records` are compressed, 3: all times are max_ms (append time),
 *                   4: part of a transaction, 5: a control batch
 *       last_delta  first + last_delta is the last offset, also where compaction took that record away
 *       records     record × count, together compressed
 *     Record => length:varint attributes:i8 ms_delta:varint offset_delta:varint key value headers:varint [header]
 *       length      bytes behind this field
 *       ms_delta    to first_ms; may be negative
 *       key, value  bytes:varint content; bytes is -1 for null
 *     Header => key value
 *     Key of a control record => version:i16 type:i16, type 0: the transaction was aborted, 1: committed
 */
export const FIELD = {
  first: 0,
  length: 8,
  leaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastDelta: 23,
  firstMs: 27,
  maxMs: 35,
  producerId: 43,
  producerEpoch: 51,
  sequence: 53,
  count: 57,
} as const
export const HEAD_BYTES = 61
/** What `length` does not count: the first offset and itself. */
export const UNCOUNTED_BYTES = 12
export const MAGIC = 2
export const COMPRESSION_BITS = 0b111
export const APPEND_TIME = 0b1000
export const TRANSACTIONAL = 0b1_0000
export const CONTROL = 0b10_0000
export const CONTROL_ABORT = 0

/** Header of a record that the feed sent before; its value is `1`. */
export const REDELIVERED = Uint8Array.from(Buffer.from('redelivered'))

/** A batch's head; the batch is the bytes [at, end) and covers the offsets [first, next). */
export type Head = {
  readonly at: number
  readonly end: number
  readonly first: number
  readonly next: number
  readonly magic: number
  readonly attributes: number
  readonly firstMs: number
  readonly maxMs: number
  readonly count: number
}

/** The head of the batch at `at`, as it is written; null: not the whole batch is there. */
export function headAt(view: DataView, at: number): Head | null {
  const room = view.byteLength - at
  if (room < FIELD.crc) return null
  const end = at + UNCOUNTED_BYTES + view.getInt32(at + FIELD.length)
  if (end > view.byteLength) return null
  const first = getInt64(view, at + FIELD.first)
  const magic = view.getInt8(at + FIELD.magic)
  const fields = { at, end, first, next: first, magic }
  if (end < at + HEAD_BYTES) return { ...fields, attributes: 0, firstMs: 0, maxMs: 0, count: 0 }
  return {
    ...fields,
    next: first + view.getInt32(at + FIELD.lastDelta) + 1,
    attributes: view.getInt16(at + FIELD.attributes),
    firstMs: getInt64(view, at + FIELD.firstMs),
    maxMs: getInt64(view, at + FIELD.maxMs),
    count: view.getInt32(at + FIELD.count),
  }
}

/** What is wrong with a batch, and what to do. */
export type Flaw = { readonly flaw: string; readonly remedy?: string; readonly cause?: unknown }

/** What makes no sense in the head of a batch that comes after the offset `behind` - 1; null: nothing. */
export function flawOf(head: Head, behind: number): Flaw | null {
  const { at, end, first, next, magic, count } = head
  if (magic === 0 || magic === 1)
    return { flaw: `it has Kafka's old message format ${magic}`, remedy: OLD_FORMAT_REMEDY }
  if (magic !== MAGIC) return { flaw: `it has the unknown format ${magic}` }
  if (end < at + HEAD_BYTES) return { flaw: 'it is shorter than its head' }
  if (first < 0 || !Number.isSafeInteger(next)) return { flaw: 'its offset is no offset' }
  if (first < behind) return { flaw: `it comes after the offset ${behind - 1}` }
  if (count < 0 || count > next - first) return { flaw: `it holds ${count} records, it says` }
  return null
}

const OLD_FORMAT_REMEDY =
  'Write to the topic with a producer of Kafka 0.11 or newer, and begin behind the records of the old one.'

/** As a double: exact up to 2^53. */
const getInt64 = (view: DataView, at: number): number =>
  view.getInt32(at) * 4_294_967_296 + view.getUint32(at + 4)

export const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** Bytes in a log that are not what was once written there. */
export const corrupt = (
  { log, partition }: Place,
  offset: number,
  { flaw, remedy = REMEDY, cause }: Flaw,
): Fault =>
  new Fault(
    'corrupt',
    `log ${log}, partition ${partition}: the batch at offset ${offset} cannot be read: ${flaw}`,
    { remedy, cause },
  )

const REMEDY =
  'Keep the topic as it is and look at that offset on every replica with kafka-dump-log: where it is sound, let that replica lead.'
