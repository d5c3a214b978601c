import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCandles, parseBarWidth, type Candles } from './candles.ts'
import { logId, offset, partition } from './records.ts'
import type { Trades } from './trades.ts'

const OPEN = Date.parse('2026-07-01T13:30:00Z')

type Tick = { readonly ms: number; readonly price: number; readonly symbol?: string }

function tradesOf(first: number, ticks: readonly Tick[]): Trades {
  const symbols = ticks.map(({ symbol }) => symbol ?? 'AAPL')
  return {
    run: {
      count: ticks.length,
      bytes: new Uint8Array(),
      ends: new Uint32Array(ticks.length),
      receivedMs: new Float64Array(ticks.length),
      redelivered: new Uint8Array(ticks.length),
      log: logId('tape-1'),
      partition: partition(0),
      first: offset(first),
      next: offset(first + ticks.length),
      delta: Uint32Array.from(ticks, (_, i) => i),
    },
    symbol: Uint32Array.from(ticks, (_, i) => i),
    symbols,
    timeMs: Float64Array.from(ticks, ({ ms }) => OPEN + ms),
    price: Float64Array.from(ticks, ({ price }) => price),
    volume: Float64Array.from(ticks, () => 2),
    conditions: new Uint32Array(ticks.length),
    conditionSets: ['1'],
    defect: new Uint8Array(ticks.length),
  }
}
const shown = (candles: Candles) =>
  candles.bars().map((bar) => `${bar.symbol} ${bar.startMs - OPEN} ${bar.open} ${bar.close}`)

test('trades of one minute make one bar', () => {
  const candles = createCandles(60_000)
  candles.add(
    tradesOf(0, [
      { ms: 0, price: 10 },
      { ms: 30_000, price: 40 },
      { ms: 59_999, price: 20 },
      { ms: 60_000, price: 5 },
    ]),
  )
  assert.deepEqual(candles.bars()[0], {
    symbol: 'AAPL',
    session: 'regular',
    startMs: OPEN,
    open: 10,
    high: 40,
    low: 10,
    close: 20,
    volume: 6,
    trades: 3,
    vwap: 140 / 6,
  })
  assert.equal(candles.bars().length, 2)
})

test('a trade that comes late changes the bar it belongs to', () => {
  const candles = createCandles(60_000)
  candles.add(tradesOf(5, [{ ms: 20, price: 2 }]))
  candles.add(tradesOf(6, [{ ms: 10, price: 1 }]))
  assert.deepEqual(shown(candles), ['AAPL 0 1 2'])
})

test('bars are in order of symbol and time', () => {
  const candles = createCandles(60_000)
  candles.add(
    tradesOf(0, [
      { ms: 60_000, price: 1, symbol: 'TSLA' },
      { ms: 60_000, price: 2, symbol: 'AAPL' },
      { ms: 0, price: 3, symbol: 'TSLA' },
    ]),
  )
  assert.deepEqual(shown(candles), ['AAPL 60000 2 2', 'TSLA 0 3 3', 'TSLA 60000 1 1'])
})

test('bars that start before a moment can be forgotten', () => {
  const candles = createCandles(60_000)
  candles.add(
    tradesOf(0, [
      { ms: 0, price: 1 },
      { ms: 60_000, price: 2 },
    ]),
  )
  candles.forget(OPEN + 60_000)
  assert.deepEqual(shown(candles), ['AAPL 60000 2 2'])
})

test('a fold that begins where another was goes on as one fold of all trades', () => {
  const early = [
    { ms: 10, price: 3 },
    { ms: 20, price: 7 },
  ]
  const place = (at: number, { ms, price }: Tick) => ({
    timeMs: OPEN + ms,
    partition: 0,
    offset: at,
    price,
  })
  const [first, last] = [place(0, { ms: 10, price: 3 }), place(1, { ms: 20, price: 7 })]
  const candles = createCandles(60_000)
  const state = {
    session: 'regular',
    startMs: OPEN,
    eligible: { first, last },
    conditional: null,
    high: 7,
    low: 3,
    volume: 4,
    notional: 20,
    trades: 2,
  } as const
  candles.restore('AAPL', [state])
  const late = [
    { ms: 5, price: 4 },
    { ms: 20, price: 2 },
  ]
  candles.add(tradesOf(2, late))
  const whole = createCandles(60_000)
  whole.add(tradesOf(0, [...early, ...late]))
  assert.deepEqual(candles.bars(), whole.bars())
  assert.deepEqual(shown(candles), ['AAPL 0 4 2'])
})

test('what trades changed is told once', () => {
  const candles = createCandles(60_000)
  candles.add(tradesOf(0, [{ ms: 0, price: 1 }]))
  candles.add(tradesOf(1, [{ ms: 1, price: 2 }]))
  assert.deepEqual(candles.takeChanged(), candles.bars())
  assert.deepEqual(candles.takeChanged(), [])
  candles.add(tradesOf(2, [{ ms: 60_000, price: 3 }]))
  assert.deepEqual(
    candles.takeChanged().map(({ startMs }) => startMs - OPEN),
    [60_000],
  )
})

test('a width is a number of seconds, minutes or hours, or the trading day', () => {
  assert.deepEqual(['30s', '5m', '4h', '1d', '1'].map(parseBarWidth), [
    30_000,
    300_000,
    14_400_000,
    'day',
    null,
  ])
})
