import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  DAY_MS,
  hoursOf,
  newYorkDay,
  newYorkOffsetMs,
  newYorkTimeOfDayMs,
  specialDaysOf,
} from './calendar.ts'

const iso = (day: number) => new Date(day * DAY_MS).toISOString().slice(0, 10)
const day = (text: string) => Date.parse(text) / DAY_MS
const special = (year: number, what: 'closed' | 'early') =>
  [...specialDaysOf(year)].filter(([, kind]) => kind === what).map(([at]) => iso(at).slice(5))
const at = (text: string) => Date.parse(text)

test('the offset of New York is that of the time zone database from 2000 to 2049', () => {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: 'America/New_York',
    timeZoneName: 'longOffset',
  })
  const expected = (ms: number) => (format.format(ms).endsWith('GMT-04:00') ? -4 : -5) * 3_600_000
  for (let ms = at('2000-01-01T00:30:00Z'); ms < at('2050-01-01'); ms += 20 * 3_600_000 + 1) {
    assert.equal(newYorkOffsetMs(ms), expected(ms), new Date(ms).toISOString())
  }
})

test('the offset changes at 02:00 in New York, to the millisecond, also when asked out of order', () => {
  const spring = at('2026-03-08T07:00:00Z')
  const autumn = at('2026-11-01T06:00:00Z')
  const hours = [spring, spring - 1, autumn, autumn - 1, spring, 0].map(
    (ms) => newYorkOffsetMs(ms) / 3_600_000,
  )
  assert.deepEqual(hours, [-4, -5, -5, -4, -4, -5])
})

test('a late evening in New York is still its date there', () => {
  assert.equal(iso(newYorkDay(at('2026-07-02T03:59:59.999Z'))), '2026-07-01')
  assert.equal(iso(newYorkDay(at('2026-07-02T04:00:00Z'))), '2026-07-02')
  assert.equal(iso(newYorkDay(at('2026-12-02T04:59:59.999Z'))), '2026-12-01')
  assert.equal(newYorkTimeOfDayMs(at('2026-12-02T14:30:00Z')), 9.5 * 3_600_000)
})

test('holidays are those that the exchange announced', () => {
  const announced: Readonly<Record<number, string>> = {
    2011: '01-17 02-21 04-22 05-30 07-04 09-05 11-24 12-26',
    2012: '01-02 01-16 02-20 04-06 05-28 07-04 09-03 10-29 10-30 11-22 12-25',
    2018: '01-01 01-15 02-19 03-30 05-28 07-04 09-03 11-22 12-05 12-25',
    2020: '01-01 01-20 02-17 04-10 05-25 07-03 09-07 11-26 12-25',
    2021: '01-01 01-18 02-15 04-02 05-31 07-05 09-06 11-25 12-24',
    2022: '01-17 02-21 04-15 05-30 06-20 07-04 09-05 11-24 12-26',
    2023: '01-02 01-16 02-20 04-07 05-29 06-19 07-04 09-04 11-23 12-25',
    2024: '01-01 01-15 02-19 03-29 05-27 06-19 07-04 09-02 11-28 12-25',
    2025: '01-01 01-09 01-20 02-17 04-18 05-26 06-19 07-04 09-01 11-27 12-25',
    2026: '01-01 01-19 02-16 04-03 05-25 06-19 07-03 09-07 11-26 12-25',
    2027: '01-01 01-18 02-15 03-26 05-31 06-18 07-05 09-06 11-25 12-24',
    2028: '01-17 02-21 04-14 05-29 06-19 07-04 09-04 11-23 12-25',
  }
  for (const [year, days] of Object.entries(announced)) {
    assert.equal(special(Number(year), 'closed').join(' '), days, year)
  }
})

test('early closes are those that the exchange announced', () => {
  const announced: Readonly<Record<number, string>> = {
    2002: '07-05 11-29 12-24',
    2003: '07-03 11-28 12-24 12-26',
    2013: '07-03 11-29 12-24',
    2018: '07-03 11-23 12-24',
    2020: '11-27 12-24',
    2021: '11-26',
    2022: '11-25',
    2023: '07-03 11-24',
    2024: '07-03 11-29 12-24',
    2025: '07-03 11-28 12-24',
    2026: '11-27 12-24',
    2027: '11-26',
    2028: '07-03 11-24',
  }
  for (const [year, days] of Object.entries(announced)) {
    assert.equal(special(Number(year), 'early').join(' '), days, year)
  }
})

test('a year has 250 to 253 sessions, as every year since 2002 had', () => {
  for (let year = 2002; year <= 2049; year++) {
    let sessions = 0
    for (let d = day(`${year}-01-01`); d < day(`${year + 1}-01-01`); d++) {
      if (hoursOf(d).open) sessions++
    }
    assert.ok(sessions >= 250 && sessions <= 253, `${year}: ${sessions}`)
  }
})

test('hours are in New York time, summer and winter, and end early before a holiday', () => {
  const hours = (text: string) => {
    const { open, openMs, closeMs } = hoursOf(day(text))
    const time = (ms: number) => new Date(ms).toISOString().slice(11, 16)
    return `${open ? 'open' : 'closed'} ${time(openMs)} ${time(closeMs)}`
  }
  assert.equal(hours('2026-07-01'), 'open 13:30 20:00')
  assert.equal(hours('2026-12-01'), 'open 14:30 21:00')
  assert.equal(hours('2026-12-24'), 'open 14:30 18:00')
  assert.equal(hours('2026-12-25'), 'closed 14:30 21:00')
  assert.equal(hours('2026-03-08'), 'closed 13:30 20:00')
  assert.equal(hours('2026-11-01'), 'closed 14:30 21:00')
})
