import { setTimeout as delay } from 'node:timers/promises'

/** Time as a parameter: milliseconds since 1970 UTC, and a sleep that ends quietly when aborted. */
export type Clock = {
  now(): number
  /** Milliseconds from an arbitrary start; never goes back when the wall clock is set. */
  monotonic(): number
  /** Resolves after `ms` milliseconds, or at once when `signal` aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (ms, signal) => {
    try {
      await delay(ms, undefined, signal === undefined ? {} : { signal })
    } catch {
      // aborted: the caller asks its signal
    }
  },
}
