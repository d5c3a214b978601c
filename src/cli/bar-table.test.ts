import assert from 'node:assert/strict'
import { test } from 'node:test'
import { barTable } from './bar-table.ts'
import type { Candle } from '../query/candles.ts'
import { chart } from './chart.ts'

const T0 = Date.UTC(2026, 10, 20, 15)
const bars: readonly Candle[] = Array.from({ length: 60 }, (_, i) => ({
  fromMs: T0 + i * 60_000,
  session: 'continuous',
  open: 91_000 + i,
  high: 91_010 + i,
  low: 90_990 - i,
  close: 91_005,
  volume: 12.345678,
  trades: 100 + i,
  vwap: 91_001.25,
}))
const zone = 'America/New_York'
const widest = (text: string) => Math.max(...text.split('\n').map(({ length }) => length))
const head = (columnsMax: number) =>
  (barTable(bars, { zone, columnsMax }).split('\n', 1)[0] ?? '').split(/\s+/)

test('a table of bars and their chart fit the width of the screen', () => {
  for (const columns of [200, 100, 90, 80, 72, 64]) {
    const fits = widest(barTable(bars, { zone, columnsMax: columns }))
    assert.ok(fits <= columns, `${fits} of ${columns}`)
    const drawn = chart(bars, { terminal: { columns, paint: (_, text) => text }, title: 'X' })
    assert.ok(widest(drawn) <= columns, `chart: ${widest(drawn)} of ${columns}`)
  }
})

test('what fits stays: first the VWAP goes, then the long times', () => {
  const all = 'TIME America/New_York SESSION OPEN HIGH LOW CLOSE VOLUME TRADES VWAP'.split(' ')
  assert.deepEqual(head(Number.POSITIVE_INFINITY), all)
  assert.deepEqual(head(95), all.slice(0, -1))
  assert.deepEqual(head(84), ['TIME', ...all.slice(2, -1)])
  assert.deepEqual(head(80), ['TIME', ...all.slice(3, -1)])
})

test('short times keep the seconds where bars are shorter than a minute', () => {
  const short = bars.map((bar, i) => ({ ...bar, fromMs: T0 + i * 30_000 }))
  assert.match(barTable(short, { zone, columnsMax: 78 }), /^11-20 10:00:30/m)
  assert.match(barTable(bars, { zone, columnsMax: 78 }), /^11-20 10:01 /m)
})

test('the chart leaves room for long prices on a narrow screen', () => {
  const dear = bars.map((bar) => ({ ...bar, high: 123_456_789_012.5 }))
  const drawn = chart(dear, { terminal: { columns: 60, paint: (_, text) => text }, title: 'X' })
  assert.ok(widest(drawn) <= 60, String(widest(drawn)))
})
