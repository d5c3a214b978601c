/** Days are numbers of days since 1970-01-01; times are ms since 1970 UTC. */
export const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000
const EST_MS = -5 * HOUR_MS
const EDT_MS = -4 * HOUR_MS

const OPEN_MS = 9.5 * HOUR_MS
const CLOSE_MS = 16 * HOUR_MS
const EARLY_CLOSE_MS = 13 * HOUR_MS
/** The closing auction prints seconds after the close and belongs to the day. */
export const CLOSE_GRACE_MS = 5 * MINUTE_MS
/** End of last-sale eligibility, 16:00:10 by New York's wall clock (UTP specification), early closes or not. */
export const END_OF_ELIGIBILITY_MS = CLOSE_MS + 10_000

/** Closings that no rule foresees (nyse.com, "Special closings of the exchange"). */
const SPECIAL_CLOSINGS: readonly string[] = [
  '2001-09-11',
  '2001-09-12',
  '2001-09-13',
  '2001-09-14',
  '2004-06-11',
  '2007-01-02',
  '2012-10-29',
  '2012-10-30',
  '2018-12-05',
  '2025-01-09',
]
/** Early closes that no rule foresees, and the one that the rule foresees wrongly. */
const SPECIAL_EARLY_CLOSES: readonly string[] = ['2002-07-05', '2003-12-26']
const FULL_DAYS: ReadonlySet<number> = new Set([dayOf(2002, 7, 3)])

/** When a summer begins and ends in New York: 02:00 local time on two Sundays (15 U.S.C. 260a; before 2007: April, October). */
export type Summer = { readonly startMs: number; readonly endMs: number }

/** Hours of one New York day. On a day without a session `open` is false and the times are those of a common day. */
export type Hours = { readonly open: boolean; readonly openMs: number; readonly closeMs: number }

const summers = new Map<number, Summer>()
const specialDays = new Map<number, ReadonlyMap<number, 'closed' | 'early'>>()
const hours = new Map<number, Hours>()

export function dayOf(year: number, month: number, date: number): number {
  return Date.UTC(year, month - 1, date) / DAY_MS
}

export const yearOf = (day: number): number => new Date(day * DAY_MS).getUTCFullYear()

/** Sunday is 0. */
const weekdayOf = (day: number): number => (((day + 4) % 7) + 7) % 7

export function newYorkSummer(year: number): Summer {
  const known = summers.get(year)
  if (known !== undefined) return known
  const [first, last] =
    year >= 2007
      ? [nthWeekday(year, 3, 0, 2), nthWeekday(year, 11, 0, 1)]
      : [nthWeekday(year, 4, 0, 1), lastWeekday(year, 10, 0)]
  const fresh = {
    startMs: first * DAY_MS + 2 * HOUR_MS - EST_MS,
    endMs: last * DAY_MS + 2 * HOUR_MS - EDT_MS,
  }
  summers.set(year, fresh)
  return fresh
}

/** Bounds of the stretch that the last answer held for; most trades ask for the same one. */
let stretch = { fromMs: 0, toMs: 0, offsetMs: EST_MS }

/** New York time minus UTC at this moment, ms; right from 1987 on. */
export function newYorkOffsetMs(timeMs: number): number {
  if (timeMs >= stretch.fromMs && timeMs < stretch.toMs) return stretch.offsetMs
  const year = new Date(timeMs).getUTCFullYear()
  const { startMs, endMs } = newYorkSummer(year)
  if (timeMs < startMs) {
    stretch = { fromMs: newYorkSummer(year - 1).endMs, toMs: startMs, offsetMs: EST_MS }
  } else if (timeMs < endMs) {
    stretch = { fromMs: startMs, toMs: endMs, offsetMs: EDT_MS }
  } else {
    stretch = { fromMs: endMs, toMs: newYorkSummer(year + 1).startMs, offsetMs: EST_MS }
  }
  return stretch.offsetMs
}

/** The New York date at this moment. */
export const newYorkDay = (timeMs: number): number =>
  Math.floor((timeMs + newYorkOffsetMs(timeMs)) / DAY_MS)

/** New York's wall clock at this moment: ms since its midnight. */
export const newYorkTimeOfDayMs = (timeMs: number): number =>
  timeMs + newYorkOffsetMs(timeMs) - newYorkDay(timeMs) * DAY_MS

/** NYSE hours of a New York day, weekends, holidays and early closes considered. */
export function hoursOf(day: number): Hours {
  const known = hours.get(day)
  if (known !== undefined) return known
  const weekday = weekdayOf(day)
  const special = weekday === 0 || weekday === 6 ? 'closed' : specialDaysOf(yearOf(day)).get(day)
  const at = (localMs: number) => {
    const asUtc = day * DAY_MS + localMs
    return asUtc - newYorkOffsetMs(asUtc - EST_MS)
  }
  const fresh = {
    open: special !== 'closed',
    openMs: at(OPEN_MS),
    closeMs: at(special === 'early' ? EARLY_CLOSE_MS : CLOSE_MS),
  }
  hours.set(day, fresh)
  return fresh
}

/** Weekdays of a year on which the NYSE is closed or closes at 13:00, in order (NYSE Rule 7.2 and its yearly list). */
export function specialDaysOf(year: number): ReadonlyMap<number, 'closed' | 'early'> {
  const known = specialDays.get(year)
  if (known !== undefined) return known
  const days = new Map<number, 'closed' | 'early'>()
  const note = (day: number, what: 'closed' | 'early') => {
    const weekday = weekdayOf(day)
    const free = days.get(day) !== 'closed' && !FULL_DAYS.has(day)
    if (weekday !== 0 && weekday !== 6 && yearOf(day) === year && free) days.set(day, what)
  }
  for (const day of holidays(year)) note(day, 'closed')
  for (const text of SPECIAL_CLOSINGS) note(Date.parse(text) / DAY_MS, 'closed')
  for (const text of SPECIAL_EARLY_CLOSES) note(Date.parse(text) / DAY_MS, 'early')
  note(nthWeekday(year, 11, 4, 4) + 1, 'early')
  note(dayOf(year, 12, 24), 'early')
  // Before Independence Day only when the holiday is the very next day, not moved to it.
  if (weekdayOf(dayOf(year, 7, 4)) !== 6) note(dayOf(year, 7, 3), 'early')
  const inOrder = new Map([...days].toSorted(([a], [b]) => a - b))
  specialDays.set(year, inOrder)
  return inOrder
}

function holidays(year: number): readonly number[] {
  const newYear = dayOf(year, 1, 1)
  return [
    weekdayOf(newYear) === 0 ? newYear + 1 : newYear, // a Saturday is not moved: the old year's books close
    nthWeekday(year, 1, 1, 3), // Martin Luther King Jr.
    nthWeekday(year, 2, 1, 3), // Washington
    easter(year) - 2,
    lastWeekday(year, 5, 1), // Memorial
    ...(year >= 2022 ? [observed(dayOf(year, 6, 19))] : []),
    observed(dayOf(year, 7, 4)),
    nthWeekday(year, 9, 1, 1), // Labor
    nthWeekday(year, 11, 4, 4), // Thanksgiving
    observed(dayOf(year, 12, 25)),
  ]
}

/** Saturday's holiday is kept on Friday, Sunday's on Monday. */
function observed(day: number): number {
  const weekday = weekdayOf(day)
  if (weekday === 6) return day - 1
  return weekday === 0 ? day + 1 : day
}

function nthWeekday(year: number, month: number, ...[weekday, n]: [number, number]): number {
  const first = dayOf(year, month, 1)
  return first + ((weekday - weekdayOf(first) + 7) % 7) + 7 * (n - 1)
}

function lastWeekday(year: number, month: number, weekday: number): number {
  const last = dayOf(year, month + 1, 0)
  return last - ((weekdayOf(last) - weekday + 7) % 7)
}

/** Easter Sunday (anonymous Gregorian computus, Nature 1876). */
function easter(year: number): number {
  const a = year % 19
  const b = Math.floor(year / 100)
  const c = year % 100
  const g = Math.floor((8 * b + 13) / 25)
  const h = (19 * a + b - Math.floor(b / 4) - g + 15) % 30
  const l = (32 + 2 * (b % 4) + 2 * Math.floor(c / 4) - h - (c % 4)) % 7
  const m = Math.floor((a + 11 * h + 19 * l) / 433)
  const month = Math.floor((h + l - 7 * m + 90) / 25)
  return dayOf(year, month, (h + l - 7 * m + 33 * month + 19) % 32)
}
