import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import * as fc from 'fast-check'
import { createCandles, parseBarWidth, type Bar } from '../../src/market/candles.ts'
import { RECORDS } from '../../src/market/tables.ts'
import { openViews } from './duckdb-views.ts'
import { recordRow, tradesOf, type Trade } from './trade-rows.ts'

const LISTING = { continuous: ['SPOT', "O'NEIL"], us: ['ABC.L', 'A"B:C'] }
const views = await openViews(LISTING)
after(() => views[Symbol.dispose]())

const RELATIONS = { '1m': 'bars_1m', '1d': 'bars_1d', '7m': "bars('7m')", '4h': "bars('4h')" }

/** Moments at which a rule turns: opens, closes, graces, midnights, clock changes, half days, holidays, a leap day. */
const TURNS = [
  '2026-07-01T13:30:00Z',
  '2026-07-01T20:00:00Z',
  '2026-07-01T20:00:10Z',
  '2026-07-01T20:05:00Z',
  '2026-07-02T00:00:00Z',
  '2026-07-02T04:00:00Z',
  '2026-07-03T17:00:00Z',
  '2026-11-27T18:00:00Z',
  '2026-11-27T18:05:00Z',
  '2026-11-27T21:00:10Z',
  '2026-03-08T07:00:00Z',
  '2026-03-09T04:00:00Z',
  '2026-11-01T04:00:00Z',
  '2026-11-01T06:00:00Z',
  '2026-11-02T05:00:00Z',
  '2026-11-02T14:30:00Z',
  '2000-01-03T14:30:00Z',
  '2006-04-02T07:00:00Z',
  '2006-10-29T06:00:00Z',
  '2024-02-29T05:00:00Z',
  '2024-02-29T21:05:00Z',
  '2024-03-01T05:00:00Z',
  '2025-01-09T15:00:00Z',
  '2049-12-31T21:00:00Z',
].map((text) => Date.parse(text))

const time = fc.oneof(
  fc
    .tuple(fc.constantFrom(...TURNS), fc.integer({ min: -2, max: 2 }))
    .map(([turn, near]) => turn + near),
  fc
    .tuple(fc.constantFrom(...TURNS), fc.integer({ min: -9e6, max: 9e6 }))
    .map(([turn, near]) => turn + near),
)
const code = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('1', '8', '12', '24', '25', '15', '32', '3', '16') },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 43 }).map(String) },
)
const conditions = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(null, '', '1', 'x', '1,,8', '16\n', '1, 8', "'") },
  { weight: 4, arbitrary: fc.array(code, { maxLength: 4 }).map((codes) => codes.join(',')) },
)
const trade = fc.record(
  {
    symbol: fc.oneof(
      fc.constantFrom('AAPL', 'BRK.B', 'VOD.L', 'ABC.L', 'SPOT', 'BINANCE:BTCUSDT'),
      fc.constantFrom("O'NEIL", 'A"B:C', ':', '.L', 'A.B.L', '..TO', 'x.l', 'AAPL ', 'A%_', '\\'),
      fc.constantFrom('É', '日本.T', '😀:a', 'Ａ：Ｂ', 'A\u2028.L', 'A\u2028:B'),
    ),
    timeMs: time,
    price: fc.oneof(
      fc.integer({ min: 1, max: 2000 }).map((cents) => cents / 100),
      fc.constantFrom(0, 1e-9, 0.1, 123_456_789.123_456_79, 1e15),
    ),
    volume: fc.oneof(
      fc.nat({ max: 300 }),
      fc.double({ min: 0, max: 5, noNaN: true }),
      fc.constantFrom(0, 1e-9, 1e15, Number.MAX_SAFE_INTEGER, 1e300),
    ),
    conditions,
    partition: fc.nat({ max: 2 }),
    redelivered: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    defect: fc.integer({ min: 0, max: 9 }).map((n) => (n === 0 ? 4 : 0)),
  },
  { noNullPrototype: true },
)
const trades = fc
  .array(trade, { maxLength: 120, size: 'max' })
  .map((all) => all.map((one, offset) => ({ ...one, offset })))

function folded(width: string, all: readonly Trade[]): readonly Bar[] {
  const parsed = parseBarWidth(width)
  assert.ok(parsed !== null)
  const candles = createCandles(parsed, LISTING)
  for (const partition of [2, 0, 1]) {
    const own = all.filter((one) => one.partition === partition)
    // The later half first: the order of arrival must not matter.
    candles.add(tradesOf(own.slice(own.length >> 1)))
    candles.add(tradesOf(own.slice(0, own.length >> 1)))
  }
  return candles.bars()
}

async function queried(relation: string): Promise<readonly Bar[]> {
  const rows = await views.query(`
    SELECT symbol, session, CAST(epoch_ms(CAST(bucket AS TIMESTAMP)) AS DOUBLE) AS "startMs",
      open, high, low, close, volume, CAST(trades AS DOUBLE) AS trades, vwap
    FROM ${relation}`)
  return rows as unknown as readonly Bar[]
}

const keyed = (bars: readonly Bar[]) =>
  new Map(bars.map((bar) => [`${bar.symbol} ${bar.session} ${bar.startMs}`, bar]))

function assertNear(actual: number | null, expected: number | null, what: string): void {
  if (actual === null || expected === null) return assert.equal(actual, expected, what)
  if (!Number.isFinite(expected)) return assert.equal(actual, expected, what)
  const size = Math.max(Math.abs(actual), Math.abs(expected))
  return assert.ok(Math.abs(actual - expected) <= 1e-9 * size, `${what}: ${actual} ${expected}`)
}

function assertEqualBars(actual: readonly Bar[], expected: readonly Bar[]): void {
  const [ours, theirs] = [keyed(actual), keyed(expected)]
  assert.deepEqual([...ours.keys()].toSorted(), [...theirs.keys()].toSorted())
  for (const [key, bar] of ours) {
    const other = theirs.get(key)
    assert.ok(other !== undefined)
    assertNear(bar.volume, other.volume, `${key} volume`)
    assertNear(bar.vwap, other.vwap, `${key} vwap`)
    const exact = ({ volume: _v, vwap: _w, ...rest }: Bar) => rest
    assert.deepEqual(exact(bar), exact(other), key)
  }
}

test('bars in SQL are the bars of the fold, whatever the trades', async () => {
  await fc.assert(
    fc.asyncProperty(trades, async (all) => {
      await views.fill(RECORDS, all.map(recordRow))
      for (const [width, relation] of Object.entries(RELATIONS)) {
        assertEqualBars(await queried(relation), folded(width, all))
      }
    }),
    { numRuns: 40 },
  )
})

const regular = Date.parse('2026-07-01T15:00:00Z')
const plain = { symbol: 'AAPL', timeMs: regular, price: 10, volume: 1, conditions: '1' } as const
const barsOf = async (...rows: readonly Partial<Trade>[]) => {
  const all = rows.map((row, offset) => ({ ...plain, partition: 0, offset, ...row }))
  await views.fill(RECORDS, all.map(recordRow))
  const bars = await queried('bars_1m')
  assertEqualBars(bars, folded('1m', all))
  return bars
}

test('first and last of one millisecond are by partition and offset', async () => {
  const [bar] = await barsOf(
    { price: 3, partition: 1, offset: 0 },
    { price: 1, partition: 0, offset: 8 },
    { price: 2, partition: 0, offset: 9 },
  )
  assert.deepEqual([bar?.open, bar?.close, bar?.high, bar?.low], [1, 3, 3, 1])
})

test('an odd lot counts for volume and sets no price', async () => {
  const [bar] = await barsOf({ price: 9 }, { price: 99, volume: 5, conditions: '1,12' })
  assert.deepEqual([bar?.high, bar?.close, bar?.volume, bar?.trades], [9, 9, 6, 2])
})

test('a bar of odd lots alone has a volume and no prices', async () => {
  const [bar] = await barsOf({ conditions: '1,12', volume: 4 })
  assert.deepEqual([bar?.open, bar?.high, bar?.low, bar?.close], [null, null, null, null])
  assert.deepEqual([bar?.volume, bar?.vwap], [4, 10])
})

test('a trade that is conditional for last sets open and close only where nothing else does', async () => {
  const [alone] = await barsOf({ conditions: '32', price: 7 })
  assert.deepEqual([alone?.open, alone?.close], [7, 7])
  const [beside] = await barsOf({ conditions: '32', price: 7 }, { price: 8 })
  assert.deepEqual([beside?.open, beside?.close, beside?.low], [8, 8, 7])
})

test('"sold last" may be last until 16:00:10 in New York and not from then on', async () => {
  const close = Date.parse('2026-07-01T20:00:10Z')
  const [before] = await barsOf({ conditions: '15', timeMs: close - 1 })
  const [late] = await barsOf({ conditions: '15', timeMs: close })
  assert.deepEqual([before?.close, late?.close, late?.high], [10, null, 10])
})

test('an official close moves no volume, so a bar of it alone has none', async () => {
  const [bar] = await barsOf({ conditions: '16', volume: 443_901 })
  assert.deepEqual([bar?.volume, bar?.trades, bar?.vwap, bar?.close], [0, 0, null, null])
})

test('form T makes the bars of the extended session', async () => {
  const bars = await barsOf({ conditions: '1,24', timeMs: Date.parse('2026-07-01T12:00:00Z') })
  assert.deepEqual(
    bars.map(({ session, close }) => [session, close]),
    [['pre', 10]],
  )
})

test('one trade of an absurd size spoils its own bar and fails no query', async () => {
  const bars = await barsOf({ volume: 1e308 }, { volume: 1e308, price: 1e9 }, { symbol: 'MSFT' })
  const shown = bars.map(({ symbol, volume, high }) => [symbol, volume, high])
  assert.deepEqual(
    new Set(shown),
    new Set([
      ['AAPL', Infinity, 1e9],
      ['MSFT', 1, 10],
    ]),
  )
})

test('a late trade changes the bar it belongs to', async () => {
  const [bar] = await barsOf({ price: 5, timeMs: regular + 10 }, { price: 4 })
  assert.deepEqual([bar?.open, bar?.close], [4, 5])
})

test('an evening trade in winter belongs to the New York day before', async () => {
  await views.fill(RECORDS, [
    recordRow({ ...plain, partition: 0, offset: 0, timeMs: Date.parse('2026-12-02T00:30:00Z') }),
  ])
  const [bar] = await queried('bars_1d')
  assert.deepEqual([bar?.startMs, bar?.session], [Date.parse('2026-12-01'), 'post'])
})

test('a width that is none is refused with what would be one', async () => {
  await views.fill(RECORDS, [recordRow({ ...plain, partition: 0, offset: 0 })])
  for (const width of ['5x', '0m', '', '1.5h', '-1m', '1d1']) {
    assert.equal(parseBarWidth(width), null)
    await assert.rejects(views.query(`SELECT * FROM bars('${width}')`), /'5m'/)
  }
})

test('bars between two moments are those whose bucket begins there', async () => {
  const hours = Array.from({ length: 90 }, (_, i) => i)
  const all = hours.flatMap((hour) =>
    ['AAPL', 'BINANCE:BTCUSDT'].map((symbol, i) => ({
      ...plain,
      symbol,
      timeMs: regular + hour * 3_600_000,
      partition: i,
      offset: hour,
    })),
  )
  await views.fill(RECORDS, all.map(recordRow))
  const [from, to] = ['2026-07-02 00:00:00', '2026-07-04 06:00:00']
  for (const width of ['1h', '7h', '25h', '1d']) {
    const bars = await queried(`bars('${width}')`)
    const since = bars.filter(({ startMs }) => startMs >= Date.parse(`${from}Z`))
    const within = since.filter(({ startMs }) => startMs < Date.parse(`${to}Z`))
    assert.ok(within.length > 0 && within.length < since.length && since.length < bars.length)
    const bounds = `from_ts := TIMESTAMP '${from}', to_ts := TIMESTAMP '${to}'`
    assertEqualBars(await queried(`bars('${width}', ${bounds})`), within)
    assertEqualBars(await queried(`bars('${width}', from_ts := '${from}')`), since)
  }
})

test('a record with a defect is a dead letter and no trade', async () => {
  await views.fill(RECORDS, [recordRow({ ...plain, partition: 0, offset: 0, defect: 4 })])
  const [letters, good] = [
    await views.query('SELECT defect, tape_offset FROM dead_letters'),
    await views.query('SELECT * FROM trades'),
  ]
  assert.deepEqual([letters, good], [[{ defect: 'no price', tape_offset: 0n }], []])
})
