import type { Clock } from './clock.ts'
import type { Random } from './random.ts'
import { isFault } from './fault.ts'

/** Waits between tries: `baseMs` doubled each time up to `capMs`, each jittered to [1/2, 1] of it. */
export type Backoff = { readonly baseMs: number; readonly capMs: number }

/** The wait before try number `attempt` (0 is the first retry), in milliseconds. */
export const backoffMs = ({ baseMs, capMs }: Backoff, attempt: number, random: Random): number =>
  Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30)) * (0.5 + random.next() / 2)

export type Retrying = Backoff & {
  readonly triesMax: number
  readonly clock: Clock
  readonly random: Random
  readonly signal?: AbortSignal
}

/** Calls `act` again while it fails with kind `unavailable`; the last failure is thrown as it came. */
export async function retry<T>(act: () => Promise<T>, options: Retrying): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await act()
    } catch (error) {
      const stop = attempt + 1 >= options.triesMax || options.signal?.aborted === true
      if (stop || !isFault(error, 'unavailable')) throw error
      await options.clock.sleep(backoffMs(options, attempt, options.random), options.signal)
    }
  }
}
