import type { Value } from './query.ts'

// A double holds every decimal of this many digits and gives it back unchanged.
const DOUBLE_DIGITS = 15

/** A DECIMAL: a number where its type has at most 15 digits, else its exact text. */
export const decimalValue = (text: string, precision: number): Value =>
  precision <= DOUBLE_DIGITS ? Number(text) : text

/** Bytes as SQL of our own engine takes them back by `'…'::BLOB`: printable ASCII, all else as `\x00`. */
export const blobText = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString('latin1')
    .replaceAll(/[^ -[\]-~]/g, (byte) => {
      const hex = byte.charCodeAt(0).toString(16).toUpperCase()
      return `\\x${hex.padStart(2, '0')}`
    })

const TIMESTAMP = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,12}))?(?: (\S.*))?$/

/**
 * `2026-11-23 12:00:00.123456`, with or without a zone, as ISO text in UTC: milliseconds always, finer digits
 * by threes where they are not zero. What is no such text (years beyond 9999) stays as it came. In the hour
 * that a zone's clock goes through twice, a named zone does not say which: the first is taken.
 */
export function timestampText(text: string): string {
  const found = TIMESTAMP.exec(text)
  if (found === null) return text
  const [, ...parts] = found
  const [year, month, day, hour, minute, second] = parts.slice(0, 6).map(Number)
  const date = new Date(0)
  date.setUTCFullYear(year ?? 0, (month ?? 1) - 1, day)
  date.setUTCHours(hour ?? 0, minute, second)
  const localMs = date.getTime()
  const offsetMs = parts[7] === undefined ? 0 : offsetOf(parts[7], localMs)
  if (offsetMs === null) return text
  const whole = new Date(localMs - offsetMs).toISOString().slice(0, -'.000Z'.length)
  return `${whole}.${fraction(parts[6] ?? '')}Z`
}

function fraction(digits: string): string {
  const needed = digits.replace(/0+$/, '').length
  const width = Math.max(3, Math.ceil(needed / 3) * 3)
  return digits.slice(0, width).padEnd(width, '0')
}

/** How far a zone's clock is ahead of UTC when it shows `localMs`; null: no zone that is known. */
function offsetOf(zone: string, localMs: number): number | null {
  const fixed = /^([+-])(\d\d):(\d\d)$/.exec(zone)
  if (fixed !== null)
    return (fixed[1] === '-' ? -1 : 1) * (Number(fixed[2]) * 60 + Number(fixed[3])) * 60_000
  if (zone === 'UTC') return 0
  const clock = clockOf(zone)
  if (clock === null) return null
  // Of the two offsets around, the one that holds at its own answer; the greater is the earlier moment.
  const around = [localMs - DAY_MS, localMs + DAY_MS].map((ms) => aheadMs(clock, ms))
  const fitting = around.filter((ahead) => aheadMs(clock, localMs - ahead) === ahead)
  return fitting.length === 0 ? Math.min(...around) : Math.max(...fitting)
}

const DAY_MS = 86_400_000
const clocks = new Map<string, Intl.DateTimeFormat | null>()

function clockOf(zone: string): Intl.DateTimeFormat | null {
  const known = clocks.get(zone)
  if (known !== undefined) return known
  let clock: Intl.DateTimeFormat | null = null
  try {
    clock = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' })
  } catch {
    // the engine knows a zone that this runtime does not
  }
  clocks.set(zone, clock)
  return clock
}

/** `GMT-04:00` of the formatter, in ms; some zones had seconds, `GMT+00:19:32`. */
function aheadMs(clock: Intl.DateTimeFormat, ms: number): number {
  const name = clock.formatToParts(ms).find(({ type }) => type === 'timeZoneName')?.value ?? ''
  const [, sign, hours, minutes = '0', seconds = '0'] =
    /^GMT([+-])(\d\d):?(\d\d)?:?(\d\d)?$/.exec(name) ?? []
  if (sign === undefined) return 0
  const all = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)
  return (sign === '-' ? -1000 : 1000) * all
}
