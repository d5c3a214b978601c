import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decimalValue, timestampText } from './engine-values.ts'

describe('a timestamp of another engine', () => {
  test('is ISO text in UTC, with as many threes of digits as it needs', () => {
    assert.equal(timestampText('2026-11-23 12:00:00'), '2026-11-23T12:00:00.000Z')
    assert.equal(timestampText('2026-11-23 12:00:00.120'), '2026-11-23T12:00:00.120Z')
    assert.equal(timestampText('2026-11-23 12:00:00.123400'), '2026-11-23T12:00:00.123400Z')
    assert.equal(timestampText('2026-11-23 12:00:00.123000'), '2026-11-23T12:00:00.123Z')
    assert.equal(timestampText('2026-11-23 12:00:00.1234567'), '2026-11-23T12:00:00.123456700Z')
    assert.equal(timestampText('0001-01-01 00:00:00.000'), '0001-01-01T00:00:00.000Z')
  })

  test('is put back by its zone', () => {
    assert.equal(timestampText('2026-11-23 12:00:00.5 UTC'), '2026-11-23T12:00:00.500Z')
    assert.equal(timestampText('2026-11-23 12:00:00.5 +05:30'), '2026-11-23T06:30:00.500Z')
    assert.equal(
      timestampText('2026-11-23 12:00:00.5 America/New_York'),
      '2026-11-23T17:00:00.500Z',
    )
    assert.equal(
      timestampText('2026-07-23 12:00:00.5 America/New_York'),
      '2026-07-23T16:00:00.500Z',
    )
  })

  test('of the hour that a clock shows twice is of the first of the two', () => {
    assert.equal(timestampText('2026-11-01 01:30:00 America/New_York'), '2026-11-01T05:30:00.000Z')
    assert.equal(timestampText('2026-11-01 00:59:59 America/New_York'), '2026-11-01T04:59:59.000Z')
    assert.equal(timestampText('2026-11-01 02:00:00 America/New_York'), '2026-11-01T07:00:00.000Z')
    assert.equal(timestampText('2026-03-08 03:00:00 America/New_York'), '2026-03-08T07:00:00.000Z')
  })

  test('that cannot be told stays as it came', () => {
    for (const text of ['+12026-01-01 00:00:00', '2026-01-01 00:00:00 Nowhere/Land', 'soon'])
      assert.equal(timestampText(text), text)
  })
})

test('a decimal is a number where a double holds every one of its type', () => {
  assert.equal(decimalValue('123456789012.345', 15), 123456789012.345)
  assert.equal(decimalValue('1.00', 16), '1.00')
})
