import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { parseDuration, showDuration } from '../flow/durations.ts'
import { parseSize, showSize } from './units.ts'

test('a duration is shown as it would be written', () => {
  fc.assert(
    fc.property(fc.nat(), (ms) => {
      assert.equal(parseDuration(showDuration(ms)), ms)
    }),
  )
})

test('a size is shown as it would be written', () => {
  fc.assert(
    fc.property(fc.nat(), (bytes) => {
      assert.equal(parseSize(showSize(bytes)), bytes)
    }),
  )
})

test('what names no unit is no duration and no size', () => {
  for (const text of ['10', '', 's', '-1s', '1 s', '1.5.2s'])
    assert.equal(parseDuration(text), null)
  for (const text of ['64', 'MB', '64mb', '-1MB']) assert.equal(parseSize(text), null)
})
