import assert from 'node:assert/strict'
import { test } from 'node:test'
import { found, movedTo, type Item } from './found.ts'

const items = ['Go to Market', 'Show times in New York', 'Mark all', 'Colours: dark'].map(
  (text): Item => ({ group: 'Actions', text, run: () => undefined }),
)
const texts = (query: string) => found(items, query).map(({ text }) => text)

test('finds what has every word, and what begins with one first', () => {
  assert.deepEqual(texts('mark'), ['Mark all', 'Go to Market'])
  assert.deepEqual(texts('YORK times'), ['Show times in New York'])
  assert.deepEqual(texts('dark'), ['Colours: dark'])
  assert.deepEqual(texts('york dark'), [])
})

test('everything is found by nothing', () => {
  assert.equal(texts('  ').length, items.length)
})

test('the choice goes round, a page at most to the end', () => {
  assert.equal(movedTo(0, 'ArrowUp', 3), 2)
  assert.equal(movedTo(2, 'ArrowDown', 3), 0)
  assert.equal(movedTo(1, 'PageDown', 30), 9)
  assert.equal(movedTo(1, 'PageDown', 3), 2)
  assert.equal(movedTo(1, 'PageUp', 3), 0)
  assert.equal(movedTo(0, 'a', 3), null)
  assert.equal(movedTo(-1, 'ArrowDown', 0), null)
})
