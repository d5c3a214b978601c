import type { Clock } from '../flow/clock.ts'
import type { Percentiles } from './contract/status.ts'

/** Queries whose times count. */
const QUERIES = 100

/** What the queries of this server do now, and how long the last hundred took. */
export type QueryClock = {
  /** A query begins; what it gives is called when it is over, and counts once. */
  readonly began: () => () => void
  readonly running: () => number
  readonly millis: () => Percentiles | null
}

export function createQueryClock(clock: Clock): QueryClock {
  const took: number[] = []
  let running = 0
  return {
    began: () => {
      const start = clock.monotonic()
      let over = false
      running += 1
      return () => {
        if (over) return
        over = true
        running -= 1
        took.push(clock.monotonic() - start)
        if (took.length > QUERIES) took.shift()
      }
    },
    running: () => running,
    millis: () => {
      if (took.length === 0) return null
      const sorted = took.toSorted((a, b) => a - b)
      const at = (share: number) =>
        Math.round((sorted[Math.ceil(sorted.length * share) - 1] ?? 0) * 10) / 10
      return { p50: at(0.5), p99: at(0.99) }
    },
  }
}
