import type { Gap, Interval } from '../../../../src/serve/contract/market.ts'
import {
  CLOSE_GRACE_MS,
  DAY_MS,
  hoursOf,
  newYorkDay,
  newYorkTimeOfDayMs,
} from '../../../../src/market/calendar.ts'
import { listedSession, type Listing, type Session } from '../../../../src/market/sessions.ts'
import { newYorkDate, WIDTH_MS, type Range } from './placed.ts'

/** A gap is never drawn with more empty places: one of a week would push every candle out of sight. */
const PLACES_MAX = 240
/** A gap in closed hours has its time too where it is short: a simulated market, and some reports, know no hours. */
const CLOSED_PLACES_MAX = 30
/** Trades before the open and after the close come between these hours, New York's wall clock. */
const EXTENDED_MS = { from: 4 * 3_600_000, to: 20 * 3_600_000 } as const

/** A gap with its times in ms since 1970 UTC. */
export type Hole = Range & Pick<Gap, 'cause' | 'open' | 'symbols'>

/** A place on the time axis where a bar might be: one session's part of a bucket. */
export type Place = Range & { readonly timeMs: number; readonly session: Session }

/** `nowMs`: where an open gap ends. */
export const holeOf = ({ from, to, ...gap }: Gap, nowMs: number): Hole => ({
  ...gap,
  fromMs: Date.parse(from),
  toMs: gap.open ? Math.max(nowMs, Date.parse(to)) : Date.parse(to),
})

/**
 * Places for the bars that a gap may have swallowed, so that its time is not left out of the chart: a gap that is
 * long for the width has fewer, evenly. None where the market is closed, but a long gap has one place at the least.
 */
export function placesOf(
  { fromMs, toMs }: Range,
  interval: Interval,
  listing: Listing,
): readonly Place[] {
  const width = WIDTH_MS[interval]
  const first = Math.floor(fromMs / width) * width
  const buckets = interval === '1d' ? datesOf({ fromMs, toMs }, listing) : { first, last: toMs }
  const step = width * Math.max(1, Math.ceil((buckets.last - buckets.first) / width / PLACES_MAX))
  const places: Place[] = []
  const isIn = (place: Place) => place.fromMs < toMs && place.toMs > fromMs
  for (let ms = buckets.first; ms < buckets.last; ms += step)
    places.push(...bucketPlaces(ms, interval, listing).filter(isIn))
  if (places.length > 0) return places
  const isShort = (buckets.last - buckets.first) / width <= CLOSED_PLACES_MAX
  const last = isShort ? buckets.last : buckets.first + width
  for (let ms = buckets.first; ms < last; ms += width)
    places.push({
      timeMs: ms,
      fromMs: ms,
      toMs: ms + width,
      session: listedSession(listing, ms, null),
    })
  return places
}

/** The first and past the last date on which a stretch lies, as midnights UTC. */
function datesOf({ fromMs, toMs }: Range, listing: Listing): { first: number; last: number } {
  const dateOf = (ms: number) =>
    (listing === 'us' ? newYorkDay(ms) : Math.floor(ms / DAY_MS)) * DAY_MS
  return { first: dateOf(fromMs), last: dateOf(toMs - 1) + DAY_MS }
}

function bucketPlaces(bucketMs: number, interval: Interval, listing: Listing): readonly Place[] {
  const whole = { timeMs: bucketMs, fromMs: bucketMs, toMs: bucketMs + WIDTH_MS[interval] }
  if (listing === 'continuous') return [{ ...whole, session: 'continuous' }]
  if (interval === '1d') {
    const isOpen = hoursOf(bucketMs / DAY_MS).open
    return isOpen ? [{ timeMs: bucketMs, ...newYorkDate(bucketMs), session: 'regular' }] : []
  }
  const { open, openMs, closeMs } = hoursOf(newYorkDay(bucketMs))
  const clock = newYorkTimeOfDayMs(bucketMs)
  if (!open || clock < EXTENDED_MS.from || clock >= EXTENDED_MS.to) return []
  if (openMs > whole.fromMs && openMs < whole.toMs)
    return [
      { ...whole, toMs: openMs, session: 'pre' },
      { ...whole, timeMs: openMs, fromMs: openMs, session: 'regular' },
    ]
  // Late reports of the close count for the session until its grace is over: there its bar ends.
  const endMs = closeMs + CLOSE_GRACE_MS
  if (endMs > whole.fromMs && endMs < whole.toMs)
    return [
      { ...whole, toMs: endMs, session: 'regular' },
      { ...whole, timeMs: Math.max(bucketMs, closeMs), fromMs: endMs, session: 'post' },
    ]
  return [{ ...whole, session: listedSession(listing, bucketMs, null) }]
}
