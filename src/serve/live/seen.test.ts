import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runOf } from '../../../test/fixtures/rows.ts'
import { logId } from '../../market/records.ts'
import { createContinuity } from './seen.ts'

const run = (first: number, count: number) =>
  runOf(
    Array.from({ length: count }, () => '{}'),
    first,
  )

test('a tape that is read on from where it was has no hole, wherever reading began', () => {
  const { admit } = createContinuity()
  assert.deepEqual(admit(run(700, 3)), { first: 0, broken: true })
  assert.deepEqual(admit(run(703, 2)), { first: 0, broken: false })
})

test('what is read again is not taken again', () => {
  const { admit } = createContinuity()
  admit(run(700, 10))
  assert.deepEqual(admit(run(690, 5)), { first: 5, broken: false })
  assert.deepEqual(admit(run(706, 8)), { first: 4, broken: false })
  assert.deepEqual(admit(run(714, 1)), { first: 0, broken: false })
})

test('records that were missed, and another tape, break what is known', () => {
  const { admit } = createContinuity()
  admit(run(0, 10))
  assert.equal(admit(run(12, 1)).broken, true)
  assert.equal(admit(run(13, 1)).broken, false)
  assert.equal(admit({ ...run(13, 1), log: logId('another') }).broken, true)
})
