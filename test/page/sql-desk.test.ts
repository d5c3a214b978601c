import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { withoutChromium, type Opened } from './browser.ts'
import { frame } from './frames.ts'
import { openStage, type Stage } from './stage.ts'

const LIMITS = { skip: withoutChromium(), timeout: 300_000 }
const TRADES = 60
/** Takes minutes, unless it is cancelled. */
const ENDLESS = 'SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b'

describe('the desk of the SQL page', LIMITS, () => {
  let stage: Stage
  before(async () => {
    stage = await openStage(['AAPL', 'MSFT'])
    const now = Date.now()
    const trades = Array.from({ length: TRADES }, (_, n) => ({
      s: n % 2 === 0 ? 'AAPL' : 'MSFT',
      p: 100 + n / 10,
      v: 100,
      t: now - n * 1000,
      c: ['1'],
    }))
    stage.feed.send(frame(trades))
    await stage.world.recorded(TRADES)
  })
  after(() => stage?.[Symbol.asyncDispose]())

  const opened = async (): Promise<Opened> => {
    const tab = await stage.browser.open(`${stage.url}sql`)
    await editorOf(tab.page).waitFor()
    return tab
  }
  const editorOf = (page: Page) => page.getByRole('textbox', { name: 'SQL statement' })
  const write = async (page: Page, sql: string) => {
    await editorOf(page).focus()
    await page.keyboard.press('Control+a')
    await page.keyboard.insertText(sql)
  }
  const run = (page: Page) => page.keyboard.press('Control+Enter')
  const cell = (page: Page, text: string) =>
    page.getByRole('gridcell', { name: text, exact: true }).first()

  it('has in the address what ran: loading it runs it again, and back brings the one before', async () => {
    const { page, wrong } = await opened()
    await write(page, 'SELECT 11 AS first;\n\nSELECT 22 AS second')
    await run(page)
    await cell(page, '22').waitFor()
    await write(page, 'SELECT count(*) AS n FROM trades')
    await run(page)
    await cell(page, String(TRADES)).waitFor()
    assert.equal(new URL(page.url()).searchParams.get('run'), '1')
    await page.reload()
    await cell(page, String(TRADES)).waitFor()
    await page.goBack()
    await page.getByText('SELECT 22 AS second').waitFor()
    assert.deepEqual(wrong(), [])
  })

  it('says below the editor what is wrong until it is mended', async () => {
    const { page, wrong, expect } = await opened()
    expect(/400/)
    await write(page, 'SELECT symbol, prize\nFROM trades')
    await page.getByText(/^✕ Line 1: .*prize/).waitFor()
    assert.equal(await page.locator('.cm-lintRange-error').textContent(), 'prize')
    await write(page, 'SELECT symbol, price\nFROM trades')
    await page.getByText('Times are UTC', { exact: true }).waitFor()
    assert.equal(await page.locator('.cm-lintRange-error').count(), 0)
    assert.deepEqual(wrong(), [])
  })

  it('completes columns behind an alias, and functions with their brackets', async () => {
    const { page, wrong, expect } = await opened()
    expect(/400/)
    await page.getByRole('tab', { name: 'Schema' }).click()
    await page.getByText('received_at').first().waitFor()
    await write(page, ' FROM trades AS t')
    await page.keyboard.press('Control+Home')
    await page.keyboard.type('SELECT t.rece')
    await page.getByRole('option', { name: /received_at/ }).click()
    await page.keyboard.type(', approx_count_dis')
    await page.getByRole('option', { name: /approx_count_distinct/ }).click()
    await page.keyboard.type('t.symbol')
    const text = await editorOf(page).textContent()
    assert.equal(text, 'SELECT t.received_at, approx_count_distinct(t.symbol) FROM trades AS t')
    assert.deepEqual(wrong(), [])
  })

  it('cancels by Escape', async () => {
    const { page, wrong } = await opened()
    await write(page, ENDLESS)
    await run(page)
    await page.getByRole('button', { name: 'Cancel Esc' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByText('Cancelled', { exact: true }).waitFor()
    await write(page, 'SELECT 7 AS after')
    await run(page)
    await cell(page, '7').waitFor()
    assert.deepEqual(wrong(), [])
  })

  it('keeps what was run, what was saved under a name, and what was only typed', async () => {
    const { page, wrong } = await opened()
    await write(page, '-- Half of it\nSELECT 21 AS half')
    await run(page)
    await cell(page, '21').waitFor()
    await page.keyboard.press('Control+s')
    await page.locator('.sql-save input:focus').waitFor()
    await page.keyboard.type('the half')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Delete the half' }).waitFor()
    await write(page, 'SELECT 5 AS draft')
    await page.reload()
    await page.getByText('SELECT 5 AS draft').waitFor()
    await page.getByRole('tab', { name: 'History' }).click()
    await page.getByRole('button', { name: 'Run Half of it' }).click()
    await cell(page, '21').waitFor()
    await page.getByRole('tab', { name: 'Saved' }).click()
    await page.getByRole('button', { name: 'Rename the half' }).click()
    await page.getByRole('textbox', { name: 'New name of the half' }).fill('a half')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Delete a half' }).click()
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByRole('button', { name: 'Run a half' }).waitFor()
    assert.deepEqual(wrong(), [])
  })

  it('lets go of the keyboard: Escape, then Tab leaves the editor', async () => {
    const { page, wrong } = await opened()
    await editorOf(page).focus()
    await page.keyboard.press('Escape')
    await page.keyboard.press('Tab')
    const isInside = 'document.activeElement.closest(".cm-editor") !== null'
    assert.equal(await page.evaluate(isInside), false)
    assert.deepEqual(wrong(), [])
  })
})
