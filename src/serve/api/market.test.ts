import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { serveSmallLake, type Served } from '../../../test/fixtures/served.ts'
import { ask, openSmallLake, tradeText, type SmallLake } from '../../../test/fixtures/small-lake.ts'
import type { CandlesAnswer, SymbolRow, TradesAnswer } from '../contract/market.ts'
import { RESOLUTIONS, type UdfHistory } from '../contract/tradingview.ts'

/** Tuesday, 2026-02-10, in New York. */
const [OPEN, CLOSE] = [Date.UTC(2026, 1, 10, 14, 30), Date.UTC(2026, 1, 10, 21)]
const DAY_MS = 86_400_000
/** So many trades of one moment, more than a page has. */
const CROWD = 700
const listed = (symbol: string, listing: SymbolRow['listing']): SymbolRow => ({
  symbol,
  listing,
  last: null,
  last_at: null,
  previous_close: null,
  change: null,
  change_percent: null,
  volume: 0,
  trades: 0,
  trades_per_second: 0,
  spark: [],
})

/** Half in the lake, half on the tape: trades around both boundaries of two days, and many in one moment. */
describe('the routes of the market', () => {
  let small: SmallLake
  let served: Served
  before(async () => {
    small = await openSmallLake()
    const around = [0, DAY_MS].flatMap((later) =>
      [
        OPEN - 61_000,
        OPEN - 1,
        OPEN,
        OPEN + 999,
        OPEN + 1000,
        CLOSE - 1,
        CLOSE,
        CLOSE + 59_999,
      ].map((t, i) => tradeText({ s: 'AAPL', t: t + later, p: 100 + i, v: 10 + i })),
    )
    const crowd = Array.from({ length: CROWD }, (_, i) =>
      tradeText({ s: i % 2 === 0 ? 'AAPL' : 'MSFT', t: OPEN + 3_600_000, p: 200 + i, v: 1 }),
    )
    await small.append([...around, ...crowd.slice(0, CROWD / 2)])
    await small.land()
    await small.append(crowd.slice(CROWD / 2))
    const symbols = [
      listed('AAPL', 'us'),
      listed('MSFT', 'us'),
      listed('BINANCE:BTCUSDT', 'continuous'),
    ]
    served = await serveSmallLake(small, { symbols: () => symbols })
  })
  after(async () => {
    await served[Symbol.asyncDispose]()
    await small[Symbol.asyncDispose]()
  })

  const get = async <T>(path: string, status = 200): Promise<T> => {
    const { status: was, body, text } = await served.get(path)
    assert.equal(was, status, text)
    return body as T
  }

  test('trades of one moment come once each, whatever the page', async () => {
    for (const [of, all] of [
      ['', CROWD + 16],
      ['symbol=MSFT&', CROWD / 2],
    ] as const)
      for (const limit of [97, 350, 1000]) {
        const ids: string[] = []
        let before: string | null = ''
        while (before !== null) {
          const path: string = `/api/trades?${of}limit=${limit}${before}`
          const { trades, next }: TradesAnswer = await get(path)
          ids.push(...trades.map(({ id }) => id))
          before = next === null ? null : `&before=${encodeURIComponent(next)}`
        }
        assert.deepEqual([ids.length, new Set(ids).size], [all, all], `${of} by ${limit}`)
      }
  })

  for (const width of ['1s', '7s', '1m', '5m', '1h', '1d'])
    test(`the last bars of ${width} are those of all bars, whole`, async () => {
      const sql = `SELECT epoch_ms(bucket), session, open, high, low, close, volume::DOUBLE, trades
FROM bars('${width}') WHERE symbol = 'AAPL' ORDER BY bucket DESC, session`
      const all = (await ask(served.query, sql)).map((row) => row.map(plain))
      assert.ok(all.length >= 2)
      for (const limit of [1, 3, 500]) {
        const path = `/api/candles?symbol=AAPL&interval=${width}&session=all&limit=${limit}`
        const { bars } = await get<CandlesAnswer>(path)
        const given = bars.map(({ bucket, session, open, high, low, close, volume, trades }) => [
          Date.parse(bucket),
          session,
          open,
          high,
          low,
          close,
          volume,
          trades,
        ])
        assert.deepEqual(given.toReversed(), all.slice(0, limit))
      }
    })

  test('a datafeed’s history is the regular bars of each resolution', async () => {
    const [from, to] = [OPEN / 1000 - 86_400, (CLOSE + 2 * DAY_MS) / 1000]
    for (const [resolution, width] of Object.entries(RESOLUTIONS)) {
      const { bars } = await get<CandlesAnswer>(`/api/candles?symbol=AAPL&interval=${width}`)
      const priced = bars.filter(({ open }) => open !== null)
      assert.ok(priced.length >= 2)
      const asked = `symbol=AAPL&resolution=${resolution}&from=${from}&to=${to}`
      const column = (of: (bar: (typeof bars)[number]) => number | null) => priced.map(of)
      assert.deepEqual(await get<UdfHistory>(`/udf/history?${asked}`), {
        s: 'ok',
        t: column(({ bucket }) => Date.parse(bucket) / 1000),
        o: column(({ open }) => open),
        h: column(({ high }) => high),
        l: column(({ low }) => low),
        c: column(({ close }) => close),
        v: column(({ volume }) => volume),
      })
      const counted = await get<Extract<UdfHistory, { s: 'ok' }>>(
        `/udf/history?symbol=AAPL&resolution=${resolution}&from=${to - 1}&to=${to}&countback=2`,
      )
      assert.deepEqual(
        counted.t,
        priced.slice(-2).map(({ bucket }) => Date.parse(bucket) / 1000),
      )
    }
  })

  test('where there is nothing, a history says which bar is before, or that there is none', async () => {
    const history = (from: number, to: number, resolution: string) =>
      get(`/udf/history?symbol=AAPL&resolution=${resolution}&from=${from}&to=${to}`)
    const late = (CLOSE + 5 * DAY_MS) / 1000
    // The closing print comes at 16:00: its bar is the last of the regular session.
    const last = CLOSE + DAY_MS
    assert.deepEqual(await history(late, late + 60, '1'), {
      s: 'no_data',
      nextTime: last / 1000,
    })
    assert.deepEqual(await history(late, late + 86_400, '1D'), {
      s: 'no_data',
      nextTime: Date.UTC(2026, 1, 11) / 1000,
    })
    assert.deepEqual(await history(1_000_000_000, 1_000_000_060, '1'), { s: 'no_data' })
  })

  test('symbols are searched by part, kind and exchange', async () => {
    const found = async (query: string) =>
      (await get<readonly { symbol: string }[]>(`/udf/search?${query}`)).map(({ symbol }) => symbol)
    assert.deepEqual(await found('query=a'), ['AAPL', 'BINANCE:BTCUSDT'])
    assert.deepEqual(await found('query=&type=continuous'), ['BINANCE:BTCUSDT'])
    assert.deepEqual(await found('query=&exchange=US&limit=1'), ['AAPL'])
  })

  test('what is wrong is said with a remedy, in the words of each protocol', async () => {
    for (const [path, pattern] of [
      ['/api/candles?symbol=AAPL&interval=7x', /no width of a bar: 7x/],
      ['/api/candles?symbol=AAPL&session=lunch', /session/],
      ['/api/trades?before=2026-02-10T15:30:00.000Z/0:x', /before: /],
      ['/api/gaps?from=never', /from: /],
      ['/api/symbols?limit=0', /limit/],
    ] as const) {
      type Wrong = { error: { kind: string; message: string; remedy: string } }
      const { error } = await get<Wrong>(path, 400)
      assert.equal(error.kind, 'invalid')
      assert.match(error.message, pattern)
      assert.notEqual(error.remedy, '')
    }
    for (const [path, pattern] of [
      ['/udf/history?symbol=AAPL&resolution=2W&to=1', /no resolution 2W.*There are 1S, 5S, 1, /],
      ['/udf/history?symbol=AAPL&resolution=1', /^to: /],
      ['/udf/history?symbol=AAPL&resolution=1&from=x&to=1', /^from: /],
      ['/udf/symbols', /^symbol: /],
    ] as const) {
      const { s, errmsg } = await get<{ s: string; errmsg: string }>(path, 400)
      assert.equal(s, 'error')
      assert.match(errmsg, pattern)
    }
  })
})

const plain = (value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : value)
