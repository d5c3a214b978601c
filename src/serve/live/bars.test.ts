import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { openSmallLake, tradeText, type SmallLake } from '../../../test/fixtures/small-lake.ts'
import { until } from '../../../test/fixtures/stepped-clock.ts'
import { createTradeDecoder } from '../../feed/finnhub-trades.ts'
import { systemClock } from '../../flow/clock.ts'
import { silent } from '../../flow/log.ts'
import { parseBarWidth } from '../../market/candles.ts'
import type { Offset, Partition } from '../../market/records.ts'
import { candleObject, candlesOf } from '../../query/candles.ts'
import type { Query } from '../../query/query.ts'
import type { Told } from '../contract/live.ts'
import type { Bar } from '../contract/market.ts'
import { createBars } from './bars.ts'
import { createAsker } from './seeding.ts'
import type { TradeTopic } from './topic.ts'

const SYMBOL = 'AAPL'
/** A minute before the open, so that the bars of some minutes are of two sessions. */
const START = Date.parse('2026-11-20T14:29:00Z')
const BOUNDS = { millisMax: null, signal: new AbortController().signal }

const trade = fc.record({
  s: fc.constantFrom(SYMBOL, SYMBOL, SYMBOL, 'MSFT'),
  p: fc.integer({ min: 1, max: 900 }).map((cents) => cents / 100),
  v: fc.nat({ max: 50 }),
  /** Mostly in order, now and then late by seconds or minutes. */
  late: fc.oneof(
    { weight: 6, arbitrary: fc.constant(0) },
    { weight: 2, arbitrary: fc.nat({ max: 5000 }) },
    { weight: 1, arbitrary: fc.nat({ max: 900_000 }) },
  ),
  step: fc.nat({ max: 9000 }),
  c: fc.oneof(
    { weight: 4, arbitrary: fc.constant(['1']) },
    { weight: 2, arbitrary: fc.subarray(['1', '8', '12', '24', '15', '32', '16', '10']) },
  ),
})
const chunks = fc.array(fc.array(trade, { minLength: 1, maxLength: 40 }), {
  minLength: 1,
  maxLength: 6,
})
type Trade = typeof trade extends fc.Arbitrary<infer T> ? T : never

/** Gives a topic the trades of the tape from where it was. */
function follow(small: SmallLake, topic: TradeTopic) {
  const decode = createTradeDecoder()
  const from = new Map<Partition, Offset>()
  return async () => {
    const ends = [...(await small.tape.trades.bounds())].map(([p, { end }]) => [p, end] as const)
    for await (const run of small.tape.trades.read(from, new Map(ends), BOUNDS.signal)) {
      const trades = decode(run)
      const rows = Array.from({ length: run.count }, (_, row) => row)
      topic.take({
        trades,
        rows: rows.filter((row) => trades.symbols[trades.symbol[row] ?? 0] === SYMBOL),
      })
      from.set(run.partition, run.next)
    }
  }
}

/** What a page has after all that it was told; and what it was told to ask for again. */
function createReader(topic: TradeTopic) {
  const bars = new Map<string, Bar>()
  const stale: [number, number][] = []
  let since: number | null = null
  return {
    read: () => {
      for (const text of topic.batch()) {
        const told = JSON.parse(text) as Told
        if (told.kind === 'stale') stale.push([Date.parse(told.from), Date.parse(told.to)])
        if (told.kind !== 'bars') continue
        if (told.first) bars.clear()
        since = Date.parse(told.since)
        for (const bar of told.bars) bars.set(`${bar.bucket} ${bar.session}`, bar)
      }
    },
    since: () => since,
    bars,
    isStale: (ms: number) => stale.some(([from, to]) => ms >= from && ms < to),
  }
}

const asked = async (query: Query, width: string): Promise<readonly Bar[]> => {
  const wanted = { symbol: SYMBOL, width, session: 'all', fromMs: null, toMs: null } as const
  const { bars } = await candlesOf(query, { ...wanted, zone: 'UTC', limit: null }, BOUNDS)
  return bars.map((bar) => candleObject(SYMBOL, bar))
}

const exact = (bars: readonly Bar[]) =>
  bars
    .map(({ vwap, ...bar }) => ({
      ...bar,
      vwap: vwap === null ? null : Number(vwap.toPrecision(12)),
    }))
    .toSorted((a, b) => (`${a.bucket} ${a.session}` < `${b.bucket} ${b.session}` ? -1 : 1))

type Play = { readonly width: string; readonly plan: readonly Trade[][]; readonly seedAt: number }

async function play(small: SmallLake, { width, plan, seedAt }: Play) {
  await using query = await small.openQuery()
  // Each look at the clock is a minute later, so that nothing that is told now and then is held back.
  let monotonic = 0
  const clock = { ...systemClock, monotonic: () => (monotonic += 60_000) }
  const asker = createAsker({ clock, log: silent, market: async () => query })
  const parsed = parseBarWidth(width)
  assert.ok(parsed !== null)
  const begin = () => {
    const topic = createBars({ symbol: SYMBOL, interval: width, width: parsed, asker })
    return { topic, deliver: follow(small, topic), page: createReader(topic) }
  }
  let streaming: ReturnType<typeof begin> | null = null
  let before: readonly Bar[] = []
  let timeMs = START
  for (const [i, all] of plan.entries()) {
    if (i === seedAt) streaming = begin()
    const texts = all.map(({ late, step, ...fields }) =>
      tradeText({ ...fields, t: (timeMs += step) - late }),
    )
    await small.append(texts)
    if (i % 2 === 1) await small.land(10)
    // The stream lags behind the tape, and what it tells is read now and then.
    if (i % 3 !== 1) await streaming?.deliver()
    streaming?.page.read()
    const hasBegun = streaming !== null && streaming.page.since() !== null
    if (hasBegun && before.length === 0) before = await asked(query, width)
  }
  const { topic, deliver, page } = streaming ?? begin()
  await until(() => topic.whole().length > 0)
  await deliver()
  await until(() => {
    page.read()
    return page.since() !== null
  })
  const all = await asked(query, width)
  const since = page.since() ?? 0
  const isTold = ({ bucket }: Bar) => Date.parse(bucket) >= since
  assert.deepEqual(exact([...page.bars.values()].filter(isTold)), exact(all.filter(isTold)))
  // Of what lies before, the page knows what it asked for when the stream had begun, and what it was told.
  const known = new Set(exact([...before, ...page.bars.values()]).map((bar) => JSON.stringify(bar)))
  for (const bar of before.length === 0 ? [] : exact(all.filter((one) => !isTold(one))))
    if (!known.has(JSON.stringify(bar)))
      assert.ok(page.isStale(Date.parse(bar.bucket)), `${bar.bucket} changed and nobody was told`)
  topic[Symbol.dispose]()
  await asker.settled()
}

test('the bars of the stream are those of SQL, wherever its answer and the trades that come meet', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        plan: chunks,
        seedAt: fc.nat({ max: 6 }),
        width: fc.constantFrom('1s', '1m', '5m', '1h', '1d'),
      }),
      fc.integer({ min: 1, max: 2 }),
      async (played, partitions) => {
        await using small = await openSmallLake({ partitions })
        await play(small, played)
      },
    ),
    { numRuns: 25, endOnFailure: true },
  )
})
