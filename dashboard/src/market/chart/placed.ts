import type { Bar, Interval } from '../../../../src/serve/contract/market.ts'
import {
  CLOSE_GRACE_MS,
  DAY_MS,
  hoursOf,
  newYorkDay,
  newYorkOffsetMs,
} from '../../../../src/market/calendar.ts'
import { SESSIONS, type Session } from '../../../../src/market/sessions.ts'

export const WIDTH_MS: Readonly<Record<Interval, number>> = {
  '1s': 1000,
  '5s': 5000,
  '1m': 60_000,
  '5m': 300_000,
  '15m': 900_000,
  '1h': 3_600_000,
  '1d': DAY_MS,
}

/** Half-open, ms since 1970 UTC. */
export type Range = { readonly fromMs: number; readonly toMs: number }

/** A bar and the stretch of time that it is about: its bucket without what belongs to another session. */
export type Placed = Range & {
  readonly bar: Bar
  readonly bucketMs: number
  /** Where it stands on the time axis: a day at its date's midnight UTC, in every zone. */
  readonly timeMs: number
  /** The session of its hours: a report of the early morning that came during the day lies in the day. */
  readonly shade: Session
}

export function place(bar: Bar, interval: Interval): Placed {
  const bucketMs = Date.parse(bar.bucket)
  const toMs = bucketMs + WIDTH_MS[interval]
  const whole = { bar, bucketMs, timeMs: bucketMs, fromMs: bucketMs, toMs, shade: bar.session }
  if (bar.session === 'continuous') return whole
  if (interval === '1d') return { ...whole, ...newYorkDate(bucketMs) }
  const { open, openMs, closeMs } = hoursOf(newYorkDay(bucketMs))
  const inside = (ms: number) => ms > bucketMs && ms < toMs
  const starts = { pre: bucketMs, regular: openMs, post: closeMs }[bar.session]
  const ends = { pre: openMs, regular: closeMs + CLOSE_GRACE_MS, post: toMs }[bar.session]
  const fromMs = inside(starts) ? starts : bucketMs
  const isLate = bar.session === 'pre' && open && bucketMs >= openMs
  const shade = isLate ? 'regular' : bar.session
  return { ...whole, timeMs: fromMs, fromMs, toMs: inside(ends) ? ends : toMs, shade }
}

/** From midnight to midnight in New York, of a date given as its midnight UTC. */
export function newYorkDate(dateMs: number): Range {
  const midnight = (ms: number) => ms - newYorkOffsetMs(ms + 5 * 3_600_000)
  return { fromMs: midnight(dateMs), toMs: midnight(dateMs + DAY_MS) }
}

/** Bars of one bucket in the order of their sessions. */
export const inOrder = (a: Placed, b: Placed): number =>
  a.bucketMs - b.bucketMs || SESSIONS.indexOf(a.bar.session) - SESSIONS.indexOf(b.bar.session)

/** Whether the chart of this width shows bars of this session: days are those of the regular session. */
export const isShown = ({ session }: Bar, interval: Interval): boolean =>
  interval !== '1d' || session === 'regular' || session === 'continuous'
