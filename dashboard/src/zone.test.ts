import assert from 'node:assert/strict'
import { test } from 'node:test'
import { timeText } from './time-text.ts'
import { offsetMs, showTime, zone, zoneLabel, ZONES } from './zone.ts'

const MS = Date.UTC(2026, 10, 20, 14, 30, 1, 23)

test('a moment reads as its form says', () => {
  assert.equal(timeText(MS, 'time'), '14:30:01')
  assert.equal(timeText(MS, 'millis'), '14:30:01.023')
  assert.equal(timeText(MS, 'minute'), '14:30')
  assert.equal(timeText(MS, 'date'), '2026-11-20')
  assert.equal(timeText(MS, 'moment'), '2026-11-20 14:30:01')
  assert.equal(timeText(Number.NaN, 'time'), '–')
  assert.equal(timeText(1e17, 'date'), '–')
})

test('times are in the zone that is chosen, as the runtime knows it, summer and winter', () => {
  const ids = { new_york: 'America/New_York', utc: 'UTC', local: zoneLabel('local') }
  for (const name of ZONES) {
    zone.value = name
    for (let ms = Date.UTC(2026, 0, 1); ms < Date.UTC(2027, 0, 1); ms += 36_000_000) {
      const expected = new Intl.DateTimeFormat('sv-SE', {
        timeZone: ids[name],
        dateStyle: 'short',
        timeStyle: 'medium',
      }).format(ms)
      assert.equal(showTime(ms, 'moment'), expected)
    }
  }
})

test('each zone has a name', () => {
  assert.equal(zoneLabel('new_york'), 'New York')
  assert.equal(zoneLabel('utc'), 'UTC')
  assert.equal(offsetMs(MS, 'new_york'), -5 * 3_600_000)
})
