import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { ReplayFrame, ReplayServer } from '../../src/replay/replay.ts'
import { startReplay } from '../../src/replay/serve-replay.ts'
import { simulateFrames } from '../../src/replay/simulator.ts'
import { openBrowser, type Screen, type TestBrowser } from './browser.ts'
import { nothing } from './frames.ts'
import { buildPage, openWorld } from './world.ts'

// npm run page:pictures [-- gap]
// Pictures of every page for docs/pictures: an afternoon of the simulated market, then a minute with a gap in it.

const TARGET = resolve(import.meta.dirname, '../../docs/pictures')
const SYMBOLS = ['AAPL', 'AMZN', 'GOOGL', 'META', 'MSFT', 'NVDA', 'QQQ', 'SPY', 'TSLA']
/** New York, an afternoon over the close of the regular session; then it goes on as time passes. */
const FROM = Date.parse('2026-11-24T14:00:00-05:00')
const TO = Date.parse('2026-11-25T11:30:00-05:00')
const RATE = 40
const SEED = 5
const SETTLE_MS = 2500
const STEP_MS = 250

const SCREENS: readonly (readonly [string, Screen])[] = [
  ['light', { width: 1440, height: 900 }],
  ['dark', { width: 1440, height: 900, dark: true }],
  ['375', { width: 375, height: 812 }],
]
const SQL = `-- Odd lots: their share of trades and of volume
SELECT symbol, count(*) AS trades,
       round(avg((volume < 100)::INT), 3) AS odd_lots,
       round(sum(volume) FILTER (volume < 100) / sum(volume), 4) AS of_volume
FROM trades
WHERE session = 'regular'
GROUP BY symbol
ORDER BY trades DESC`

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms))

async function picture(
  browser: TestBrowser,
  address: string,
  { name, screen }: { readonly name: string; readonly screen: Screen },
): Promise<void> {
  const { page, wrong } = await browser.open(address, screen)
  await pause(SETTLE_MS)
  await page.screenshot({ path: join(TARGET, `${name}.png`) })
  await page.context().close()
  process.stdout.write(`${name}.png${wrong().length === 0 ? '' : `: ${wrong().join('; ')}`}\n`)
}

/** The frames up to a moment of their own clock, ms. */
function sendUntil(feed: ReplayServer, frames: Iterator<ReplayFrame>, untilMs: number): void {
  for (;;) {
    const { done, value } = frames.next()
    if (done === true) return
    void feed.send(value.bytes).catch(() => undefined)
    if ((value.atMs ?? 0) > untilMs) return
  }
}

/** Market, SQL and lake over an afternoon, in each screen. */
async function pages(): Promise<void> {
  await using world = await openWorld({ TICKLAKE_SOURCE: 'simulator' })
  const market = { seed: SEED, symbols: SYMBOLS, ratePerSecond: RATE, activity: 'session' as const }
  let trades = 0
  async function* afternoon(): AsyncGenerator<ReplayFrame> {
    for (const frame of simulateFrames({ ...market, fromMs: FROM, toMs: TO })) {
      trades += frame.trades ?? 0
      yield frame
    }
  }
  await using feed = await startReplay({ source: afternoon(), speed: 'max' })
  await world.record(feed.url, SYMBOLS)
  await world.land()
  await feed.ended
  await world.recorded(trades)
  const { url } = await world.serve()
  const later = simulateFrames({ ...market, fromMs: TO, toMs: TO + 3_600_000 })
  const began = Date.now() - TO
  const sender = setInterval(() => sendUntil(feed, later, Date.now() - began), STEP_MS)
  try {
    await using browser = await openBrowser()
    const q = encodeURIComponent(SQL)
    for (const [look, screen] of SCREENS) {
      const named = (name: string) => ({ name: `${name}-${look}`, screen })
      await picture(browser, `${url}market?symbol=NVDA&interval=5m`, named('market'))
      await picture(browser, `${url}sql?run=1&q=${q}`, named('sql'))
      await picture(browser, `${url}lake`, named('lake'))
    }
  } finally {
    clearInterval(sender)
  }
}

/** Seconds of the simulated market, of which the recorder missed some. */
async function gap(): Promise<void> {
  await using world = await openWorld({ TICKLAKE_SOURCE: 'simulator' })
  await using feed = await startReplay({ source: nothing })
  const fromMs = Date.now()
  const market = {
    seed: SEED,
    symbols: SYMBOLS,
    ratePerSecond: 120,
    fromMs,
    toMs: fromMs + 600_000,
  }
  const frames = simulateFrames(market)
  const sender = setInterval(() => sendUntil(feed, frames, Date.now()), STEP_MS)
  try {
    const recorder = await world.record(feed.url, SYMBOLS)
    await world.land()
    const { url } = await world.serve()
    await pause(35_000)
    recorder.child.kill('SIGKILL')
    await recorder.ended
    await pause(7_000)
    await world.record(feed.url, SYMBOLS)
    await pause(20_000)
    await using browser = await openBrowser()
    const screen = { width: 1440, height: 900 }
    await picture(browser, `${url}market?symbol=AAPL&interval=1s`, { name: 'market-gap', screen })
  } finally {
    clearInterval(sender)
  }
}

buildPage()
await mkdir(TARGET, { recursive: true })
if (process.argv[2] !== 'gap') await pages()
await gap()
