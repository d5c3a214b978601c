import { Fault } from '../../flow/fault.ts'
import type { Records } from '../../market/records.ts'
import { COMPRESSIONS, type Codecs, type Compression } from './compression.ts'
import {
  clear,
  openPage,
  putByte,
  putBytes,
  putSlice,
  putVarint,
  reserve,
  setSource,
} from './page.ts'
import { FIELD, HEAD_BYTES, MAGIC, REDELIVERED, UNCOUNTED_BYTES, viewOf } from './record-batch.ts'
import { varintBytes } from './varint.ts'

const ROOM_BYTES_MIN = 16 * 1024
/** The year 73326: times so far apart still make exact varints. */
const MS_MAX = 2 ** 51
const NO_LEADER_EPOCH = -1
const NO_KEY_BYTES = -1
const MARK_VALUE = 0x31 // "1"
/** One header: their count, bytes of its key, the key, bytes of its value, the value. */
const MARK_BYTES = 1 + 1 + REDELIVERED.length + 1 + 1

/** The producer as the broker knows it, and the batch's place in what it writes to the partition. */
export type Stamp = {
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly baseSequence: number
}

/** An open batch. Keeps no reference to records or keys after `finish`. */
export type BatchEncoder = {
  /**
   * Takes record `i` of `records` under `key` (null: no key), its time in whole ms; false, and nothing taken,
   * when the batch is not empty and would pass bytesMax uncompressed.
   */
  add(records: Records, i: number, key: Uint8Array | null): boolean
  readonly count: number
  /** Uncompressed size so far, header included. */
  readonly bytes: number
  /**
   * The finished batch, whole with CRC-32C, as fresh bytes of exactly its size; the encoder is empty again
   * and may be reused. What compressing would not make smaller is left, and marked, uncompressed.
   */
  finish(stamp: Stamp): Uint8Array
}

type Options = {
  readonly compression: Compression
  readonly bytesMax: number
  readonly codecs: Codecs
}

/** Makes batches of at most `bytesMax` bytes uncompressed, or of one larger record; see record-batch.ts. */
export function batchEncoder(options: Options): BatchEncoder {
  const page = openPage(ROOM_BYTES_MIN)
  let count = 0
  let firstMs = 0
  let maxMs = 0
  return {
    get count() {
      return count
    },
    get bytes() {
      return HEAD_BYTES + page.size
    },
    add: (records, i, key) => {
      const from = i === 0 ? 0 : (records.ends[i - 1] ?? 0)
      const to = records.ends[i] ?? 0
      const ms = wholeMs(records.receivedMs[i])
      const marked = records.redelivered[i] === 1
      const msDelta = count === 0 ? 0 : ms - firstMs
      const keyBytes = key === null ? NO_KEY_BYTES : key.length
      const deltaBytes = varintBytes(msDelta) + varintBytes(count)
      const length = 1 + deltaBytes + contentBytes(to - from, keyBytes, marked)
      const room = varintBytes(length) + length
      if (count > 0 && HEAD_BYTES + page.size + room > options.bytesMax) return false
      reserve(page, room)
      setSource(page, records.bytes)
      putVarint(page, length)
      putByte(page, 0) // attributes: none are defined
      putVarint(page, msDelta)
      putVarint(page, count)
      putVarint(page, keyBytes)
      if (key !== null) putBytes(page, key)
      putVarint(page, to - from)
      putSlice(page, from, to)
      putVarint(page, marked ? 1 : 0)
      if (marked) {
        putVarint(page, REDELIVERED.length)
        putBytes(page, REDELIVERED)
        putVarint(page, 1)
        putByte(page, MARK_VALUE)
      }
      if (count === 0) firstMs = maxMs = ms
      else if (ms > maxMs) maxMs = ms
      count += 1
      return true
    },
    finish: (stamp) => {
      const records = page.bytes.subarray(0, page.size)
      const batch = seal(records, { ...stamp, count, firstMs, maxMs }, options)
      clear(page, Math.max(ROOM_BYTES_MIN, options.bytesMax))
      count = 0
      return batch
    },
  }
}

/** Size of a batch that holds only this record, uncompressed: what is compared with the topic's max.message.bytes. */
export function loneBatchBytes(
  recordBytes: number,
  keyBytes: number,
  redelivered: boolean,
): number {
  const length =
    1 + varintBytes(0) + varintBytes(0) + contentBytes(recordBytes, keyBytes, redelivered)
  return HEAD_BYTES + varintBytes(length) + length
}

/** Key, value and headers of one record. */
const contentBytes = (valueBytes: number, keyBytes: number, marked: boolean): number =>
  varintBytes(keyBytes) +
  Math.max(0, keyBytes) +
  varintBytes(valueBytes) +
  valueBytes +
  (marked ? MARK_BYTES : 1)

function wholeMs(receivedMs: number | undefined): number {
  const ms = Math.floor(receivedMs ?? Number.NaN)
  if (ms >= -MS_MAX && ms <= MS_MAX) return ms
  throw new Fault('bug', `a record was received at ${receivedMs}, which is no time`, {
    remedy: 'Report this with the stack.',
  })
}

type Sealing = Stamp & { readonly count: number; readonly firstMs: number; readonly maxMs: number }

/** Head, compressed records, checksum. */
function seal(records: Uint8Array, sealing: Sealing, { compression, codecs }: Options): Uint8Array {
  if (sealing.count === 0)
    throw new Fault('bug', 'a batch without records was to be finished', {
      remedy: 'Report this with the stack.',
    })
  const packed = codecs.compress(compression, records)
  const smaller = packed.length < records.length
  const content = smaller ? packed : records
  const batch = new Uint8Array(HEAD_BYTES + content.length)
  const view = viewOf(batch)
  view.setBigInt64(FIELD.first, 0n)
  view.setInt32(FIELD.length, batch.length - UNCOUNTED_BYTES)
  view.setInt32(FIELD.leaderEpoch, NO_LEADER_EPOCH)
  view.setInt8(FIELD.magic, MAGIC)
  view.setInt16(FIELD.attributes, smaller ? COMPRESSIONS.indexOf(compression) : 0)
  view.setInt32(FIELD.lastDelta, sealing.count - 1)
  view.setBigInt64(FIELD.firstMs, BigInt(sealing.firstMs))
  view.setBigInt64(FIELD.maxMs, BigInt(sealing.maxMs))
  view.setBigInt64(FIELD.producerId, sealing.producerId)
  view.setInt16(FIELD.producerEpoch, sealing.producerEpoch)
  view.setInt32(FIELD.sequence, sealing.baseSequence)
  view.setInt32(FIELD.count, sealing.count)
  batch.set(content, HEAD_BYTES)
  view.setUint32(FIELD.crc, codecs.crc32c(batch.subarray(FIELD.attributes)))
  return batch
}
