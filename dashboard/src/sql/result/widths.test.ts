import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRows } from './rows.ts'
import { columnsIn, layoutOf, widthOf } from './widths.ts'

const COLUMNS = [
  { name: 'n', type: 'INTEGER' },
  { name: 'text', type: 'VARCHAR' },
  { name: 'a long name', type: 'DATE' },
]

test('columns are as wide as head and values, within bounds', () => {
  const rows = createRows()
  rows.add([[123456789012, 'x'.repeat(500), null]])
  const { lefts, chars } = layoutOf(COLUMNS, rows, 10)
  assert.deepEqual(chars, [12, 40, 11])
  assert.deepEqual(lefts, [0, 137, 554, 681])
})

test('only columns in view are drawn', () => {
  const layout = layoutOf(COLUMNS, createRows(), 10)
  const [, second = 0, third = 0] = layout.lefts
  assert.deepEqual(columnsIn(layout, 0, second), [0, 0])
  assert.deepEqual(columnsIn(layout, second - 1, second + 1), [0, 1])
  assert.deepEqual(columnsIn(layout, third, widthOf(layout) + 500), [2, 2])
  assert.deepEqual(columnsIn(layoutOf([], createRows(), 10), 0, 100), [0, -1])
})
