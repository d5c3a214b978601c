import type { Clock } from '../flow/clock.ts'
import { isFault } from '../flow/fault.ts'
import type { Logger } from '../flow/log.ts'
import type { Metrics } from '../flow/metrics.ts'
import type { Random } from '../flow/random.ts'
import { backoffMs } from '../flow/retry.ts'
import type { Tape } from './tape.ts'

// Short at first, for a lock; a disk that is full stays so for a while, and room is used within seconds.
const BACKOFF = { baseMs: 100, capMs: 5_000 } as const

export type Patience = {
  /** Ends it: one more try, whose failure is thrown. */
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly metrics: Metrics
}

/**
 * An append that is tried again, the same one, for as long as the tape answers `unavailable` (disk full,
 * locked). Meanwhile the feed's queue fills and the socket stays open: a short stop loses nothing, a long
 * one is a gap. Said to the log when it begins and when it is over.
 */
export function patientAppend(append: Tape['append'], patience: Patience): Tape['append'] {
  const { signal, clock, random, log, metrics } = patience
  return async (events) => {
    const began = clock.monotonic()
    for (let attempt = 0; ; attempt++) {
      const last = signal.aborted
      try {
        await append(events)
        if (attempt > 0)
          log('info', 'the tape takes records again', {
            seconds: Math.round((clock.monotonic() - began) / 1_000),
          })
        return
      } catch (error) {
        if (last || !isFault(error, 'unavailable')) throw error
        metrics.add('ticklake_tape_append_retries_total', 1)
        if (attempt === 0)
          log('error', `${error.message}: what comes waits in memory`, { remedy: error.remedy })
        await clock.sleep(backoffMs(BACKOFF, attempt, random), signal)
      }
    }
  }
}
