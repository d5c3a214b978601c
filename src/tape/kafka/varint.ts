/**
 * Kafka's varint: zigzag (0, -1, 1, -2, …), then seven bits a byte, lowest first; the high bit says that more
 * follow. At most five bytes for an i32 and ten for an i64. Exact up to 2^53 either way.
 */

const VARINT_BYTES_MAX = 10

/** The varint at `at`; what is past the end reads as zeros. Where it ends, `skipVarint` says. */
export function readVarint(bytes: Uint8Array, at: number): number {
  const low = bytes[at] ?? 0
  if (low < 128) return (low >>> 1) ^ -(low & 1)
  const high = bytes[at + 1] ?? 0
  if (high > 127) return readLong(bytes, at)
  const raw = (low & 127) | (high << 7)
  return (raw >>> 1) ^ -(raw & 1)
}

/** Doubles instead of shifts, the sign apart: what is longer than 31 bits stays exact. */
function readLong(bytes: Uint8Array, at: number): number {
  const low = bytes[at] ?? 0
  let magnitude = (low & 127) >>> 1
  let scale = 64
  for (let i = 1; i < VARINT_BYTES_MAX; i++) {
    const byte = bytes[at + i] ?? 0
    magnitude += (byte & 127) * scale
    scale *= 128
    if (byte < 128) break
  }
  return (low & 1) === 0 ? magnitude : -magnitude - 1
}

/** Behind the varint at `at`; past the end of `bytes` when it has more than ten bytes. */
export function skipVarint(bytes: Uint8Array, at: number): number {
  if ((bytes[at] ?? 0) < 128) return at + 1
  for (let i = 1; i < VARINT_BYTES_MAX; i++) if ((bytes[at + i] ?? 0) < 128) return at + i + 1
  return Math.max(at, bytes.length) + 1
}

/** How many bytes `value`, an integer within 2^52 of 0, takes. */
export function varintBytes(value: number): number {
  let raw = value < 0 ? -2 * value - 1 : 2 * value
  let bytes = 1
  for (; raw >= 128; raw /= 128) bytes += 1
  return bytes
}

/** Writes `value` at `at` and answers where it ends. */
export function writeVarint(out: Uint8Array, at: number, value: number): number {
  let raw = value < 0 ? -2 * value - 1 : 2 * value
  for (; raw > 0x7f_ff_ff_ff; raw = Math.floor(raw / 128)) out[at++] = (raw % 128) | 128
  let rest = raw | 0
  for (; rest > 127; rest >>>= 7) out[at++] = (rest & 127) | 128
  out[at++] = rest
  return at
}
