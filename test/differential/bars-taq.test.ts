import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createCandles, parseBarWidth } from '../../src/market/candles.ts'
import { RECORDS } from '../../src/market/tables.ts'
import { finnhubCodes, readTaq, taqFile } from '../fixtures/taq.ts'
import { openViews } from './duckdb-views.ts'
import { recordRow, tradesOf, type Trade } from './trade-rows.ts'

const PROGRAM = fileURLToPath(new URL('./bars.py', import.meta.url))

type PythonBar = {
  readonly width: '1m' | '1d'
  readonly symbol: string
  readonly session: string
  readonly start: number
  readonly open: number | null
  readonly high: number | null
  readonly low: number | null
  readonly close: number | null
  readonly volume: number
  readonly trades: number
  readonly vwap: number | null
}
type Found = Omit<PythonBar, 'width'>

const keyed = <B extends Found>(bars: readonly B[]) =>
  new Map(bars.map((bar) => [`${bar.symbol} ${bar.session} ${bar.start}`, bar]))

/** Everything to the last digit, but the quotient vwap. */
function assertSame(actual: readonly Found[], expected: readonly PythonBar[]): void {
  const [ours, theirs] = [keyed(actual), keyed(expected)]
  assert.deepEqual([...ours.keys()].toSorted(), [...theirs.keys()].toSorted())
  for (const [key, { vwap, ...bar }] of ours) {
    const { width: _width, vwap: expectedVwap, ...other } = theirs.get(key) ?? assert.fail(key)
    assert.deepEqual(bar, other, key)
    const difference = Math.abs((vwap ?? 0) - (expectedVwap ?? 0))
    assert.ok(difference <= 1e-9 * Math.abs(expectedVwap ?? 1), key)
    assert.equal(vwap === null, expectedVwap === null, key)
  }
}

const path = taqFile()
const python = spawnSync('python3', [
  '-c',
  'import zoneinfo; zoneinfo.ZoneInfo("America/New_York")',
])
const skip =
  (path === null && 'the TAQ sample is not in ../shared/market-data') ||
  (python.status !== 0 && 'python3 with its time zone database is not installed')

test('real trades make the bars that an independent program computes', { skip }, async (t) => {
  assert.ok(path !== null)
  const expected = JSON.parse(
    spawnSync('python3', [PROGRAM, path], { encoding: 'utf8', maxBuffer: 2 ** 26 }).stdout,
  ) as readonly PythonBar[]
  const trades: readonly Trade[] = readTaq(path).map((trade, place) => ({
    symbol: trade.symbol,
    timeMs: trade.t,
    price: trade.p,
    volume: trade.v,
    conditions: trade.c.join(','),
    partition: 0,
    offset: place,
  }))
  assert.equal(trades.length, 77_261)
  using views = await openViews()
  await views.fill(RECORDS, trades.map(recordRow))

  for (const width of ['1m', '1d'] as const) {
    const wanted = expected.filter((bar) => bar.width === width)
    await t.test(`SQL, ${width}: ${wanted.length} bars`, async () => {
      const rows = await views.query(`
        SELECT symbol, session, CAST(epoch_ms(CAST(bucket AS TIMESTAMP)) AS DOUBLE) AS start,
          open, high, low, close, volume, CAST(trades AS DOUBLE) AS trades, vwap
        FROM bars_${width}`)
      assertSame(rows as unknown as readonly Found[], wanted)
    })
    await t.test(`the fold, ${width}: ${wanted.length} bars`, () => {
      const candles = createCandles(parseBarWidth(width) ?? assert.fail(width))
      candles.add(tradesOf(trades))
      const bars = candles.bars().map(({ startMs, ...bar }) => ({ ...bar, start: startMs }))
      assertSame(bars, wanted)
    })
  }
})

test('SIP letters become codes in wire order, and no settlement letter means regular way', () => {
  assert.deepEqual(finnhubCodes('', 'cta'), ['1'])
  assert.deepEqual(finnhubCodes('FTI', 'cta'), ['1', '8', '24', '12'])
  assert.deepEqual(finnhubCodes('F I', 'cta'), ['1', '8', '12'])
  assert.deepEqual(finnhubCodes('C  I', 'cta'), ['5', '12'])
  assert.deepEqual(
    [finnhubCodes('B', 'cta'), finnhubCodes('B', 'utp')],
    [
      ['1', '3'],
      ['1', '4'],
    ],
  )
  assert.deepEqual(finnhubCodes('@6 X', 'utp'), ['1', '36', '28'])
  assert.throws(() => finnhubCodes('?', 'cta'), /letter \?/)
})
