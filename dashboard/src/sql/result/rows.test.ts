import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRows } from './rows.ts'

test('rows are found in whatever pieces they came', () => {
  const rows = createRows()
  const pieces = [3, 1, 0, 5, 2]
  let next = 0
  for (const size of pieces) rows.add(Array.from({ length: size }, () => [next++]))
  assert.equal(rows.length, 11)
  const found = Array.from({ length: 11 }, (_, i) => rows.at(i)?.[0])
  assert.deepEqual(
    found,
    Array.from({ length: 11 }, (_, i) => i),
  )
  assert.equal(rows.at(11), undefined)
  assert.equal(rows.at(-1), undefined)
})

test('no rows are no row', () => {
  assert.equal(createRows().at(0), undefined)
})
