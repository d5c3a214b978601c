/** How long a unit is, in ms; `d` is 24 hours. */
const DURATIONS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/** Decimal units as disks and networks count them, binary ones as memory does. */
const SIZES: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
}

export const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$/
export const SIZE = /^(\d+(?:\.\d+)?) ?(B|KB|MB|GB|TB|KiB|MiB|GiB)$/

/** `10s`, `1.5h`, `7d` in ms; null: not a duration. */
export const parseDuration = (text: string): number | null => measure(DURATION, DURATIONS, text)

/** `64MB`, `1.5GiB` in bytes; null: not a size. */
export const parseSize = (text: string): number | null => measure(SIZE, SIZES, text)

function measure(
  pattern: RegExp,
  units: Readonly<Record<string, number>>,
  text: string,
): number | null {
  const found = pattern.exec(text)
  const unit = units[found?.[2] ?? '']
  return found === null || unit === undefined ? null : Math.round(Number(found[1]) * unit)
}

/** The shortest exact text of a duration in ms. */
export function showDuration(ms: number): string {
  const unit = ['d', 'h', 'm', 's'].find((name) => ms > 0 && ms % (DURATIONS[name] ?? 1) === 0)
  if (ms === 0) return '0s'
  return unit === undefined ? `${ms}ms` : `${ms / (DURATIONS[unit] ?? 1)}${unit}`
}

/** The shortest exact text of a size in bytes. */
export function showSize(bytes: number): string {
  const exact = ['GiB', 'MiB', 'GB', 'MB', 'KiB', 'KB'].find(
    (name) => bytes > 0 && bytes % (SIZES[name] ?? 1) === 0,
  )
  return exact === undefined ? `${bytes}B` : `${bytes / (SIZES[exact] ?? 1)}${exact}`
}
