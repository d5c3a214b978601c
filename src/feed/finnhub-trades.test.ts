import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { asRun } from '../../bench/bench.ts'
import { hostileBytes, RECEIVED_MS, tradeText } from '../../test/fixtures/hostile-json.ts'
import { freshSeed } from '../flow/random.ts'
import type { Run } from '../market/records.ts'
import { DEFECTS, type Trades } from '../market/trades.ts'
import { createFrameSplitter } from './finnhub-frames.ts'
import { createTradeDecoder, DICTIONARY_ENTRIES_MAX } from './finnhub-trades.ts'

const encoder = new TextEncoder()

const runOf = (records: readonly Uint8Array[], receivedMs = RECEIVED_MS): Run => {
  const ends = new Uint32Array(records.length)
  let end = 0
  for (const [i, record] of records.entries()) ends[i] = end += record.length
  const bytes = new Uint8Array(end)
  for (const [i, record] of records.entries()) bytes.set(record, (ends[i] ?? 0) - record.length)
  const count = records.length
  return asRun(
    {
      count,
      bytes,
      ends,
      receivedMs: new Float64Array(count).fill(receivedMs),
      redelivered: new Uint8Array(count),
    },
    0,
  )
}

type Row = readonly [string, number, number, number, string | null] | string

const rowOf = (trades: Trades, i: number): Row => {
  const defect = trades.defect[i] ?? 0
  if (defect !== 0) return DEFECTS[defect] ?? 'unknown'
  return [
    trades.symbols[trades.symbol[i] ?? 0] ?? '',
    trades.timeMs[i] ?? NaN,
    trades.price[i] ?? NaN,
    trades.volume[i] ?? NaN,
    trades.conditionSets[trades.conditions[i] ?? 0] ?? null,
  ]
}

const rowsOf = (trades: Trades): Row[] =>
  Array.from({ length: trades.run.count }, (_, i) => rowOf(trades, i))

const isText = (text: unknown): text is string =>
  typeof text === 'string' &&
  text.length > 0 &&
  text.isWellFormed() &&
  Array.from(text, (char) => char.codePointAt(0) ?? 0).every(
    (code) => code > 0x1f && (code < 0x7f || code > 0x9f),
  )

/** The meaning of a record, told a second time and by JSON.parse alone. */
function oracle(bytes: Uint8Array, receivedMs: number): Row {
  let record: unknown
  try {
    record = JSON.parse(
      new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes),
    ) as unknown
  } catch {
    return 'not JSON'
  }
  if (record === null || typeof record !== 'object' || Array.isArray(record)) return 'not an object'
  const { s, p, t, v, c = null } = record as Record<string, unknown>
  if (!isText(s) || s.length > 256) return 'no symbol'
  if (typeof p !== 'number' || Math.abs(p) === Infinity) return 'no price'
  if (typeof t !== 'number' || Math.trunc(t) !== t || Math.abs(t) > 2 ** 53 - 1) return 'no time'
  if (typeof v !== 'number' || v < 0 || v === Infinity) return 'no volume'
  let conditions: string | null = null
  if (c !== null) {
    if (!Array.isArray(c)) return 'bad conditions'
    for (const code of c as unknown[]) {
      if (!isText(code) || code.includes(',')) return 'bad conditions'
      conditions = conditions === null ? code : `${conditions},${code}`
    }
    if (conditions !== null && conditions.length > 256) return 'bad conditions'
  }
  if (t < Date.UTC(2000, 0) || t > receivedMs + 24 * 3600 * 1000) return 'time out of range'
  return [s, t, p, v, conditions]
}

const seed = freshSeed()

test(`equals JSON.parse on every record, plain or hostile, among any neighbours (seed ${seed})`, () => {
  const decode = createTradeDecoder() // one for all, so that dictionaries live across runs
  const seen = new Set<string>()
  fc.assert(
    fc.property(fc.array(hostileBytes(tradeText), { minLength: 1, maxLength: 4 }), (records) => {
      const rows = rowsOf(decode(runOf(records)))
      const expected = records.map((record) => oracle(record, RECEIVED_MS))
      for (const row of expected) seen.add(typeof row === 'string' ? row : 'none')
      assert.deepEqual(rows, expected)
    }),
    { seed, numRuns: 6000 },
  )
  assert.deepEqual([...seen].toSorted(), [...DEFECTS].toSorted(), 'every defect was met')
})

test(`reads decimal numbers to the same bits as JSON.parse (seed ${seed})`, () => {
  const decode = createTradeDecoder()
  const digits = (max: number) =>
    fc
      .array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: max })
      .map((d) => d.join(''))
  const number = fc
    .tuple(digits(17), fc.option(digits(18)), fc.option(fc.integer({ min: -330, max: 310 })))
    .map(([whole, places, exponent]) => {
      const mantissa = `${BigInt(whole)}${places === null ? '' : `.${places}`}`
      return exponent === null ? mantissa : `${mantissa}e${exponent}`
    })
  fc.assert(
    fc.property(fc.array(number, { minLength: 20, maxLength: 20 }), (numbers) => {
      const records = numbers.map((p) =>
        encoder.encode(`{"c":null,"p":${p},"s":"A","t":${RECEIVED_MS},"v":1}`),
      )
      assert.deepEqual(
        rowsOf(decode(runOf(records))),
        records.map((record) => oracle(record, RECEIVED_MS)),
      )
    }),
    { seed, numRuns: 1000 },
  )
})

const one = (text: string, receivedMs = RECEIVED_MS): Row =>
  rowOf(createTradeDecoder()(runOf([encoder.encode(text)], receivedMs)), 0)

test('reads trades in the shapes that the feed has sent over the years', () => {
  const cases: [string, Row][] = [
    [
      '{"c":["1","8","24","12"],"p":122.1,"s":"TSLA","t":1672348887195,"v":1}',
      ['TSLA', 1672348887195, 122.1, 1, '1,8,24,12'],
    ],
    [
      '{"t": 1787924136086, "p": 317.775, "v": 200, "c": ["1", "8"], "s": "AAPL"}',
      ['AAPL', 1787924136086, 317.775, 200, '1,8'],
    ],
    [
      '{"p":284.45,"s":"AAPL","t":1586876152227,"v":300}',
      ['AAPL', 1586876152227, 284.45, 300, null],
    ],
    [
      '{"c":null,"p":66972.77,"s":"BINANCE:BTCUSDT","t":1721555886208,"v":8e-05}',
      ['BINANCE:BTCUSDT', 1721555886208, 66972.77, 0.00008, null],
    ],
    [
      '{"c":[],"p":1.1,"s":"OANDA:EUR_USD","t":1721555886208,"v":0}',
      ['OANDA:EUR_USD', 1721555886208, 1.1, 0, null],
    ],
    [
      '{"c":["12"],"p":280.09,"s":"IC MARKETS:1","t":1626805040411,"v":14}',
      ['IC MARKETS:1', 1626805040411, 280.09, 14, '12'],
    ],
    [' {"p":1,"s":"A","t":1626805040411,"v":1} \n', ['A', 1626805040411, 1, 1, null]],
    ['{"\\u0073":"\\u0041","p":1,"t":1626805040411,"v":-0}', ['A', 1626805040411, 1, -0, null]],
    ['{"p":1,"s":"A","t":1626805040411,"v":1,"p":2}', ['A', 1626805040411, 2, 1, null]],
  ]
  for (const [text, row] of cases) assert.deepEqual(one(text, 1_788_000_000_000), row, text)
})

test('names the first rule that a record breaks', () => {
  const good = { c: ['1'], p: 1, s: 'A', t: RECEIVED_MS, v: 1 }
  const cases: [string, Row][] = [
    ['', 'not JSON'],
    ['\ufeff{}', 'not JSON'],
    [`${JSON.stringify(good)}x`, 'not JSON'],
    ['[]', 'not an object'],
    ['null', 'not an object'],
    ['{}', 'no symbol'],
    [JSON.stringify({ ...good, s: 5 }), 'no symbol'],
    [JSON.stringify({ ...good, s: 'A\n' }), 'no symbol'],
    [JSON.stringify({ ...good, s: '\ud800' }), 'no symbol'],
    [JSON.stringify({ ...good, p: '1.5' }), 'no price'],
    ['{"p":1e400,"s":"A","t":1763997374633,"v":1}', 'no price'],
    [JSON.stringify({ ...good, t: 1763997374633.5 }), 'no time'],
    [JSON.stringify({ ...good, v: -1 }), 'no volume'],
    [JSON.stringify({ ...good, c: [1] }), 'bad conditions'],
    [JSON.stringify({ ...good, c: ['1,8'] }), 'bad conditions'],
    [JSON.stringify({ ...good, c: [''] }), 'bad conditions'],
    [JSON.stringify({ ...good, c: '1' }), 'bad conditions'],
    [JSON.stringify({ ...good, t: 946_684_799_999 }), 'time out of range'],
    [JSON.stringify({ ...good, t: RECEIVED_MS + 86_400_001 }), 'time out of range'],
    [JSON.stringify({ ...good, p: null, v: null }), 'no price'],
  ]
  for (const [text, row] of cases) assert.deepEqual(one(text), row, text)
  assert.deepEqual(one(JSON.stringify({ ...good, t: 946_684_800_000 })), [
    'A',
    946_684_800_000,
    1,
    1,
    '1',
  ])
  assert.deepEqual(one(JSON.stringify({ ...good, t: RECEIVED_MS + 86_400_000 })), [
    'A',
    RECEIVED_MS + 86_400_000,
    1,
    1,
    '1',
  ])
})

test('a record cut short is not completed by the bytes of the next one', () => {
  const records = [
    '{"p":1,"s":"A",',
    '"t":1763997374633,"v":1}',
    '{"p":1,"s":"A","t":1763997374633,"v":1}',
  ]
  assert.deepEqual(
    rowsOf(createTradeDecoder()(runOf(records.map((text) => encoder.encode(text))))),
    ['not JSON', 'not JSON', ['A', RECEIVED_MS, 1, 1, null]],
  )
})

test('ids keep their meaning from run to run, and past the limit new arrays begin', () => {
  const decode = createTradeDecoder()
  const trade = (symbol: string) =>
    encoder.encode(`{"p":1,"s":"${symbol}","t":1763997374633,"v":1}`)
  const first = decode(runOf([trade('A'), trade('B')]))
  const second = decode(runOf([trade('B'), trade('C')]))
  assert.equal(first.symbols, second.symbols)
  assert.equal(first.symbol[1], second.symbol[0])
  const many = decode(
    runOf(Array.from({ length: DICTIONARY_ENTRIES_MAX }, (_, i) => trade(`S${i}`))),
  )
  assert.equal(many.symbols, first.symbols)
  const last = decode(runOf([trade('B')]))
  assert.notEqual(last.symbols, first.symbols)
  assert.equal(last.symbols.length, 2)
  assert.deepEqual(rowsOf(many).at(-1), [`S${DICTIONARY_ENTRIES_MAX - 1}`, RECEIVED_MS, 1, 1, null])
  assert.deepEqual(rowsOf(first)[1], ['B', RECEIVED_MS, 1, 1, null])
})

const recorded = new URL('../../../shared/market-data/finnhub-frames/', import.meta.url)
const absent = existsSync(recorded) ? false : 'no ../shared/market-data on this machine'

for (const file of ['observed-frames.ndjson', 'aapl-2026-08-28-recorded.ndjson'])
  test(`every trade of ${file} is read as JSON.parse reads it`, { skip: absent }, () => {
    const split = createFrameSplitter()
    const decode = createTradeDecoder()
    const arrival = Date.UTC(2026, 11, 1)
    let trades = 0
    for (const line of readFileSync(new URL(file, recorded), 'utf8').trim().split('\n')) {
      const { frame } = JSON.parse(line) as { frame: { data?: Record<string, unknown>[] } }
      const wire = line.slice(line.indexOf('"frame": ') + 9, -1)
      const read = split(encoder.encode(wire), arrival)
      if (frame.data === undefined) {
        assert.notEqual(read.kind, 'trades')
        continue
      }
      assert.ok(read.kind === 'trades')
      trades += read.records.count
      assert.deepEqual(
        rowsOf(decode(asRun(read.records, 0))),
        frame.data.map(({ s, t, p, v, c }) => [s, t, p, v, Array.isArray(c) ? c.join(',') : null]),
      )
    }
    assert.ok(trades >= 39, `${trades} trades`)
  })
