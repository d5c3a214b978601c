import assert from 'node:assert/strict'
import { test } from 'node:test'
import { axisText, momentText, partText, tickText } from './chart-words.ts'
import { begun } from './reading.ts'
import { placeText, plannedText, reachText, spokenText } from './status-text.ts'

test('a place in a statement is a line and a column from 1', () => {
  assert.equal(placeText('SELECT x', 7), 'line 1, column 8')
  assert.equal(placeText('SELECT\n  x\r\nFROM y', 17), 'line 3, column 6')
  assert.equal(placeText('', 0), 'line 1, column 1')
})

test('the status says how far the answer reaches and what was opened', () => {
  const reach = { covers: 'lake and tail', degraded: false } as const
  assert.equal(
    reachText({ ...reach, as_of: '2026-11-27T01:01:53.700Z' }),
    'lake and tail, as of 2026-11-27 01:01:53 UTC',
  )
  assert.equal(reachText({ ...reach, as_of: null }), 'lake and tail, nothing recorded yet')
  assert.equal(plannedText({ files: 1, bytes: 1230 }), '1 data file, 1.23 kB')
  assert.equal(plannedText({ files: 0, bytes: 0 }), 'no data file opened')
  assert.equal(plannedText(null), null)
})

test('beginning and end are spoken, and that rows are left out', () => {
  const state = begun('SELECT 1', 0)
  assert.equal(spokenText(state), 'Running')
  const done = { ...state, phase: 'done', rows: 1, millis: 42 } as const
  assert.equal(spokenText(done), '1 row in 42 ms')
  assert.match(spokenText({ ...done, truncated: true }) ?? '', /^The first 1 row .* more$/)
  assert.equal(spokenText({ ...state, phase: 'failed' }), null)
})

test('marks of a time axis say the date where another day begins', () => {
  const at = Date.UTC(2026, 10, 27, 15, 30) / 1000
  assert.equal(tickText(at, 600, null), '15:30\n2026-11-27')
  assert.equal(tickText(at, 600, at - 600), '15:30')
  assert.equal(tickText(at, 600, at - 86_400), '15:30\n2026-11-27')
  assert.equal(tickText(at + 0.25, 0.25, at), '15:30:00.250')
  assert.equal(tickText(at, 86_400, null), '2026-11-27')
  assert.equal(tickText(at, 86_400 * 30, null), '2026-11')
})

test('moments are in UTC and say so, dates have no zone', () => {
  assert.equal(axisText({ name: 'ts', type: 'TIMESTAMP' }), 'ts, UTC')
  assert.equal(axisText({ name: 'day', type: 'DATE' }), 'day')
  assert.equal(momentText(Date.UTC(2026, 10, 27, 1, 2, 3)), '2026-11-27 01:02:03 UTC')
  assert.equal(momentText(Date.UTC(2026, 10, 27)), '2026-11-27')
  assert.equal(partText(50, 50), null)
  assert.match(partText(50, 1234) ?? '', /first 50 of 1,234 rows/)
})
