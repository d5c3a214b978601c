import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  cleanName,
  HISTORY_MAX,
  historyOf,
  renamed,
  savedOf,
  withPast,
  withSaved,
  type Past,
} from './shelf.ts'

const past = (sql: string, atMs = 0): Past => ({ sql, atMs, rows: 1, millis: 2, failure: null })

test('a statement run again moves to the top, and the oldest goes', () => {
  let history: readonly Past[] = []
  for (let i = 0; i < 150; i++) history = withPast(history, past(`select ${i}`, i))
  history = withPast(history, past('select 100', 1000))
  assert.equal(history.length, HISTORY_MAX)
  assert.deepEqual(history[0], past('select 100', 1000))
  assert.equal(history.filter(({ sql }) => sql === 'select 100').length, 1)
})

test('a statement too long to keep is not kept', () => {
  assert.deepEqual(withPast([], past('x'.repeat(30_000))), [])
})

test('a saved query replaces the one of its name', () => {
  const list = withSaved(withSaved([{ name: 'b', sql: '1' }], { name: 'a', sql: '2' }), {
    name: 'b',
    sql: '3',
  })
  assert.deepEqual(list, [
    { name: 'a', sql: '2' },
    { name: 'b', sql: '3' },
  ])
})

test('renaming to a name that is taken changes nothing', () => {
  const list = [
    { name: 'a', sql: '1' },
    { name: 'b', sql: '2' },
  ]
  assert.equal(renamed(list, 'a', 'b'), list)
  assert.deepEqual(renamed(list, 'a', 'c'), [list[1], { name: 'c', sql: '1' }])
})

test('what is kept and is no entry is left out', () => {
  assert.deepEqual(historyOf([null, 1, { sql: 'x' }, past('select 1')]), [past('select 1')])
  assert.deepEqual(savedOf({ name: 'a' }), [])
  assert.deepEqual(savedOf([{ name: 'a', sql: 'select 1', more: 1 }]), [
    { name: 'a', sql: 'select 1' },
  ])
})

test('a name is one line and not empty', () => {
  assert.equal(cleanName('  busy\n days '), 'busy days')
  assert.equal(cleanName(' \n'), null)
})
