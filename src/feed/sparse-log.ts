import type { Clock } from '../flow/clock.ts'
import type { Logger } from '../flow/log.ts'

/** A log that says the same message at most once in `everyMs`, with how often it came since (`times`). */
export function sparseLog(log: Logger, clock: Clock, everyMs = 60_000): Logger {
  const said = new Map<string, { atMs: number; held: number }>()
  return (level, message, fields = {}) => {
    const last = said.get(message)
    const nowMs = clock.monotonic()
    if (last !== undefined && nowMs - last.atMs < everyMs) {
      last.held += 1
      return
    }
    const held = last?.held ?? 0
    said.set(message, { atMs: nowMs, held: 0 })
    log(level, message, held === 0 ? fields : { ...fields, times: held + 1 })
  }
}
