import { partition, type Partition } from '../../market/records.ts'

/** The partition of a key, as Java's default partitioner chooses it: toPositive(murmur2(key)) % partitions. */
export const homeOf = (key: Uint8Array, partitions: number): Partition =>
  partition((murmur2(key) & 0x7f_ff_ff_ff) % partitions)

/** Murmur2 as Kafka's Java client computes it (Utils.murmur2, seed 0x9747b28c): a signed 32-bit integer. */
export function murmur2(key: Uint8Array): number {
  const { length } = key
  const view = new DataView(key.buffer, key.byteOffset, length)
  const whole = length & ~3
  let hash = 0x97_47_b2_8c ^ length
  for (let at = 0; at < whole; at += 4) {
    const word = Math.imul(view.getInt32(at, true), MIX)
    hash = Math.imul(hash, MIX) ^ Math.imul(word ^ (word >>> 24), MIX)
  }
  if (whole < length) {
    for (let at = length - 1; at >= whole; at--) hash ^= view.getUint8(at) << (8 * (at - whole))
    hash = Math.imul(hash, MIX)
  }
  hash = Math.imul(hash ^ (hash >>> 13), MIX)
  return hash ^ (hash >>> 15)
}

const MIX = 0x5b_d1_e9_95
