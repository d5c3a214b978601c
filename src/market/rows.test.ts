import assert from 'node:assert/strict'
import { test } from 'node:test'
import { logId, offset, partition, type Run } from './records.ts'
import { feedLogRows, recordRows } from './rows.ts'
import { encodeEvent } from './session-events.ts'
import { FEED_LOG, RECORDS, type Column, type Rows, type Table } from './tables.ts'
import type { Trades } from './trades.ts'

const encode = (text: string) => new TextEncoder().encode(text)

function runOf(records: readonly Uint8Array[]): Run {
  const ends: number[] = []
  for (const record of records) ends.push((ends.at(-1) ?? 0) + record.length)
  return {
    count: records.length,
    bytes: Buffer.concat(records),
    ends: Uint32Array.from(ends),
    receivedMs: Float64Array.from(records, (_, i) => 1000 + i),
    redelivered: Uint8Array.from(records, (_, i) => i % 2),
    log: logId('log-1'),
    partition: partition(2),
    first: offset(50),
    next: offset(50 + 2 * records.length),
    delta: Uint32Array.from(records, (_, i) => 2 * i),
  }
}

function tradesOf(defect: readonly number[]): Trades {
  const run = runOf(defect.map((_, i) => encode(`record ${i}`)))
  return {
    run,
    symbol: Uint32Array.from(defect, (_, i) => i % 2),
    symbols: ['AAPL', 'BTC:USD'],
    timeMs: Float64Array.from(defect, (_, i) => 10 + i),
    price: Float64Array.from(defect, (_, i) => 20 + i),
    volume: Float64Array.from(defect, (_, i) => 30 + i),
    conditions: Uint32Array.from(defect, (_, i) => i % 2),
    conditionSets: [null, '1,8'],
    defect: Uint8Array.from(defect),
  }
}

function cell(column: Column | undefined, i: number): unknown {
  if (column === undefined) return assert.fail('no such column')
  switch (column.kind) {
    case 'dictionary':
      return column.values[column.ids[i] ?? -1]
    case 'numbers':
      return column.missing?.[i] === 1 ? null : column.values[i]
    case 'flags':
      return column.values[i] === 1
    case 'constant':
      return column.value
    case 'bytes':
      return new TextDecoder().decode(column.at.get(i))
    default:
      return column satisfies never
  }
}

const row = (rows: Rows, table: Table, i: number) =>
  Object.fromEntries(table.fields.map((field, f) => [field.name, cell(rows.columns[f], i)]))

test('a trade is a row with its columns, its source and its place', () => {
  assert.deepEqual(row(recordRows(tradesOf([0, 0]), 'finnhub'), RECORDS, 1), {
    symbol: 'BTC:USD',
    ts: 11,
    price: 21,
    volume: 31,
    conditions: '1,8',
    received_at: 1001,
    redelivered: true,
    source: 'finnhub',
    defect: null,
    raw: '',
    tape: 'log-1',
    tape_partition: 2,
    tape_offset: 52,
  })
})

test('trades without a defect share their columns and have nothing missing', () => {
  const trades = tradesOf([0, 0, 0])
  const [symbol, ts] = recordRows(trades, 'finnhub').columns
  assert.deepEqual(symbol, { kind: 'dictionary', ids: trades.symbol, values: trades.symbols })
  assert.ok(symbol?.kind === 'dictionary' && symbol.ids === trades.symbol)
  assert.ok(ts?.kind === 'numbers' && ts.values === trades.timeMs && ts.missing === null)
})

test('a record with a defect is a row of nulls with the defect and the bytes', () => {
  const rows = recordRows(tradesOf([0, 4, 0]), 'finnhub')
  const { symbol, ts, price, volume, conditions, defect, raw, tape_offset } = row(rows, RECORDS, 1)
  assert.deepEqual([symbol, ts, price, volume, conditions], [null, null, null, null, null])
  assert.deepEqual([defect, raw, tape_offset], ['no price', 'record 1', 52])
  assert.deepEqual(
    [0, 2].map((i) => row(rows, RECORDS, i)).map((good) => [good['symbol'], good['defect']]),
    [
      ['AAPL', null],
      ['AAPL', null],
    ],
  )
})

test('each event of the feed log is a row', () => {
  const event = {
    kind: 'dropped',
    at: 900,
    recorder: 'r1',
    epoch: 4,
    source: 'finnhub',
    symbols: ['AAPL', 'A"B'],
    from: 800,
    to: 850,
    cause: 'tape slow',
    bytes: encode('{"type"'),
  } as const
  assert.deepEqual(row(feedLogRows(runOf([encodeEvent(event)])), FEED_LOG, 0), {
    occurred_at: 900,
    recorder: 'r1',
    epoch: 4,
    source: 'finnhub',
    kind: 'dropped',
    symbols: '["AAPL","A\\"B"]',
    from_ts: 800,
    to_ts: 850,
    cause: 'tape slow',
    bytes: '{"type"',
    received_at: 1000,
    tape: 'log-1',
    tape_partition: 2,
    tape_offset: 50,
  })
})

test('a record of the feed log that is no event is a row with its bytes and nothing else', () => {
  const { kind, occurred_at, epoch, symbols, bytes, tape_offset } = row(
    feedLogRows(runOf([encode('{}'), encode('torn {')])),
    FEED_LOG,
    1,
  )
  assert.deepEqual([kind, occurred_at, epoch, symbols], [null, null, null, null])
  assert.deepEqual([bytes, tape_offset], ['torn {', 52])
})

test('both tables have one column a field', () => {
  assert.equal(recordRows(tradesOf([0]), 's').columns.length, RECORDS.fields.length)
  assert.equal(feedLogRows(runOf([])).columns.length, FEED_LOG.fields.length)
})
