import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Bar } from '../../../../src/serve/contract/market.ts'
import { place } from './placed.ts'
import { slotsOf } from './slots.ts'
import { statementOf } from './statement.ts'
import { barText, directionOf, holeText, momentOfInput, summaryOf } from './wording.ts'

const bar = (bucket: string, close: number | null): Bar => ({
  symbol: 'AAPL',
  bucket,
  session: 'regular',
  open: close === null ? null : 100,
  high: close,
  low: close === null ? null : 99,
  close,
  volume: 1500,
  trades: 3,
  vwap: null,
})
const slotsFrom = (bars: readonly Bar[]) =>
  slotsOf(
    bars.map((one) => place(one, '1m')),
    [],
    { interval: '1m', listing: 'us' },
  )
const base = { symbol: 'AAPL', interval: '1m', zone: 'new_york' } as const

test('the chart is a sentence with its last close, change, range and gaps', () => {
  const slots = slotsFrom([bar('2026-11-20T14:30:00Z', 101), bar('2026-11-20T14:31:00Z', 102.5)])
  assert.equal(
    summaryOf({ ...base, slots, holes: 2 }),
    'AAPL, bars of 1 minute from 2026-11-20 09:30:00 to 2026-11-20 09:31:00 New York time: ' +
      'last close 102.50, change +2.50 (+2.50%), range 99.00 to 102.50, 2 gaps.',
  )
  assert.equal(
    summaryOf({ ...base, slots: slotsFrom([bar('2026-11-20T14:30:00Z', null)]), holes: 0 }),
    'AAPL, bars of 1 minute: no bars with prices, no gaps.',
  )
})

test('a bar is told with its direction in a word, and one without prices as such', () => {
  const [up] = slotsFrom([bar('2026-11-20T14:30:00Z', 101)])
  const [none] = slotsFrom([bar('2026-11-20T14:30:00Z', null)])
  assert.ok(up !== undefined && none !== undefined)
  assert.match(
    barText(up, '1m', 'utc'),
    /^2026-11-20 14:30:00, regular: .*close 101.00, up, volume/,
  )
  assert.match(barText(none, '1m', 'utc'), /no prices, volume 1,500$/)
  assert.match(barText({ ...up, bar: null }, '1m', 'utc'), /gap, nothing recorded/)
  assert.equal(directionOf({ open: 1, close: 1 }), 'unchanged')
  assert.equal(directionOf({ open: null, close: 1 }), null)
})

test('a gap is told with its cause, its times and its length', () => {
  const hole = {
    fromMs: Date.parse('2026-11-20T14:31:00Z'),
    toMs: Date.parse('2026-11-20T14:33:10Z'),
    cause: 'feed_closed',
    open: false,
    symbols: [],
  }
  assert.equal(
    holeText(hole, 'new_york'),
    'feed closed: 2026-11-20 09:31:00 to 09:33:10, 2 min 10 s, all symbols',
  )
  assert.match(
    holeText({ ...hole, open: true, symbols: ['AAPL'] }, 'utc'),
    /to now, still open, .*AAPL$/,
  )
})

test('a time that is typed is of the zone that is shown, also on the day when clocks change', () => {
  const of = (text: string) => new Date(momentOfInput(text, '1m', 'new_york') ?? 0).toISOString()
  assert.equal(of('2026-11-20T09:30'), '2026-11-20T14:30:00.000Z')
  assert.equal(of('2026-07-20T09:30'), '2026-07-20T13:30:00.000Z')
  assert.equal(of('2026-11-01T09:30'), '2026-11-01T14:30:00.000Z')
  assert.equal(momentOfInput('2026-11-20', '1d', 'new_york'), Date.parse('2026-11-20'))
  assert.equal(momentOfInput('', '1m', 'utc'), null)
})

test('the statement asks for the bars in view, with the symbol as a literal', () => {
  const range = {
    fromMs: Date.parse('2026-11-20T14:30:00Z'),
    toMs: Date.parse('2026-11-20T15:00Z'),
  }
  assert.equal(
    statementOf({ symbol: "O'X", interval: '5m', ...range }),
    `SELECT bucket, session, open, high, low, close, volume, trades, vwap
FROM bars('5m', from_ts := TIMESTAMP '2026-11-20 14:30:00', to_ts := TIMESTAMP '2026-11-20 15:00:00')
WHERE symbol = 'O''X'
ORDER BY bucket, session`,
  )
  assert.match(
    statementOf({ symbol: 'AAPL', interval: '1d', ...range }),
    /AND session IN \('regular', 'continuous'\)/,
  )
})
