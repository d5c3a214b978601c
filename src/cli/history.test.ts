import assert from 'node:assert/strict'
import { test } from 'node:test'
import { queryHistory } from './history.ts'

/** Newest first, as readline keeps it: a line that is as the newest is not added. */
function after(...lines: readonly string[]): readonly string[] {
  const history = queryHistory()
  const entries: string[] = []
  for (const line of lines) {
    if (line.trim() === '') continue
    if (entries[0] !== line) entries.unshift(line)
    history.entered(entries)
  }
  return entries
}

test('a query of several lines is one entry', () => {
  assert.deepEqual(after('SELECT 1;', 'SELECT symbol', '  FROM trades', 'LIMIT 3;', '.tables'), [
    '.tables',
    'SELECT symbol FROM trades LIMIT 3;',
    'SELECT 1;',
  ])
})

test('a query that is entered again is the same entry', () => {
  assert.deepEqual(after('FROM', 'trades;', 'FROM trades;', 'FROM', 'trades;'), ['FROM trades;'])
})

test('lines stay apart where one line would mean something else', () => {
  assert.deepEqual(after('SELECT 1 -- one', ', 2;'), [', 2;', 'SELECT 1 -- one'])
  assert.deepEqual(after("SELECT 'a", "b';"), ["b';", "SELECT 'a"])
  assert.equal(after('SELECT 1', '-- the end', ', 2;')[0], ', 2;')
})

test('a query that was given up is not continued', () => {
  const history = queryHistory()
  const entries = ['SELECT']
  history.entered(entries)
  history.reset()
  entries.unshift('FROM trades;')
  history.entered(entries)
  assert.deepEqual(entries, ['FROM trades;', 'SELECT'])
})
