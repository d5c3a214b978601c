import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { startReplay } from '../../src/replay/serve-replay.ts'
import { openBrowser, withoutChromium } from './browser.ts'
import { frame, nothing } from './frames.ts'
import { openWorld } from './world.ts'

const LIMITS = { skip: withoutChromium(), timeout: 300_000 }
/** The strip has so long to tell the truth, ms: it is a promise, not a speed. */
const TRUTH_MS = 5_000
const SYMBOL = 'BINANCE:BTCUSDT' // its market never closes

type Close = { readonly bucket: string; readonly close: number }

/** What the strip's state is called. */
const stateIs = (page: Page, name: string, timeout = TRUTH_MS) =>
  page.locator('.state .chip', { hasText: name }).waitFor({ timeout })

describe('the page when something fails', LIMITS, () => {
  it('says within five seconds that the recorder was killed, the server went, the feed fell silent', async (t) => {
    await using world = await openWorld()
    await using feed = await startReplay({ source: nothing })
    let price = 50_000
    let sending = true
    const sender = setInterval(() => {
      if (!sending) return
      price += 1
      const trade = { s: SYMBOL, p: price, v: 0.5, t: Date.now() }
      void feed.send(frame([trade])).catch(() => undefined)
    }, 50)
    t.after(() => clearInterval(sender))
    const recorder = await world.record(feed.url, [SYMBOL])
    await world.land()
    const served = await world.serve()
    await using browser = await openBrowser()
    const { page, wrong, expect } = await browser.open(
      `${served.url}?symbol=${encodeURIComponent(SYMBOL)}&interval=1s`,
    )
    await stateIs(page, 'Live', 20_000)
    await page.locator('.tape-table td.tape-price').first().waitFor()
    await page.keyboard.press('t')

    await t.test('the recorder', async () => {
      recorder.child.kill('SIGKILL')
      await recorder.ended
      await stateIs(page, 'Disconnected')
      await pause(3_000)
      await world.record(feed.url, [SYMBOL])
      await stateIs(page, 'Live', 20_000)
      // The hole is hatched in the chart, and its row says why and from when to when.
      await page.locator('.chart-holes tbody tr[data-open="false"]').first().waitFor()
      await page.getByRole('region', { name: 'Gaps in view' }).waitFor()
    })

    await t.test('the feed', async () => {
      await pause(4_000) // what is unusual is known from what was usual
      sending = false
      feed.stall()
      await stateIs(page, 'Stale')
      sending = true
      feed.disconnect('cut')
      await stateIs(page, 'Live', 30_000)
    })

    await t.test("the page's socket", async () => {
      expect(/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|WebSocket connection to/)
      served.running.child.kill('SIGKILL')
      await served.running.ended
      const banner = page.getByText(/as of/i).first()
      await banner.waitFor({ timeout: TRUTH_MS })
      await pause(4_000)
      const missedFrom = new Date(Date.now() - 3_000).toISOString().slice(0, 19)
      await world.serve(served.port)
      await stateIs(page, 'Live', 20_000)
      // What was traded while the page was cut off is in its chart, as SQL has it.
      await page.locator(`.chart-bars tr[data-bucket^="${missedFrom}"]`).waitFor()
      await page.locator('.chart-holes tbody tr[data-open="false"]').first().waitFor()
    })

    const minute = new Date(Date.now() - 60_000).toISOString()
    const told = await world.lines<Close>(
      'candles',
      SYMBOL,
      '--interval',
      '1s',
      '--from',
      minute,
      '--json',
    )
    const shown = await page
      .locator('.chart-bars tbody tr')
      .evaluateAll((rows) => rows.map((row) => `${row.dataset.bucket} ${row.dataset.close}`))
    const settled = told.slice(0, -3) // the newest still change
    assert.ok(settled.length > 5)
    for (const { bucket, close } of settled) assert.ok(shown.includes(`${bucket} ${close}`), bucket)
    assert.deepEqual(wrong(), [])
  })
})

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
