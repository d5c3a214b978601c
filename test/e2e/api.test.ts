import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { day, recordedDay } from '../page/frames.ts'
import type {
  Bar,
  CandlesAnswer,
  Gap,
  GapsAnswer,
  TradesAnswer,
} from '../../src/serve/contract/market.ts'
import type { UdfHistory, UdfSymbol } from '../../src/serve/contract/tradingview.ts'
import { openCli, type Cli, type Running } from './cli.ts'

const DATE = '2026-02-10'

/** A recorded day of two symbols with all sessions, on a tape that a server reads; nothing of it changes. */
describe('the API', { timeout: 180_000 }, () => {
  let cli: Cli
  let serve: Running
  let url = ''
  before(async () => {
    cli = await openCli({ TICKLAKE_SOURCE: 'test' })
    const made = { date: DATE, symbols: ['AAPL', 'MSFT'], tradesPerMinute: 4, seed: 11 }
    const lines = recordedDay(made)
    writeFileSync(join(cli.dir, 'day.ndjson'), `${lines.join('\n')}\n`)
    const replay = cli.start(['replay', 'day.ndjson', '--speed', 'max', '--listen', '0'])
    const [, feed = ''] = await replay.seen(/replaying url=(ws:\S+)/)
    const record = cli.start(['record', 'AAPL', 'MSFT', '--feed', feed])
    for (;;) {
      const { out } = await cli.run('sql', 'SELECT count(*) AS n FROM records', '--json')
      if (out.includes(`"n":${lines.length}}`)) break
    }
    record.child.kill('SIGINT')
    await record.ended
    const landed = cli.start(['land', '--land-age', '1s'])
    await landed.seen(/committed/)
    landed.child.kill('SIGINT')
    await landed.ended
    serve = cli.start(['serve', '--port', '0'])
    url = (await serve.seen(/serving url=(http:\S+)/))[1] ?? ''
  })
  after(() => cli[Symbol.asyncDispose]())

  const get = async <T>(path: string, status = 200): Promise<T> => {
    const response = await fetch(new URL(path, url))
    const text = await response.text()
    assert.equal(response.status, status, text)
    return JSON.parse(text) as T
  }
  const told = async <T>(...args: readonly string[]): Promise<readonly T[]> => {
    const { code, out, err } = await cli.run(...args, '--json')
    assert.equal(code, 0, err)
    return out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as T)
  }

  for (const [interval, session] of [
    ['1s', 'all'],
    ['1m', 'all'],
    ['5m', 'regular'],
    ['15m', 'extended'],
    ['1h', 'all'],
    ['7m', 'all'],
    ['1d', 'regular'],
  ] as const)
    test(`gives the bars of \`candles\`, ${interval}, ${session}`, async () => {
      const flags = ['--interval', interval, '--session', session, '--lines', '5000']
      const { out } = await cli.run('candles', 'AAPL', ...flags, '--json')
      const lines = out.trimEnd().split('\n')
      const query = `symbol=AAPL&interval=${interval}&session=${session}&limit=5000`
      const response = await fetch(new URL(`/api/candles?${query}`, url))
      const text = await response.text()
      assert.ok(text.includes(`"bars":[${lines.join(',')}]`), 'the same bytes')
      const { bars, covers } = JSON.parse(text) as CandlesAnswer
      assert.deepEqual([bars.length, covers], [lines.length, 'lake and tail'])
      if (session === 'all') assert.equal(new Set(bars.map((bar) => bar.session)).size, 3)
    })

  test('gives the gaps of `gaps`', async () => {
    type Told = Omit<Gap, 'symbols'> & { symbol: string | null; seconds: number }
    const rows = await told<Told>('gaps')
    const { gaps } = await get<GapsAnswer>('/api/gaps')
    const each = gaps.flatMap(({ symbols, ...gap }) =>
      (symbols.length === 0 ? [null] : symbols).map((symbol) => ({ symbol, ...gap })),
    )
    assert.ok(each.length > 0)
    // The end of one that is open is the moment of the question.
    const shown = ({ symbol, from, to, cause, open }: Omit<Told, 'seconds'>) =>
      [symbol, from, open ? null : to, cause, open].join(' ')
    assert.deepEqual(each.map(shown).toSorted(), rows.map(shown).toSorted())
  })

  test('gives every trade once, newest first, however small the pages are', async () => {
    const seen: string[] = []
    let before: string | null = null
    let last = Infinity
    do {
      const next: string = before === null ? '' : `&before=${encodeURIComponent(before)}`
      const answer = await get<TradesAnswer>(`/api/trades?symbol=MSFT&limit=333${next}`)
      for (const { id, ts } of answer.trades) {
        assert.ok(Date.parse(ts) <= last, ts)
        last = Date.parse(ts)
        seen.push(id)
      }
      before = answer.next
    } while (before !== null)
    const count = "SELECT count(*) AS n FROM trades WHERE symbol = 'MSFT'"
    const [row] = await told<{ n: number }>('sql', count)
    assert.equal(seen.length, row?.n)
    assert.equal(new Set(seen).size, seen.length)
  })

  test('speaks the protocol of charting libraries', async () => {
    const config = await get<{ supported_resolutions: readonly string[] }>('/udf/config')
    assert.ok(config.supported_resolutions.includes('1D'))
    const symbol = await get<UdfSymbol>('/udf/symbols?symbol=AAPL')
    assert.deepEqual([symbol.timezone, symbol.pricescale], ['America/New_York', 100])
    const found = await get<readonly { symbol: string }[]>('/udf/search?query=ms')
    assert.deepEqual(
      found.map(({ symbol }) => symbol),
      ['MSFT'],
    )
    const { open, close } = day(DATE)
    const from = open / 1000
    const to = close / 1000
    const history = await get<Extract<UdfHistory, { s: 'ok' }>>(
      `/udf/history?symbol=AAPL&resolution=5&from=${from}&to=${to}`,
    )
    const range = ['--from', new Date(open).toISOString(), '--to', new Date(close).toISOString()]
    const bars = await told<Bar>('candles', 'AAPL', '--interval', '5m', ...range)
    const priced = bars.filter(({ open }) => open !== null)
    assert.deepEqual(
      history.t.map((t, i) => [t * 1000, history.o[i], history.h[i], history.l[i], history.c[i]]),
      priced.map(({ bucket, open, high, low, close }) => [
        Date.parse(bucket),
        open,
        high,
        low,
        close,
      ]),
    )
    const counted = await get<Extract<UdfHistory, { s: 'ok' }>>(
      `/udf/history?symbol=AAPL&resolution=1&to=${to}&countback=7`,
    )
    assert.equal(counted.t.length, 7)
    const late = to + 30 * 86_400
    const none = await get<UdfHistory>(
      `/udf/history?symbol=AAPL&resolution=5&from=${late}&to=${late + 600}`,
    )
    assert.deepEqual(none, { s: 'no_data', nextTime: to })
    const unknown = await get<{ s: string }>('/udf/symbols?symbol=NONE', 404)
    assert.equal(unknown.s, 'error')
    const now = Number(await (await fetch(new URL('/udf/time', url))).text())
    assert.ok(Math.abs(now - Date.now() / 1000) < 60)
  })

  test('says what is wrong with a request', async () => {
    type Wrong = { error: { kind: string; message: string; remedy: string } }
    for (const [path, pattern] of [
      ['/api/candles', /symbol/],
      ['/api/candles?symbol=AAPL&interval=7x', /no width of a bar: 7x/],
      ['/api/candles?symbol=AAPL&from=yesterdayish', /from: /],
      ['/api/candles?symbol=AAPL&limit=0', /limit/],
      ['/api/trades?limit=1000000', /limit/],
      ['/api/gaps?to=never', /to: /],
    ] as const) {
      const { error } = await get<Wrong>(path, 400)
      assert.match(error.message, pattern)
      assert.ok(error.remedy !== '')
    }
  })

  test('is described by a document that a reader of OpenAPI takes', async () => {
    type Described = {
      paths: Record<string, Record<string, { summary?: string; responses: object }>>
    }
    const { paths } = await get<Described>('/api/openapi.json')
    for (const path of ['/api/candles', '/api/sql', '/api/exports', '/api/schema', '/api/status'])
      assert.ok(path in paths, path)
    for (const methods of Object.values(paths))
      for (const { summary, responses } of Object.values(methods))
        assert.ok(summary !== undefined && Object.keys(responses).length > 0)
  })
})
