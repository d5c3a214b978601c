import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { ask, openSmallLake, tradeText, type SmallLake } from '../../../test/fixtures/small-lake.ts'
import { steppedClock, until } from '../../../test/fixtures/stepped-clock.ts'
import { createTradeDecoder } from '../../feed/finnhub-trades.ts'
import { systemClock, type Clock } from '../../flow/clock.ts'
import { silent } from '../../flow/log.ts'
import type { Offset, Partition } from '../../market/records.ts'
import type { Query } from '../../query/query.ts'
import type { SymbolRow } from '../contract/market.ts'
import { createAsker } from './seeding.ts'
import { createWatch, type Watch } from './watch.ts'

/** Friday's close, and the hours before it; the tests go on over the weekend to Monday. */
const FRIDAY = Date.parse('2026-11-20T20:30:00Z')
const HOUR_MS = 3_600_000

const trade = fc.record({
  s: fc.constantFrom('AAPL', 'MSFT', 'BINANCE:BTCUSDT'),
  p: fc.integer({ min: 100, max: 900 }).map((cents) => cents / 100),
  v: fc.nat({ max: 50 }),
  step: fc.oneof(
    { weight: 8, arbitrary: fc.nat({ max: 60_000 }) },
    { weight: 1, arbitrary: fc.nat({ max: 30 * HOUR_MS }) },
  ),
  late: fc.oneof(
    { weight: 8, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.nat({ max: 3 * HOUR_MS }) },
  ),
  c: fc.oneof(
    { weight: 4, arbitrary: fc.constant(['1']) },
    { weight: 2, arbitrary: fc.subarray(['1', '12', '24', '15', '32', '16']) },
  ),
})
type Trade = typeof trade extends fc.Arbitrary<infer T> ? T : never

/** What the views say of each symbol. */
async function expected(query: Query) {
  const rows = await ask(
    query,
    `
WITH days AS (SELECT symbol, bucket AS day, session, close, volume, trades FROM bars('1d')),
  today AS (SELECT symbol, max(day) AS day FROM days GROUP BY symbol)
SELECT today.symbol,
  (SELECT arg_max(price, (ts, tape_partition, tape_offset)) FROM trades
    WHERE trades.symbol = today.symbol AND counts_last),
  (SELECT arg_max(close, day) FROM days WHERE days.symbol = today.symbol AND days.day < today.day
    AND session IN ('regular', 'continuous') AND close IS NOT NULL),
  (SELECT sum(volume) FROM days WHERE days.symbol = today.symbol AND days.day = today.day),
  (SELECT sum(trades) FROM days WHERE days.symbol = today.symbol AND days.day = today.day),
  (SELECT list(close ORDER BY minute) FROM (SELECT ts_minute AS minute,
      arg_max(price, (ts, tape_partition, tape_offset)) AS close
    FROM (SELECT *, date_trunc('minute', ts) AS ts_minute FROM trades) AS t
    WHERE t.symbol = today.symbol AND counts_last GROUP BY ts_minute))
FROM today ORDER BY 1`,
  )
  return rows.map(([symbol, last, previous, volume, trades, spark]) => ({
    symbol,
    last,
    previous_close: previous,
    volume: Number(volume),
    trades: Number(trades),
    spark: (spark as readonly number[] | null) ?? [],
  }))
}

const shown = ({ symbol, last, previous_close, volume, trades, spark }: SymbolRow) => ({
  symbol,
  last,
  previous_close,
  volume,
  trades,
  spark,
})

function follow(small: SmallLake, watch: Watch) {
  const decode = createTradeDecoder()
  const from = new Map<Partition, Offset>()
  return async () => {
    const ends = [...(await small.tape.trades.bounds())].map(([p, { end }]) => [p, end] as const)
    const { signal } = new AbortController()
    for await (const run of small.tape.trades.read(from, new Map(ends), signal)) {
      const trades = decode(run)
      watch.take({ trades, rows: Array.from({ length: run.count }, (_, row) => row) })
      from.set(run.partition, run.next)
    }
  }
}

const texts = (all: readonly Trade[], startMs: number): readonly string[] => {
  let timeMs = startMs
  return all.map(({ step, late, ...fields }) =>
    tradeText({ ...fields, t: (timeMs += step) - late }),
  )
}

async function openWatch(small: SmallLake, clock: Clock = systemClock) {
  const query = await small.openQuery()
  const asker = createAsker({ clock, log: silent, market: async () => query })
  const watch = createWatch(asker)
  return { query, asker, watch, deliver: follow(small, watch) }
}

/** By symbol, since the list itself is by what was traded most and is ranked now and then. */
function listed(watch: Watch, symbols: readonly string[]): readonly SymbolRow[] {
  const [text] = watch.list(symbols).whole()
  return text === undefined ? [] : (JSON.parse(text) as { rows: SymbolRow[] }).rows
}

test('the watch list is what the views say, wherever their answer and the trades that come meet', async () => {
  const few = fc.array(trade, { minLength: 1, maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(few, few, few, async (before, meanwhile, after) => {
      await using small = await openSmallLake()
      await small.append(texts(before, FRIDAY))
      await small.land(5)
      const { query, asker, watch, deliver } = await openWatch(small)
      try {
        await small.append(texts(meanwhile, FRIDAY + HOUR_MS))
        await deliver()
        await until(() => watch.list(['AAPL', 'MSFT', 'BINANCE:BTCUSDT']).whole().length > 0)
        await small.append(texts(after, FRIDAY + 60 * HOUR_MS))
        await deliver()
        const wanted = await expected(query)
        const symbols = wanted.map(({ symbol }) => symbol as string)
        const rows = () => listed(watch, symbols).map(shown)
        // The days before are looked back over one after the other.
        await until(
          () => JSON.stringify(withoutSpark(rows())) === JSON.stringify(withoutSpark(wanted)),
        )
        // Sparks reach back three hours when the list begins, and then as far as they are long.
        for (const [i, { spark }] of rows().entries()) {
          const whole = wanted[i]?.spark ?? []
          assert.deepEqual(spark, whole.slice(whole.length - spark.length))
        }
      } finally {
        watch[Symbol.dispose]()
        await asker.settled()
        await query[Symbol.asyncDispose]()
      }
    }),
    { numRuns: 12, endOnFailure: true },
  )
})

const withoutSpark = (rows: readonly object[]) => rows.map((row) => ({ ...row, spark: [] }))

test('trades a second are those that came in the last five seconds, and fall by themselves', async () => {
  await using small = await openSmallLake()
  const clock = steppedClock()
  const nowMs = clock.now()
  await small.append(
    Array.from({ length: 10 }, (_, i) => tradeText({ s: 'AAPL', t: nowMs + i })),
    nowMs - 2000,
  )
  const { query, asker, watch, deliver } = await openWatch(small, clock)
  await deliver()
  await until(() => watch.list(['AAPL']).whole().length > 0)
  assert.equal(listed(watch, ['AAPL'])[0]?.trades_per_second, 2)
  const list = watch.list(['AAPL'])
  const told: number[] = []
  for (let batch = 0; batch < 100; batch++) {
    clock.advance(100)
    watch.turn()
    for (const text of list.batch())
      told.push(
        ...(JSON.parse(text) as { rows: SymbolRow[] }).rows.map((row) => row.trades_per_second),
      )
  }
  assert.deepEqual(told, [2, 0])
  watch[Symbol.dispose]()
  await asker.settled()
  await query[Symbol.asyncDispose]()
})
