import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Column } from '../../../../src/serve/contract/sql.ts'
import { barsOf, candlesOf, linesOf, measureSets } from './drawn.ts'
import { figuresOf } from './figure.ts'
import { groupsOf } from './groups.ts'
import type { Row } from './rows.ts'

const columnsOf = (spec: string): readonly Column[] =>
  spec.split(', ').map((one) => {
    const [name = '', type = ''] = one.split(' ')
    return { name, type }
  })
const minute = (i: number) => new Date(Date.UTC(2026, 10, 27, 15, i)).toISOString()
const kinds = (spec: string, rows: readonly Row[]) =>
  figuresOf(columnsOf(spec), rows).map(({ figure, isApt }) =>
    isApt ? figure.kind : `(${figure.kind})`,
  )

const BARS =
  'symbol VARCHAR, bucket TIMESTAMP, open DOUBLE, high DOUBLE, low DOUBLE, close DOUBLE, volume DOUBLE'
const barRow = (symbol: string, i: number): Row => [symbol, minute(i), 1, 3, 0.5, 2, 100]

test('prices over time are candles first', () => {
  const [first] = figuresOf(columnsOf(BARS), [barRow('A', 0), barRow('A', 1)])
  assert.deepEqual(first?.figure, {
    kind: 'candles',
    time: 1,
    prices: [2, 3, 4, 5],
    volume: 6,
    by: [],
  })
})

test('bars of two symbols are two charts of candles', () => {
  const rows = [barRow('A', 0), barRow('B', 0), barRow('A', 1), barRow('B', 1)]
  const [first] = figuresOf(columnsOf(BARS), rows)
  assert.deepEqual(first?.figure.kind === 'candles' && first.figure.by, [0])
  assert.deepEqual(
    groupsOf(rows, [0]).map(({ name }) => name),
    ['A', 'B'],
  )
})

test('two bars of one time that nothing tells apart are no candles', () => {
  assert.ok(!kinds(BARS, [barRow('A', 0), barRow('A', 0), barRow('A', 1)]).includes('candles'))
})

test('a time and numbers are lines', () => {
  const rows = [0, 1, 2].map((i) => [minute(i), i, String(i * 2)])
  assert.deepEqual(kinds('t TIMESTAMP, p50 DOUBLE, p99 BIGINT', rows), ['lines'])
})

test('times without order are lines only when asked for', () => {
  const rows = [0, 2, 1].map((i) => [minute(i), i])
  assert.deepEqual(kinds('ts TIMESTAMP, price DOUBLE', rows), ['(lines)'])
})

test('a name and a number are bars', () => {
  assert.deepEqual(
    kinds('symbol VARCHAR, share DOUBLE', [
      ['A', 1],
      ['B', 2],
    ]),
    ['bars'],
  )
})

test('names that each have a time of their own are bars, not lines of one point', () => {
  const rows = ['A', 'B', 'C'].map((name, i) => [name, minute(i), i])
  assert.equal(kinds('symbol VARCHAR, last TIMESTAMP, trades BIGINT', rows)[0], 'bars')
})

test('numbers that count nothing draw nothing, nor does a single row', () => {
  assert.deepEqual(
    kinds('ts TIMESTAMP, tape_offset BIGINT', [
      [minute(0), '1'],
      [minute(1), '2'],
    ]),
    [],
  )
  assert.deepEqual(kinds('symbol VARCHAR, share DOUBLE', [['A', 1]]), [])
})

test('candles come oldest first, and one without prices is a hole', () => {
  const rows = [barRow('A', 1), ['A', minute(0), null, null, null, null, 5]]
  const [first] = figuresOf(columnsOf(BARS), rows)
  assert.ok(first?.figure.kind === 'candles')
  const candles = candlesOf(first.figure, rows)
  assert.deepEqual(
    candles.map(({ prices }) => prices),
    [null, [1, 3, 0.5, 2]],
  )
  assert.ok((candles[0]?.time ?? 0) < (candles[1]?.time ?? 0))
})

test('lines of groups share their times: a hole is null, the time of another line is not', () => {
  const columns = columnsOf('symbol VARCHAR, ts TIMESTAMP, price DOUBLE')
  const rows = [
    ['A', minute(0), 1],
    ['B', minute(1), 9],
    ['A', minute(2), null],
    ['B', minute(3), 8],
  ]
  const figure = { kind: 'lines', time: 1, measures: [2], by: [0] } as const
  const { times, lines } = linesOf(figure, rows, { columns, measures: [2] })
  assert.equal(times.length, 4)
  assert.deepEqual(lines, [
    { name: 'A', values: [1, undefined, null, undefined] },
    { name: 'B', values: [undefined, 9, undefined, 8] },
  ])
})

test('numbers of one size are drawn together, others alone', () => {
  const rows = [[minute(0), 10, 12, 5000]]
  const figure = { kind: 'lines', time: 0, measures: [1, 2, 3], by: [] } as const
  assert.deepEqual(measureSets(figure, rows), [[1, 2], [1], [2], [3]])
})

test('bars begin at zero, to either side of it', () => {
  const figure = { kind: 'bars', names: [0], measures: [1] } as const
  const bars = barsOf(
    figure,
    [
      ['up', 30],
      ['down', -10],
      ['none', null],
    ],
    1,
  )
  assert.deepEqual(
    bars.map(({ from, length }) => [from, length]),
    [
      [25, 75],
      [0, 25],
      [25, 0],
    ],
  )
})

test('whole numbers that each come once name bars where nothing else does', () => {
  const rows: readonly Row[] = [
    [14, '120'],
    [15, '80'],
  ]
  const [first] = figuresOf(columnsOf('hour BIGINT, trades BIGINT'), rows)
  assert.deepEqual(first, { figure: { kind: 'bars', names: [0], measures: [1] }, isApt: true })
  assert.deepEqual(
    kinds('price DOUBLE, volume DOUBLE', [
      [1, 2],
      [3, 4],
    ]),
    [],
  )
})

test('symbols are never one line: many are drawn one at a time', () => {
  const rows = Array.from({ length: 60 }, (_, i): Row => [
    `S${i % 12}`,
    ['a', 'b'][i % 2],
    minute(i),
    i,
  ])
  const [first] = figuresOf(
    columnsOf('symbol VARCHAR, session VARCHAR, ts TIMESTAMP, price DOUBLE'),
    rows,
  )
  assert.deepEqual(first?.figure, { kind: 'lines', time: 2, measures: [3], by: [0] })
})
