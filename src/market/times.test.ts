import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { Fault } from '../flow/fault.ts'
import { parseTime, showTime } from './times.ts'

const NEW_YORK = 'America/New_York'
/** 2026-11-23, 07:30 in New York. */
const NOW = Date.parse('2026-11-23T12:30:00Z')
const at = (text: string, zone = NEW_YORK) => new Date(parseTime(text, zone, NOW)).toISOString()

describe('parseTime', () => {
  test('what names no zone is in the zone of the setting', () => {
    assert.equal(at('2026-11-20'), '2026-11-20T05:00:00.000Z')
    assert.equal(at('2026-07-20T09:30'), '2026-07-20T13:30:00.000Z')
    assert.equal(at('2026-07-20 09:30:01.5', 'UTC'), '2026-07-20T09:30:01.500Z')
  })

  test('what names its zone keeps it', () => {
    assert.equal(at('2026-11-20T09:30:00Z'), '2026-11-20T09:30:00.000Z')
    assert.equal(at('2026-11-20T09:30:00+02:00'), '2026-11-20T07:30:00.000Z')
  })

  test('times relative to now', () => {
    assert.equal(at('-2h'), '2026-11-23T10:30:00.000Z')
    assert.equal(at('today'), '2026-11-23T05:00:00.000Z')
    assert.equal(at('yesterday'), '2026-11-22T05:00:00.000Z')
    assert.equal(at('now'), '2026-11-23T12:30:00.000Z')
  })

  test('midnight is right on the days on which the clocks change', () => {
    assert.equal(at('2026-03-08'), '2026-03-08T05:00:00.000Z')
    assert.equal(at('2026-03-09'), '2026-03-09T04:00:00.000Z')
    assert.equal(at('2026-11-01'), '2026-11-01T04:00:00.000Z')
    assert.equal(at('2026-11-02'), '2026-11-02T05:00:00.000Z')
  })

  test('what is no time is refused, also dates that do not exist', () => {
    for (const text of [
      '',
      'soon',
      '2026-02-30',
      '2026-13-01',
      '25:00',
      '-2',
      '-h',
      '2026-11-20T25:00',
    ])
      assert.throws(
        () => parseTime(text, NEW_YORK, NOW),
        (error) => error instanceof Fault && error.kind === 'invalid',
        text,
      )
  })

  test('what is shown is read back as the same moment, in any zone, clock changes aside', () => {
    const zones = fc.constantFrom('UTC', NEW_YORK, 'Asia/Kolkata', 'Australia/Lord_Howe')
    const times = fc.integer({ min: Date.parse('2000-01-01'), max: Date.parse('2040-01-01') })
    fc.assert(
      fc.property(times, zones, (ms, zone) => {
        const read = parseTime(showTime(ms, zone), zone, NOW)
        // In the hour that clocks show twice the other of the two is as right.
        assert.ok(read === ms || Math.abs(read - ms) <= 3_600_000)
        assert.equal(showTime(read, zone), showTime(ms, zone))
      }),
    )
  })
})
