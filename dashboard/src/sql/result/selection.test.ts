import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRows } from './rows.ts'
import { afterPress, boxOf, cellsIn, copyText, isIn, START, type Selection } from './selection.ts'

const EXTENT = { rows: 100, columns: 5, page: 10 }
const press = (keys: string, selection: Selection, extent = EXTENT) => {
  const parts = keys.split('+')
  return afterPress(
    selection,
    {
      key: parts.at(-1) ?? '',
      ctrlKey: parts.includes('Ctrl'),
      metaKey: parts.includes('Cmd'),
      shiftKey: parts.includes('Shift'),
      altKey: parts.includes('Alt'),
    },
    extent,
  )
}
const at = (row: number, column: number): Selection => ({
  at: { row, column },
  from: { row, column },
})

for (const [keys, row, column] of [
  ['ArrowUp', 49, 2],
  ['ArrowDown', 51, 2],
  ['ArrowLeft', 50, 1],
  ['ArrowRight', 50, 3],
  ['Home', 50, 0],
  ['End', 50, 4],
  ['PageUp', 40, 2],
  ['PageDown', 60, 2],
  ['Ctrl+Home', 0, 0],
  ['Ctrl+End', 99, 4],
  ['Ctrl+ArrowDown', 99, 2],
  ['Cmd+ArrowLeft', 50, 0],
] as const)
  test(`${keys} moves the focus`, () => {
    assert.deepEqual(press(keys, at(50, 2)), at(row, column))
  })

test('the focus stays within the grid', () => {
  assert.deepEqual(press('ArrowUp', START), START)
  assert.deepEqual(press('PageDown', at(95, 4)), at(99, 4))
  assert.equal(press('ArrowDown', START, { rows: 0, columns: 3, page: 5 }), null)
})

test('other keys are left to the page', () => {
  for (const keys of ['x', 'Tab', 'Alt+ArrowLeft', 'Ctrl+c', 'Ctrl+PageDown'])
    assert.equal(press(keys, START), null, keys)
})

test('Shift extends the selection from where it began, Ctrl+A selects all', () => {
  const two = press('Shift+ArrowRight', press('Shift+ArrowUp', at(5, 1)) ?? START) ?? START
  const box = boxOf(two)
  assert.deepEqual(box, { top: 4, bottom: 5, left: 1, right: 2 })
  assert.equal(cellsIn(box), 4)
  assert.equal(isIn(box, { row: 4, column: 2 }), true)
  assert.equal(isIn(box, { row: 3, column: 2 }), false)
  assert.equal(cellsIn(boxOf(press('Ctrl+a', two) ?? START)), 500)
})

test('cells are copied as tabbed lines, one cell as it is', () => {
  const rows = createRows()
  rows.add([
    ['9007199254740993', null, 'a\tb'],
    [1.5, { a: 1 }, 'say "x"'],
  ])
  const all = { top: 0, bottom: 1, left: 0, right: 2 }
  assert.equal(copyText(rows, all), '9007199254740993\t\t"a\tb"\n1.5\t"{""a"":1}"\t"say ""x"""')
  assert.equal(copyText(rows, { top: 0, bottom: 0, left: 2, right: 2 }), 'a\tb')
  assert.equal(copyText(rows, { top: 0, bottom: 0, left: 1, right: 1 }), '')
})
