import {
  CLOSE_GRACE_MS,
  DAY_MS,
  END_OF_ELIGIBILITY_MS,
  newYorkSummer,
  specialDaysOf,
} from '../market/calendar.ts'
import type { Dialect } from './dialect.ts'

/** Years of the relation `us_calendar`: a tape holds no trade before the first. */
const CALENDAR_YEARS = { first: 2000, last: 2049 }
const DAYS_OF_YEAR_MAX = 366
/**
 * No day is beyond this limit. It tells Trino's planner, which cannot count what is unnested, that the calendar is
 * small: then it goes to the trades, where else the trades of a day would all go to the one worker that has it.
 */
const DAYS_MAX = 20_000

const isoDate = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10)
const seconds = (ms: number): string => `INTERVAL '${ms / 1000}' SECOND`

/**
 * One row a day of New York: its midnight, its hours, and whether the exchange has a session. What has no rule
 * in SQL stands in two texts and not in VALUES, of which Trino takes 0.2 s more to plan each query.
 */
export function calendarQuery(dialect: Dialect): string {
  const years = Array.from(
    { length: CALENDAR_YEARS.last - CALENDAR_YEARS.first + 1 },
    (_, i) => CALENDAR_YEARS.first + i,
  )
  const summers = years.map((year) => {
    const { startMs, endMs } = newYorkSummer(year)
    return [startMs, endMs].map((ms) => isoDate(Math.floor(ms / DAY_MS))).join('/')
  })
  const special = years
    .flatMap((year) => [...specialDaysOf(year)])
    .map(([day, kind]) => `${isoDate(day)}/${kind}`)
  // The clock changes at 02:00 on a Sunday, so midnight and the hours differ by an hour on those two days.
  return `
WITH summer AS (
  SELECT CAST(substr(w.word, 1, 10) AS DATE) AS start_day, CAST(substr(w.word, 12) AS DATE) AS end_day
  FROM ${dialect.words(summers, 'w(word)')}
), special AS (
  SELECT CAST(substr(w.word, 1, 10) AS DATE) AS day, substr(w.word, 12) AS kind
  FROM ${dialect.words(special, 'w(word)')}
), dated AS (
  SELECT ${dialect.plusDays("CAST(date_trunc('year', s.start_day) AS DATE)", 'n.i')} AS day, s.start_day, s.end_day
  FROM summer AS s CROSS JOIN ${dialect.integers(DAYS_OF_YEAR_MAX, 'n(i)')}
), placed AS (
  SELECT d.day, s.kind,
    CAST(d.day AS TIMESTAMP)
      + CASE WHEN d.day > d.start_day AND d.day <= d.end_day THEN INTERVAL '4' HOUR ELSE INTERVAL '5' HOUR END
      AS midnight_ts,
    CAST(d.day AS TIMESTAMP)
      + CASE WHEN d.day >= d.start_day AND d.day < d.end_day THEN INTERVAL '4' HOUR ELSE INTERVAL '5' HOUR END
      AS hours_ts
  FROM dated AS d LEFT JOIN special AS s ON s.day = d.day
  WHERE year(d.day) = year(d.start_day)
), closing AS (
  SELECT *, hours_ts + CASE WHEN kind = 'early' THEN INTERVAL '13' HOUR ELSE INTERVAL '16' HOUR END
    AS close_ts
  FROM placed
)
SELECT day, ${dialect.isoWeekday('day')} < 6 AND kind IS DISTINCT FROM 'closed' AS is_open, midnight_ts,
  hours_ts + INTERVAL '570' MINUTE AS open_ts, close_ts,
  close_ts + ${seconds(CLOSE_GRACE_MS)} AS regular_until_ts,
  hours_ts + ${seconds(END_OF_ELIGIBILITY_MS)} AS last_eligible_until_ts
FROM closing LIMIT ${DAYS_MAX}`
}
