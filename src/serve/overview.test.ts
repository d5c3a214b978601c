import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gapsSince } from './overview.ts'

const gap = (symbol: string | null, from: number, to: number) => ({
  symbol,
  from,
  to,
  cause: symbol === null ? 'recorder stopped' : 'closed',
  open: false,
})

test('gaps of many symbols over one stretch are listed once and counted once', () => {
  const all = [
    gap('AAPL', 1000, 2000),
    gap('MSFT', 1000, 2000),
    gap('AAPL', 5000, 6000),
    gap(null, 8000, 9000),
  ]
  const { count, seconds, latest } = gapsSince(all, 0)
  assert.deepEqual([count, seconds], [3, 3])
  assert.deepEqual(
    latest.map(({ symbols, cause }) => [symbols, cause]),
    [
      [[], 'recorder stopped'],
      [['AAPL'], 'closed'],
      [['AAPL', 'MSFT'], 'closed'],
    ],
  )
})

test('a gap that began yesterday counts from the start of the day', () => {
  assert.deepEqual(gapsSince([gap(null, 1000, 4000)], 3000).seconds, 1)
  assert.deepEqual(gapsSince([gap(null, 1000, 2000)], 3000).count, 0)
})
