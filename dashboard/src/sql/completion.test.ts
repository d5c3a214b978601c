import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SchemaAnswer } from '../../../src/serve/contract/sql.ts'
import { aliasesOf, columnsBehind, optionsFor, quoted } from './completion.ts'

const table = (name: string, columns: string) => ({
  name,
  about: `about ${name}`,
  columns: columns.split(' ').map((name) => ({ name, type: 'VARCHAR', about: '' })),
})
const SCHEMA: SchemaAnswer = {
  tables: [
    table('trades', 'symbol price'),
    table('bars_1m', 'symbol bucket'),
    table('gaps', 'cause'),
  ],
  functions: [{ name: 'sum', call: 'sum(value)', about: 'Adds.' }],
}
const names = (sql: string) =>
  [...aliasesOf(sql, SCHEMA)].map(([alias, { name }]) => `${alias}=${name}`)

test('relations are known by alias, or by name where the next word is none', () => {
  assert.deepEqual(names('select * from trades t join gaps as g on true'), ['t=trades', 'g=gaps'])
  assert.deepEqual(names('select * FROM trades WHERE x'), ['trades=trades'])
  assert.deepEqual(names('from trades a, gaps b'), ['a=trades', 'b=gaps'])
})

test('bars of any width have the columns of bars', () => {
  assert.deepEqual(names(`from bars('5m', from_ts := now()) b`), ['b=bars_1m'])
  assert.deepEqual(names(`from bars('5m') b`), ['b=bars_1m'])
})

test('what is in strings and comments names nothing', () => {
  assert.deepEqual(names(`select 'from trades' -- from gaps`), [])
})

test('columns behind an alias are those of its relation', () => {
  const labels = columnsBehind('T', 'select t. from trades t', SCHEMA)?.map(({ label }) => label)
  assert.deepEqual(labels, ['symbol', 'price'])
  assert.equal(columnsBehind('x', 'select x. from trades t', SCHEMA), null)
})

test('columns of what is read come first and once, then relations and functions', () => {
  const options = optionsFor('select from trades, bars_1m', SCHEMA)
  assert.deepEqual(
    options.map(({ label }) => label),
    ['symbol', 'price', 'bucket', 'trades', 'bars_1m', 'gaps', 'sum'],
  )
  assert.equal(options.at(-1)?.detail, '(value)')
})

test('a name that is not plain is quoted', () => {
  assert.deepEqual(['ts', 'My "x"'].map(quoted), ['ts', '"My ""x"""'])
})
