import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { openBrowser, withoutChromium, type TestBrowser } from './browser.ts'
import { openWorld, type World } from './world.ts'

const LIMITS = { skip: withoutChromium(), timeout: 300_000 }
/** More than a screen of rows. */
const ROWS = 50_000

describe('SQL on the page', LIMITS, () => {
  let world: World
  let browser: TestBrowser
  let url = ''
  before(async () => {
    world = await openWorld({ TICKLAKE_SOURCE: 'simulator' })
    url = (await world.up(['--simulator-rate', '300'])).url
    await world.recorded(2000)
    browser = await openBrowser()
  })
  after(async () => {
    await browser?.[Symbol.asyncDispose]()
    await world?.[Symbol.asyncDispose]()
  })

  const opened = (sql: string, run = true) =>
    browser.open(`${url}sql?${run ? 'run=1&' : ''}q=${encodeURIComponent(sql)}`)
  const done = (page: Page, words: RegExp | string) =>
    page.locator('.result-status', { hasText: words }).waitFor()
  const cells = async (page: Page) =>
    (await page.getByRole('gridcell').allTextContents()).map((text) => text.trim())

  it('runs the statement at the cursor, and shows every digit', async () => {
    const { page, wrong } = await opened(
      'SELECT 1 AS one;\nSELECT 9223372036854775807 AS big',
      false,
    )
    await page.locator('.cm-content').click()
    await page.keyboard.press('Control+End')
    await page.keyboard.press('Control+Enter')
    await done(page, /1 row/)
    assert.deepEqual(await cells(page), ['9223372036854775807'])
    await page.keyboard.press('Control+Home')
    await page.keyboard.press('Control+Enter')
    await page.getByRole('columnheader', { name: 'one' }).waitFor()
    assert.deepEqual(await cells(page), ['1'])
    assert.deepEqual(wrong(), [])
  })

  it('completes from the real schema and underlines where DuckDB says', async () => {
    const { page, wrong } = await opened('', false)
    await page.locator('.cm-content').click()
    await page.keyboard.type('SELECT price FROM tra', { delay: 20 })
    await page.locator('.cm-tooltip-autocomplete li', { hasText: 'trades' }).click()
    await page.keyboard.type(' WHERE nothing = 1')
    const underlined = page.locator('.cm-lintRange-error')
    await underlined.filter({ hasText: 'nothing' }).waitFor()
    assert.deepEqual(wrong(), [])
  })

  it('draws only the rows in view, and moves among all of them by keys', async () => {
    const { page, wrong } = await opened(`SELECT range AS n FROM range(${ROWS})`)
    await done(page, /50,000 rows/)
    const grid = page.getByRole('grid')
    assert.equal(await grid.getAttribute('aria-rowcount'), String(ROWS + 1))
    assert.ok((await page.getByRole('gridcell').count()) < 200)
    await page.getByRole('gridcell').first().click()
    await page.keyboard.press('Control+End')
    await page.getByRole('gridcell', { name: String(ROWS - 1), exact: true }).waitFor()
    await page.keyboard.press('Control+Home')
    await page.getByRole('gridcell', { name: '0', exact: true }).waitFor()
    assert.deepEqual(wrong(), [])
  })

  it('cancels a statement that would never end, and answers the next', async () => {
    const { page } = await opened(
      'SELECT count(*) FROM range(100000000) a, range(100000000) b WHERE a.range * b.range = 7',
    )
    await page.getByRole('button', { name: 'Cancel' }).first().click()
    await done(page, /Cancelled/)
    await page.locator('.cm-content').fill('SELECT 42 AS answer')
    await page.keyboard.press('Control+Enter')
    await page.getByRole('gridcell', { name: '42', exact: true }).waitFor()
  })

  it('gives the whole of an answer as a file', async () => {
    const { page, wrong } = await opened('SELECT range AS n FROM range(150000)')
    await done(page, /100,000/)
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: 'CSV' }).click()
    const path = join(world.cli.dir, 'all.csv')
    await (await download).saveAs(path)
    const lines = readFileSync(path, 'utf8').trimEnd().split('\r\n')
    assert.deepEqual([lines.length, lines.at(-1)], [150_001, '149999'])
    assert.deepEqual(wrong(), [])
  })

  it('runs every example, and draws bars as a chart', async () => {
    const { page, wrong } = await opened('', false)
    const examples = page.getByRole('tabpanel').getByRole('button', { name: /^Run/ })
    await page.getByRole('tab', { name: 'Examples' }).click()
    await examples.first().waitFor()
    const count = await examples.count()
    assert.ok(count >= 6)
    for (let n = 0; n < count; n++) {
      await examples.nth(n).click()
      await page.locator('.result-status .chip', { hasText: /Done|Failed/ }).waitFor()
      await done(page, /Done/)
    }
    await page.locator('.cm-content').fill("FROM bars('1s') WHERE symbol = 'AAPL' ORDER BY bucket")
    await page.keyboard.press('Control+Enter')
    await done(page, /Done/)
    await page.getByRole('button', { name: 'Chart', exact: true }).click()
    await page.locator('.result-chart canvas, [class*=chart] canvas').first().waitFor()
    assert.deepEqual(wrong(), [])
  })

  it('says plainly why a statement is refused', async () => {
    const { page, expect } = await opened("COPY trades TO '/tmp/stolen.csv'")
    expect(/400/)
    await page
      .getByRole('alert')
      .filter({ hasText: 'COPY' })
      .or(page.locator('.result-status', { hasText: 'COPY' }))
      .first()
      .waitFor()
  })
})
