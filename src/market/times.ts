import { parseDuration } from '../flow/durations.ts'
import { Fault } from '../flow/fault.ts'

const DAY_MS = 86_400_000

/**
 * A time as a person writes it, in ms since 1970 UTC: RFC 3339, `2026-11-20`, `2026-11-20T09:30`, `-2h`,
 * `now`, `today`, `yesterday`. What names no zone is in `zone`. Faults: `invalid`.
 */
export function parseTime(text: string, zone: string, nowMs: number): number {
  const ago = /^-(.+)$/.exec(text)
  const span = ago === null ? null : parseDuration(ago[1] ?? '')
  if (span !== null) return nowMs - span
  if (text === 'now') return nowMs
  const today = localDay(nowMs, zone)
  if (text === 'today') return fromLocal(today, zone)
  if (text === 'yesterday') return fromLocal(today - DAY_MS, zone)
  const written =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+-]\d\d:\d\d)?)?$/i.exec(text)
  const [, date, clock = '00:00', offset] = written ?? []
  const asUtc = date === undefined ? NaN : Date.parse(`${date}T${clock}${offset ?? 'Z'}`)
  if (Number.isNaN(asUtc) || !dateExists(date))
    throw new Fault('invalid', `not a time: ${text}`, {
      remedy: 'Write 2026-11-20, 2026-11-20T09:30, an RFC 3339 time, -2h, today or yesterday.',
    })
  return offset === undefined ? fromLocal(asUtc, zone) : asUtc
}

/** Date.parse takes 30 February for 2 March. */
const dateExists = (date: string | undefined): boolean =>
  date !== undefined && new Date(`${date}T00:00:00Z`).toISOString().startsWith(date)

/** Midnight of the local day, as if local time were UTC. */
const localDay = (ms: number, zone: string): number =>
  Math.floor((ms + offsetMs(ms, zone)) / DAY_MS) * DAY_MS

/** What `zone` is ahead of UTC at `ms`. */
function offsetMs(ms: number, zone: string): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  }).formatToParts(ms)
  const of = (type: string) => Number(parts.find((part) => part.type === type)?.value)
  const local = Date.UTC(
    of('year'),
    of('month') - 1,
    of('day'),
    of('hour'),
    of('minute'),
    of('second'),
  )
  return local - Math.floor(ms / 1000) * 1000
}

/** The moment at which clocks in `zone` show this; inside the hour that a change of clocks leaves out, the later side. */
function fromLocal(localMs: number, zone: string): number {
  const guess = localMs - offsetMs(localMs, zone)
  return localMs - offsetMs(guess, zone)
}

/** `2026-11-20 09:30:00.123`, in `zone`. */
export const showTime = (ms: number, zone: string): string =>
  new Date(ms + offsetMs(ms, zone)).toISOString().slice(0, 23).replace('T', ' ')

/** A time, ms since 1970 UTC, as RFC 3339 in UTC. */
export const isoOf = (ms: number): string => new Date(ms).toISOString()
