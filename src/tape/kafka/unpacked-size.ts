import { viewOf } from './record-batch.ts'

/** Magic of the blocks that Java's snappy writes ("xerial"): then i32 version, i32 oldest reader, (i32 size, block)*. */
const XERIAL = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]
const XERIAL_HEAD_BYTES = 16

/** What snappy bytes, raw or in xerial blocks, say that they unpack to; throws when they are cut. */
export function snappyUnpackedBytes(bytes: Uint8Array): number {
  if (!isXerial(bytes)) return snappyBlockBytes(bytes)
  const view = viewOf(bytes)
  let total = 0
  for (let at = XERIAL_HEAD_BYTES; at < bytes.length;) {
    const end = at + 4 + view.getUint32(at)
    const block = bytes.subarray(at + 4, end)
    if (end > bytes.length || isXerial(block)) throw new Error('a snappy block is no block')
    total += snappyBlockBytes(block)
    at = end
  }
  return total
}

const isXerial = (bytes: Uint8Array): boolean => XERIAL.every((byte, i) => bytes[i] === byte)

/** A raw block begins with its unpacked size: seven bits a byte, lowest first. */
function snappyBlockBytes(block: Uint8Array): number {
  let size = 0
  for (let i = 0; i < 5; i++) {
    const byte = block[i]
    if (byte === undefined) break
    size += (byte & 127) * 128 ** i
    if (byte < 128) return size
  }
  throw new Error('a snappy block has no size')
}

const LZ4_MAGIC = 0x18_4d_22_04
const LZ4_STORED = 0x80_00_00_00
/** A byte of an lz4 block stands for at most 255. */
const LZ4_RATIO_MAX = 255

/**
 * The most that an lz4 frame can unpack to, by its blocks; throws when it is no whole frame.
 *
 *     Frame => magic:u32 flags:u8 largest:u8 [content_bytes:u64] [dictionary:u32] check:u8 block* 0:u32 [check:u32]
 *       flags    bit 4: blocks have checks, 3: content_bytes is there, 2: a check at the end, 0: dictionary
 *       largest  bits 4-6: a block unpacks to at most 2^(8 + 2n) bytes
 *     Block => bytes:u32 content [check:u32]     high bit of `bytes`: the content is not compressed
 */
export function lz4UnpackedBytesMax(bytes: Uint8Array): number {
  const view = viewOf(bytes)
  if (view.getUint32(0, true) !== LZ4_MAGIC) throw new Error('this is no lz4 frame')
  const flags = view.getUint8(4)
  const largest = 2 ** (8 + 2 * ((view.getUint8(5) >>> 4) & 7))
  const checkBytes = (flags & 0b1_0000) === 0 ? 0 : 4
  let at = 7 + ((flags & 0b1000) === 0 ? 0 : 8) + ((flags & 1) === 0 ? 0 : 4)
  let total = 0
  for (let word = view.getUint32(at, true); word !== 0; word = view.getUint32(at, true)) {
    const size = word % LZ4_STORED
    total += word >= LZ4_STORED ? size : Math.min(largest, size * LZ4_RATIO_MAX)
    at += 4 + size + checkBytes
  }
  return total
}
