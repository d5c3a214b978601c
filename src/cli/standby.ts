import type { Parts } from '../config/components.ts'
import { isFault } from '../flow/fault.ts'

/** A lease on this machine that is still not taken after this long is another's. */
const TAKEN_MS = 1_000
/** A group of Kafka is joined in 1 to 3 s; then it is asked who has the lease, and again until somebody has. */
const ASK_MS = 4_000
const STANDING_BY = 'another recorder has the lease of this tape: standing by'

/** Says once, while `signal` has not aborted, that another recorder has the lease. Never rejects. */
export async function tellStandby(parts: Parts, signal: AbortSignal): Promise<void> {
  const { clock, log, places } = parts
  if (places.tape.kind === 'sqlite') {
    await clock.sleep(TAKEN_MS, signal)
    if (!signal.aborted) log('info', STANDING_BY)
    return
  }
  const { recorderOf } = await import('../config/topics.ts')
  while (!signal.aborted) {
    await clock.sleep(ASK_MS, signal)
    if (signal.aborted) return
    try {
      const holder = await recorderOf(parts)
      if (signal.aborted || holder === null) continue
      log('info', STANDING_BY, { recorder: holder.host })
      return
    } catch (error) {
      if (!isFault(error)) throw error // brokers are away: whoever waits for the lease says so
    }
  }
}
