/** How long a unit is, in ms; `d` is 24 hours. */
const DURATIONS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

export const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$/

/** `10s`, `1.5h`, `7d` in ms; null: not a duration. */
export function parseDuration(text: string): number | null {
  const found = DURATION.exec(text)
  const unit = DURATIONS[found?.[2] ?? '']
  return found === null || unit === undefined ? null : Math.round(Number(found[1]) * unit)
}

/** The shortest exact text of a duration in ms. */
export function showDuration(ms: number): string {
  const unit = ['d', 'h', 'm', 's'].find((name) => ms > 0 && ms % (DURATIONS[name] ?? 1) === 0)
  if (ms === 0) return '0s'
  return unit === undefined ? `${ms}ms` : `${ms / (DURATIONS[unit] ?? 1)}${unit}`
}
