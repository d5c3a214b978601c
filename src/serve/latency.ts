import type { Clock } from '../flow/clock.ts'
import type { Percentiles } from './contract/status.ts'

/** Seconds that count. */
const SECONDS = 60
/** A step of the histogram is nine percent: eight to each doubling, from 1 ms to two days. */
const STEPS_PER_DOUBLING = 8
const STEPS = STEPS_PER_DOUBLING * 28

export type Latency = {
  /** Something took so long, ms; below 0 counts as 0. */
  add(ms: number): void
  /** Of the last minute, ms, within nine percent; null: nothing was added. */
  percentiles(): Percentiles | null
}

/** Percentiles of the last minute in constant memory. */
export function createLatency(clock: Clock): Latency {
  const counts = new Uint32Array(SECONDS * STEPS)
  const seconds = new Float64Array(SECONDS).fill(-1)
  const now = () => Math.floor(clock.monotonic() / 1000)
  return {
    add: (ms) => {
      const second = now()
      const row = second % SECONDS
      if (seconds[row] !== second) {
        seconds[row] = second
        counts.fill(0, row * STEPS, (row + 1) * STEPS)
      }
      const at = row * STEPS + stepOf(ms)
      counts[at] = (counts[at] ?? 0) + 1
    },
    percentiles: () => {
      const from = now() - SECONDS
      const sums = new Float64Array(STEPS)
      let total = 0
      for (let row = 0; row < SECONDS; row++) {
        if ((seconds[row] ?? -1) <= from) continue
        for (let step = 0; step < STEPS; step++) {
          const count = counts[row * STEPS + step] ?? 0
          sums[step] = (sums[step] ?? 0) + count
          total += count
        }
      }
      if (total === 0) return null
      return { p50: quantile(sums, total * 0.5), p99: quantile(sums, total * 0.99) }
    },
  }
}

const stepOf = (ms: number): number =>
  Math.min(STEPS - 1, Math.max(0, Math.round(Math.log2(Math.max(1, ms)) * STEPS_PER_DOUBLING)))

function quantile(sums: Float64Array, rank: number): number {
  let seen = 0
  const at = sums.findIndex((count) => (seen += count) >= rank)
  return Math.round(2 ** (at / STEPS_PER_DOUBLING) * 10) / 10
}
