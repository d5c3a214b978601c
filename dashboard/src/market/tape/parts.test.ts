import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Trade } from '../../../../src/serve/contract/market.ts'
import { codesOf, codeText } from './codes.ts'
import { missedSql, missedText, olderSql } from './missed.ts'
import { windowOf } from './window.ts'

const at = (ts: string): Trade => ({
  id: '0:1',
  symbol: 'A',
  price: 1,
  volume: 1,
  conditions: null,
  session: 'regular',
  ts,
  received_at: ts,
})

test('condition codes keep their order, and hostile ones are text like others', () => {
  assert.deepEqual(codesOf('8, 12,,<script>').codes, ['8', '12', '<script>'])
  assert.deepEqual(codesOf(null), { codes: [], rest: 0 })
  assert.equal(codesOf(Array.from({ length: 30 }, (_, i) => i).join(',')).rest, 22)
})

test('the statement for missed trades quotes the symbol and takes the times in order', () => {
  const missed = {
    updates: 3,
    from: at('2026-11-20T15:00:02.000Z'),
    to: at('2026-11-20T15:00:01.000Z'),
  }
  const sql = missedSql(missed, "O'X")
  assert.match(sql, /symbol = 'O''X'/)
  assert.match(sql, /BETWEEN TIMESTAMPTZ '2026-11-20T15:00:01.000Z' AND/)
  assert.doesNotMatch(missedSql(missed, ''), /symbol =/)
  assert.match(
    olderSql(missed.to, "O'X"),
    /symbol = 'O''X'\n  AND ts <= TIMESTAMPTZ '2026-11-20T15:00:01/,
  )
  assert.match(missedText(missed), /3 batches not shown/)
})

test('only the rows near the view are in the page, and the heights of the others add up', () => {
  const rowPx = 24
  for (const scrollTop of [0, 1000, 20_000, 35_000, 99_999]) {
    const { first, next, abovePx, belowPx } = windowOf(1500, { scrollTop, height: 600, rowPx })
    assert.equal(abovePx + (next - first) * rowPx + belowPx, 1500 * rowPx)
    assert.ok(next - first <= 60)
    const topRow = Math.min(Math.floor(scrollTop / rowPx), 1500 - 25)
    assert.ok(first <= topRow && topRow < next)
  }
  assert.deepEqual(windowOf(3, { scrollTop: 0, height: 600, rowPx }), {
    first: 0,
    next: 3,
    abovePx: 0,
    belowPx: 0,
  })
  const tall = windowOf(1500, { scrollTop: 0, height: 1e6, rowPx })
  assert.ok(tall.next - tall.first <= 500)
})

test('a code says its name and what a trade with it does not set; an unknown one that it is unknown', () => {
  const known = (last: string, highLow: boolean, volume: boolean) => ({
    code: '12',
    name: 'Odd Lot Trade',
    updates: { last, high_low: highLow, volume },
  })
  assert.equal(codeText('12', known('yes', true, true)), '12: Odd Lot Trade')
  assert.equal(
    codeText('12', known('no', false, true)),
    '12: Odd Lot Trade (does not set last price or high and low)',
  )
  assert.match(codeText('<b>', undefined), /^<b>: not among/)
})
