import { hoursOf, newYorkDay } from '../market/calendar.ts'

const HOUR_MS = 3_600_000

// New York's offset is whole hours, so its day and that day's hours hold for an hour of UTC
let hourStartMs = Number.NaN
let hours = hoursOf(newYorkDay(0))

function hoursAt(timeMs: number): ReturnType<typeof hoursOf> {
  const startMs = Math.floor(timeMs / HOUR_MS) * HOUR_MS
  if (startMs !== hourStartMs) {
    hours = hoursOf(newYorkDay(startMs))
    hourStartMs = startMs
  }
  return hours
}

/** Whether US exchanges are in their regular session; outside it trades carry 24 (form T). */
export function inRegularHours(timeMs: number): boolean {
  const { open, openMs, closeMs } = hoursAt(timeMs)
  return open && timeMs >= openMs && timeMs < closeMs
}

/** How busy trading is: a U over the regular session (mean 1), a thin tail in the hours around it, a trickle at night. */
export function sessionShape(timeMs: number): number {
  const { open, openMs, closeMs } = hoursAt(timeMs)
  if (inRegularHours(timeMs)) {
    const fromMiddle = (timeMs - (openMs + closeMs) / 2) / ((closeMs - openMs) / 2)
    return 0.7 + 1.5 * fromMiddle ** 4
  }
  const extended = open && timeMs >= openMs - 5.5 * HOUR_MS && timeMs < closeMs + 4 * HOUR_MS
  return extended ? 0.15 : 0.02
}
