import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SymbolRow } from '../../../../src/serve/contract/market.ts'
import { ageText } from './age.ts'
import { changeText } from './change.ts'
import { keptOrder, MOST_TRADED, ordered, pressed } from './order.ts'
import { sparkChange, sparkPoints } from './spark.ts'

const row = (symbol: string, said: Partial<SymbolRow> = {}): SymbolRow => ({
  symbol,
  listing: 'us',
  last: null,
  last_at: null,
  previous_close: null,
  change: null,
  change_percent: null,
  volume: 0,
  trades: 0,
  trades_per_second: 0,
  spark: [],
  ...said,
})

test('the most traded is first, equals by name', () => {
  const rows = [row('C', { trades: 5 }), row('B', { trades: 5 }), row('A', { trades: 9 })]
  assert.deepEqual(ordered(rows, MOST_TRADED), ['A', 'B', 'C'])
})

test('a symbol without a value is last in both directions', () => {
  const rows = [row('none'), row('low', { change_percent: -2 }), row('high', { change_percent: 1 })]
  assert.deepEqual(ordered(rows, { by: 'change', descending: true }), ['high', 'low', 'none'])
  assert.deepEqual(ordered(rows, { by: 'change', descending: false }), ['low', 'high', 'none'])
})

test('ascending age begins with the newest trade', () => {
  const rows = [
    row('old', { last_at: '2026-11-20T15:00:00.000Z' }),
    row('new', { last_at: '2026-11-20T15:00:01.000Z' }),
  ]
  assert.deepEqual(ordered(rows, { by: 'age', descending: false }), ['new', 'old'])
})

test('a heading pressed three times leads back to the most traded first', () => {
  const once = pressed(MOST_TRADED, 'volume')
  const twice = pressed(once, 'volume')
  assert.deepEqual(once, { by: 'volume', descending: true })
  assert.deepEqual(twice, { by: 'volume', descending: false })
  assert.deepEqual(pressed(twice, 'volume'), MOST_TRADED)
  assert.deepEqual(pressed(once, 'symbol'), { by: 'symbol', descending: false })
})

test('a kept order moves nobody: who left is gone, who came is below', () => {
  assert.deepEqual(keptOrder(['C', 'A', 'B'], ['A', 'B', 'D', 'C']), ['C', 'A', 'B', 'D'])
  assert.deepEqual(keptOrder(['C', 'A'], ['A', 'E']), ['A', 'E'])
})

test('a sparkline spans its box, the highest close at the top', () => {
  assert.equal(sparkPoints([1, 3, 2], 61, 21), '0.5,20.5 30.5,0.5 60.5,10.5')
  assert.equal(sparkPoints([5, 5], 61, 20), '0.5,10 60.5,10')
  assert.equal(sparkPoints([5], 61, 20), '0.5,10')
  assert.equal(sparkPoints([], 61, 20), '')
})

test('the change of a sparkline is from its first close to its last', () => {
  assert.equal(sparkChange([100, 90, 101]), 1)
  assert.equal(sparkChange([100]), null)
  assert.equal(sparkChange([]), null)
})

test('a change has as many places as the price it is of', () => {
  assert.equal(changeText(0.164749, 23.11), '+0.16')
  assert.equal(changeText(-0.31, 38.7), '−0.31')
  assert.equal(changeText(-0.00012, 0.1234), '−0.0001')
  assert.equal(changeText(1234.5, 64_231.98), '+1,234.50')
  assert.equal(changeText(0.001, 23.11), '0.00')
  assert.equal(changeText(0, null), '0.00')
})

test('an age is one number and its unit, and no trade has none', () => {
  const nowMs = Date.parse('2026-11-20T15:00:00.000Z')
  const age = (seconds: number) => ageText(new Date(nowMs - seconds * 1000).toISOString(), nowMs)
  assert.deepEqual([-1, 0, 59.9, 60, 7199, 90_000].map(age), ['0s', '0s', '59s', '1m', '1h', '1d'])
  assert.equal(ageText(null, nowMs), '–')
})
