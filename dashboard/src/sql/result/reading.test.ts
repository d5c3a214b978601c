import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SqlLine } from '../../../../src/serve/contract/sql.ts'
import { ApiFault } from '../../fault.ts'
import { afterAll, afterLine, begun, cancelled, failed, type RunState } from './reading.ts'

const HEAD: SqlLine = {
  kind: 'head',
  as_of: '2026-11-27T01:00:00.000Z',
  covers: 'lake and tail',
  degraded: false,
  columns: [{ name: 'n', type: 'BIGINT' }],
  planned: { files: 2, bytes: 300 },
}
const ROWS: SqlLine = { kind: 'rows', rows: [['1'], ['2']] }
const after = (...lines: readonly SqlLine[]): RunState =>
  lines.reduce((state, line) => afterLine(state, line, 1250), begun('SELECT 1', 1000))

test('a head, rows and an end are a result', () => {
  const end: SqlLine = { kind: 'end', rows: 4, truncated: true, millis: 12 }
  const state = after(HEAD, ROWS, ROWS, end)
  assert.equal(state.phase, 'done')
  assert.equal(state.rows, 4)
  assert.equal(state.millis, 12)
  assert.equal(state.truncated, true)
  assert.deepEqual(state.columns, HEAD.columns)
  assert.deepEqual(state.reach, {
    as_of: HEAD.as_of,
    covers: 'lake and tail',
    degraded: false,
  })
  assert.deepEqual(state.planned, HEAD.planned)
  assert.equal(afterAll(state, 2000), state)
})

test('an error amid the rows keeps them and tells its place', () => {
  const error = { kind: 'invalid', message: 'no', remedy: 'Correct it.', position: 7 } as const
  const state = after(HEAD, ROWS, { kind: 'error', error })
  assert.equal(state.phase, 'failed')
  assert.equal(state.rows, 2)
  assert.equal(state.millis, 250)
  assert.equal(state.fault?.message, 'no')
  assert.equal(state.fault?.position, 7)
})

test('an answer that breaks off is not taken for a whole one', () => {
  const state = afterAll(after(HEAD, ROWS), 1500)
  assert.equal(state.phase, 'failed')
  assert.match(state.fault?.remedy ?? '', /not the whole answer/)
})

test('what is cancelled or fails from the start has its time', () => {
  assert.equal(cancelled(after(HEAD), 1400).millis, 400)
  const fault = new ApiFault({ kind: 'invalid', message: 'm', remedy: 'r' })
  const state = failed(after(), fault, 1100)
  assert.equal(state.millis, 100)
  assert.equal(state.columns, null)
})
