import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTimeAxis, markText, weightOf } from './axis.ts'

const ms = (text: string) => Date.parse(`${text}Z`)
const seconds = (text: string) => (ms(text) / 1000) as Parameters<typeof axisLabel>[0]
const axisLabel = createTimeAxis('1m', 'new_york').label

test('a mark weighs as much as what changes at it', () => {
  const weight = (before: string, now: string) => weightOf(ms(now), ms(before))
  assert.equal(weight('2026-11-20T23:59', '2026-11-21T00:00'), 50)
  assert.equal(weight('2026-11-30T23:59', '2026-12-01T00:00'), 60)
  assert.equal(weight('2026-12-31T23:59', '2027-01-01T00:00'), 70)
  assert.equal(weight('2026-11-20T10:59', '2026-11-20T11:00'), 30)
  assert.equal(weight('2026-11-20T10:00', '2026-11-20T10:01'), 20)
  assert.equal(weight('2026-11-20T10:00:00', '2026-11-20T10:00:00.001'), 0)
})

test('a day begins at midnight of the zone, not of UTC', () => {
  const { behavior } = createTimeAxis('1m', 'new_york')
  const points = ['2026-11-20T23:59', '2026-11-21T00:00', '2026-11-21T05:00'].map((text) => ({
    timeWeight: 0,
    time: null,
    originalTime: seconds(text),
  }))
  behavior.fillWeightsForPoints(points as never, 0)
  assert.deepEqual(
    points.map(({ timeWeight }) => timeWeight),
    [50, 30, 50],
  )
})

test('times are labelled with the zone that they are in, days with their date alone', () => {
  assert.equal(axisLabel(seconds('2026-11-20T14:30')), '2026-11-20 09:30:00 New York')
  const days = createTimeAxis('1d', 'new_york')
  assert.equal(days.label(seconds('2026-11-20T00:00')), '2026-11-20')
  assert.equal(days.mark(seconds('2026-11-20T00:00'), 2), 'Nov 20')
})

test('marks are short', () => {
  const at = ms('2026-11-20T09:30:05')
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((kind) => markText(at, kind)),
    ['2026', 'Nov', 'Nov 20', '09:30', '09:30:05'],
  )
})
