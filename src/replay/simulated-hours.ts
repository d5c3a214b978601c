const HOUR_MS = 3_600_000
const clockFace = new Intl.DateTimeFormat('en-US', {
  timeZone: 'America/New_York',
  weekday: 'short',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
})

type Face = { readonly weekend: boolean; readonly hour: number }

// New York's offset changes on whole hours only, so one look an hour is enough
let hourStartMs = Number.NaN
let hourFace: Face = { weekend: false, hour: 0 }

/** The hour of the day in New York, with its fraction, and whether it is a weekend. */
function faceAt(timeMs: number): Face {
  const startMs = Math.floor(timeMs / HOUR_MS) * HOUR_MS
  if (startMs !== hourStartMs) {
    const parts = new Map(clockFace.formatToParts(startMs).map(({ type, value }) => [type, value]))
    const weekday = parts.get('weekday')
    hourFace = { weekend: weekday === 'Sat' || weekday === 'Sun', hour: Number(parts.get('hour')) }
    hourStartMs = startMs
  }
  return { weekend: hourFace.weekend, hour: hourFace.hour + (timeMs - startMs) / HOUR_MS }
}

/** Whether the simulated US market trades under regular conditions: 09:30 to 16:00 New York, Monday to Friday; it keeps no holidays. */
export function inRegularHours(timeMs: number): boolean {
  const { weekend, hour } = faceAt(timeMs)
  return !weekend && hour >= 9.5 && hour < 16
}

/** How busy trading is: a U over the regular day, a thin tail in extended hours, a trickle at night. */
export function sessionShape(timeMs: number): number {
  const { weekend, hour } = faceAt(timeMs)
  if (weekend || hour < 4 || hour >= 20) return 0.02
  if (hour < 9.5 || hour >= 16) return 0.15
  const fromNoon = (hour - 12.75) / 3.25
  return 0.6 + 1.6 * fromNoon ** 4
}
