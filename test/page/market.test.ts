import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { Page } from 'playwright-core'
import { recordedFrames } from '../../src/replay/recording.ts'
import { startReplay } from '../../src/replay/serve-replay.ts'
import type { Bar } from '../../src/serve/contract/market.ts'
import { openBrowser, withoutChromium, type TestBrowser } from './browser.ts'
import { day, frame, recordedDay } from './frames.ts'
import { openWorld, type World } from './world.ts'

const LIMITS = { skip: withoutChromium(), timeout: 1_800_000 }
const DATE = '2026-02-10'
/** Times as fast as it was traded; SPEED=50 plays a day in twenty minutes. */
const SPEED = process.env.SPEED ?? '1500'
/** Trades of the first test, one by one. */
const SENT = 20

type BarRow = Readonly<Record<string, string>>

/** The bars that the page has loaded, as its table writes them, oldest first. */
const barsOf = async (page: Page): Promise<readonly BarRow[]> => {
  const rows = page.locator('.chart-bars tbody tr')
  return (await rows.evaluateAll((all) => all.map((row) => ({ ...row.dataset })))).toReversed()
}

/**
 * The bars are those of the command line: prices to the last digit that was sent, and so are counts. Sums of
 * fractions depend on the order of adding: the last of sixteen digits may differ.
 */
function assertSame(shown: readonly BarRow[], told: readonly Bar[]): void {
  const exact = ({ bucket, session, open, high, low, close, trades }: BarRow | Bar) =>
    [bucket, session, open, high, low, close, trades].map((value) => String(value ?? ''))
  assert.deepEqual(shown.map(exact), told.map(exact))
  for (const [i, { bucket, volume, vwap }] of told.entries()) {
    const row = shown[i] ?? {}
    assert.ok(isClose(Number(row.volume), volume), `volume of ${bucket}`)
    assert.ok(
      vwap === null ? row.vwap === '' : isClose(Number(row.vwap), vwap),
      `vwap of ${bucket}`,
    )
  }
}
const isClose = (a: number, b: number) => Math.abs(a - b) <= 1e-12 * Math.abs(b)

/** When a line of a recording came, ms. */
const timeOf = (text: string) => (JSON.parse(text) as { at: number }).at * 1000

/** When the newest trade of the tape has this price, ms: looked for at each frame that the page draws. */
const onTop = (price: string) => `new Promise((resolve) => {
  const look = () => {
    const top = document.querySelector('.tape-table td.tape-price')?.textContent ?? ''
    if (top.includes('${price}')) resolve(Date.now())
    else requestAnimationFrame(look)
  }
  look()
})`

async function market(t: TestContext, settings: Readonly<Record<string, string>> = {}) {
  const world = await openWorld(settings)
  t.after(() => world[Symbol.asyncDispose]())
  const browser = await openBrowser()
  t.after(() => browser[Symbol.asyncDispose]())
  return { world, browser }
}

const opened = async (browser: TestBrowser, address: string) => {
  const { page, wrong, expect } = await browser.open(address)
  await page.locator('.chart-host').waitFor()
  return { page, wrong, expect }
}

describe('the market on the page', LIMITS, () => {
  it('shows a trade on its tape, in its candle and to SQL as soon as it was sent', async (t) => {
    const { world, browser } = await market(t)
    // Meanwhile the other symbol is played at fifty times its speed, some 200 trades a second.
    const morning = recordedDay({ date: DATE, symbols: ['MSFT'], tradesPerMinute: 240, seed: 3 })
    const opening = morning.findIndex((text) => timeOf(text) >= day(DATE).open)
    const file = await world.write('morning.ndjson', `${morning.slice(opening).join('\n')}\n`)
    await using feed = await startReplay({ source: recordedFrames(file), speed: 50 })
    await world.record(feed.url, ['AAPL', 'MSFT'])
    await world.land()
    const { url } = await world.serve()
    await world.recorded(500)
    const first = Date.now()
    await feed.send(frame([{ s: 'AAPL', p: 100, v: 100, t: first, c: ['1'] }]))
    const { page, wrong } = await opened(browser, `${url}?symbol=AAPL&interval=1m`)
    await page.locator('.tape-table td.tape-price').first().waitFor()
    await page.keyboard.press('t')
    const tookMs: number[] = []
    for (let n = 1; n <= SENT; n++) {
      const price = (100 + n / 100).toFixed(2)
      // Looked for in the page itself: asking it from here would take longer than the trade does.
      const seen = page.evaluate<number>(onTop(price))
      const sentAt = Date.now()
      await feed.send(frame([{ s: 'AAPL', p: Number(price), v: 100, t: sentAt, c: ['1'] }]))
      tookMs.push((await seen) - sentAt)
      const newest = page.locator('.chart-bars tbody tr').first()
      await newest.and(page.locator(`[data-close="${Number(price)}"]`)).waitFor()
    }
    tookMs.sort((a, b) => a - b)
    t.diagnostic(
      `from sending to the trade tape on screen: median ${tookMs[SENT / 2]} ms, most ${tookMs.at(-1)} ms of ${SENT}`,
    )
    const minutes = await barsOf(page)
    const told = await world.lines<Bar>('candles', 'AAPL', '--session', 'all', '--json')
    assertSame(minutes, told)
    const q = `SELECT count(*) AS trades, max(price) AS top FROM trades WHERE symbol = 'AAPL'`
    await page.goto(`${url}sql?run=1&q=${encodeURIComponent(q)}`)
    const cells = page.locator('[role="gridcell"]')
    await cells.filter({ hasText: String(100 + SENT / 100) }).waitFor()
    assert.deepEqual(
      (await cells.allTextContents()).map((text) => text.trim()),
      [String(SENT + 1), String(100 + SENT / 100)],
    )
    assert.deepEqual(wrong(), [])
  })

  it('shows the candles of a whole day as `candles` gives them, over sessions and a gap', async (t) => {
    const { world, browser } = await market(t)
    const lines = recordedDay({
      date: DATE,
      symbols: ['AAPL', 'MSFT'],
      tradesPerMinute: 8,
      seed: 7,
    })
    const file = await world.write('day.ndjson', `${lines.join('\n')}\n`)
    const feed = await world.replay([file, '--speed', SPEED])
    const recorder = await world.record(feed, ['AAPL', 'MSFT'])
    await world.land()
    const { url } = await world.serve()
    await world.recorded(500)
    const { page, wrong } = await opened(browser, `${url}?symbol=AAPL&interval=5m`)
    await page.locator('.tape-table td.tape-price').first().waitFor()
    await page.keyboard.press('t')
    // Once it trades past the opening, the recorder is killed: what is sent meanwhile is in nobody's hands.
    await reached(world, day(DATE).open + 3_600_000)
    recorder.child.kill('SIGKILL')
    await recorder.ended
    await pause(1500)
    await world.record(feed, ['AAPL', 'MSFT'])
    await reached(world, day(DATE).end - 120_000)
    for (const width of ['5m', '1m', '1h', '15m', '1d'] as const) {
      const label = page.locator(`.chart-intervals input[value="${width}"]`)
      await label.check({ force: true })
      await page.locator('.chart-bars caption', { hasText: `, ${width},` }).waitFor()
      const sessions = width === '1d' ? 'regular' : 'all'
      const flags = ['--interval', width, '--session', sessions, '--lines', '5000', '--json']
      const told = await world.lines<Bar>('candles', 'AAPL', ...flags)
      assert.ok(told.length > 0)
      assertSame(await loaded(page, told.length), told)
      if (width !== '1d') {
        const held = new Set(told.map(({ session }) => session))
        assert.deepEqual(
          [...held].toSorted((a, b) => a.localeCompare(b)),
          ['post', 'pre', 'regular'],
          width,
        )
      }
    }
    assert.ok((await world.lines('gaps', '--json')).length > 0)
    assert.deepEqual(wrong(), [])
  })
})

/** Waits until a trade of this time or a later one is recorded. */
async function reached(world: World, ms: number): Promise<void> {
  for (;;) {
    const [row] = await world.sql(`SELECT epoch_ms(max(ts)) AS ms FROM trades`)
    if (Number(row?.ms ?? 0) >= ms) return
    await pause(1000)
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** All bars, once so many are loaded: history comes as one goes to the left. */
async function loaded(page: Page, count: number): Promise<readonly BarRow[]> {
  const chart = page.locator('.chart-host')
  for (let tries = 0; tries < 100; tries++) {
    const bars = await barsOf(page)
    if (bars.length >= count) return bars
    await chart.focus()
    await page.keyboard.press('Home')
    await pause(100)
  }
  return barsOf(page)
}
