import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFault } from '../flow/fault.ts'
import { createWaitingExports } from './waiting-exports.ts'

const wanted = { sql: 'SELECT 1', format: 'csv' } as const

test('an export is given once, within a minute', () => {
  let now = 0
  const waiting = createWaitingExports(() => now)
  const [first, second] = [waiting.add(wanted), waiting.add(wanted)]
  assert.notEqual(first, second)
  now = 59_999
  assert.deepEqual(waiting.take(first)?.sql, 'SELECT 1')
  assert.equal(waiting.take(first), null)
  now = 60_000
  assert.equal(waiting.take(second), null)
})

test('only so many wait, and those that were forgotten make room', () => {
  let now = 0
  const waiting = createWaitingExports(() => now)
  for (let i = 0; i < 32; i++) waiting.add(wanted)
  assert.throws(
    () => waiting.add(wanted),
    (error) => isFault(error, 'unavailable'),
  )
  now = 60_000
  waiting.add(wanted)
})
