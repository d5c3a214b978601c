import { randomBytes } from 'node:crypto'

/** Chance as a parameter: a seed replays what it decided. `next` is in [0, 1). */
export type Random = { next(): number; integer(below: number): number }

/** A 32-bit seeded generator (mulberry32, Tommy Ettinger, public domain). Not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  return { next, integer: (below) => Math.floor(next() * below) }
}

/** A seed nobody chose. */
export const freshSeed = (): number => randomBytes(4).readUInt32LE(0)

export const systemRandom: Random = {
  next: Math.random,
  integer: (below) => Math.floor(Math.random() * below),
}
