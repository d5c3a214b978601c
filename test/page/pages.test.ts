import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { withoutChromium, type TestBrowser } from './browser.ts'
import { frame } from './frames.ts'
import { openStage, type Stage } from './stage.ts'

const LIMITS = { skip: withoutChromium(), timeout: 300_000 }
/** A name that would run a script if it were taken for markup, and a condition that would. */
const EVIL_SYMBOL = '<script>globalThis.hit=1</script>'
const EVIL_CONDITION = '<img src=x onerror=globalThis.hit=2>'
const PAGES = [
  ['market', 'market?symbol=AAPL&interval=1m'],
  ['market as a table', 'market?symbol=AAPL&interval=1s'],
  ['sql', 'sql?run=1&q=SELECT%20symbol%2C%20count(*)%20AS%20n%20FROM%20trades%20GROUP%20BY%201'],
  ['lake', 'lake'],
] as const
/** By the guidelines: A and AA of 2.0 to 2.2, and what axe holds good practice. */
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

type Found = { readonly id: string; readonly nodes: readonly { readonly html: string }[] }

async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source)
  const found = await page.evaluate<readonly Found[]>(
    `axe.run(document, ${JSON.stringify({ runOnly: RULES })}).then(({ violations }) => violations)`,
  )
  return found.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`))
}

/** Put into a page: what a person can use on it, and which of it had the focus. */
const CONTROLS = `globalThis.controls = (() => {
  const USABLE = 'a[href],button,input,select,textarea,summary,[tabindex="0"],[contenteditable],[role=gridcell]'
  const usable = () => [...document.querySelectorAll(USABLE)].filter(
    (one) => !one.disabled && one.checkVisibility({ visibilityProperty: true }))
  const told = (one) => one.outerHTML.slice(0, 120)
  const kind = (one) => [one.tagName, one.getAttribute('role') ?? one.className, one.type].join()
  const seen = new Set()
  const bare = new Set()
  document.addEventListener('focusin', ({ target }) => {
    seen.add(target)
    const { outlineStyle } = getComputedStyle(target)
    if (outlineStyle === 'none' && !target.isContentEditable) bare.add(target)
  })
  return {
    outside: () => document.activeElement === document.body,
    count: () => seen.size,
    writing: () => document.activeElement.isContentEditable,
    among: () => usable().some((one) => !seen.has(one) && kind(one) === kind(document.activeElement)),
    missed: () => usable().filter((one) => !seen.has(one)).map(told),
    ringless: () => [...bare].map(told),
  }
})()`
/** An arrow that comes to nothing new so often is at an end. */
const IDLE_MAX = 4
const ARROWS = ['ArrowRight', 'ArrowDown', 'ArrowLeft', 'ArrowUp'] as const

/** From the top of a page by Tab to its end, and by the arrows to all that are of one kind. */
async function walk(page: Page): Promise<void> {
  const is = (what: string) => page.evaluate<boolean>(`controls.${what}()`)
  const count = () => page.evaluate<number>('controls.count()')
  for (let stop = 0; stop < 200; stop++) {
    if (await is('writing')) await page.keyboard.press('Escape') // else Tab indents
    await page.keyboard.press('Tab')
    if (await is('outside')) return
    for (const arrow of ARROWS)
      for (let idle = 0; idle < IDLE_MAX && (await is('among'));) {
        const before = await count()
        await page.keyboard.press(arrow)
        idle = (await count()) > before ? 0 : idle + 1
      }
  }
  assert.fail('Tab never came to the end of the page')
}

describe('every page', LIMITS, () => {
  let stage: Stage
  before(async () => {
    stage = await openStage(['AAPL', 'MSFT'])
    const now = Date.now()
    const trades = Array.from({ length: 300 }, (_, n) => ({
      s: ['AAPL', 'MSFT', EVIL_SYMBOL][n % 3] ?? 'AAPL',
      p: 100 + (n % 7) / 10,
      v: 100 + n,
      t: now - (300 - n) * 500,
      c: n % 5 === 0 ? ['1', '12'] : n % 11 === 0 ? [EVIL_CONDITION] : ['1'],
    }))
    stage.feed.send(frame(trades))
    await stage.world.recorded(300)
  })
  after(() => stage?.[Symbol.asyncDispose]())

  /** A page with what it shows on it. */
  const settled = async (path: string, screen: Parameters<TestBrowser['open']>[1] = {}) => {
    const opened = await stage.browser.open(`${stage.url}${path}`, screen)
    const { page } = opened
    await page.getByRole('main').waitFor()
    if (path.startsWith('market')) await page.locator('.tape-table tbody tr').first().waitFor()
    if (path.includes('1s')) await page.keyboard.press('t')
    if (path.startsWith('sql')) await page.getByRole('gridcell').first().waitFor()
    if (path.startsWith('lake')) await page.getByRole('table').first().waitFor()
    await page.waitForTimeout(500)
    return opened
  }

  for (const [name, path] of PAGES)
    for (const dark of [false, true])
      it(`has nothing that axe finds: ${name}, ${dark ? 'dark' : 'light'}`, async () => {
        for (const width of [1280, 375]) {
          const { page } = await settled(path, { dark, width, bypassPolicy: true })
          assert.deepEqual(await violations(page), [], `${width} px`)
          await page.context().close()
        }
      })

  it('fits 320 px and wide screens, and nothing of it breaks its policy or logs an error', async () => {
    for (const width of [320, 375, 768, 1280, 2560])
      for (const [, path] of PAGES) {
        const { page, wrong } = await settled(path, { width })
        const over = await page.evaluate<number>(
          'document.documentElement.scrollWidth - document.documentElement.clientWidth',
        )
        assert.ok(over <= 0, `${path} at ${width} px is ${over} px too wide`)
        assert.deepEqual(wrong(), [], `${path} at ${width} px`)
        await page.context().close()
      }
  })

  it('asks for the lake again, which other programs change and nobody tells it', async () => {
    const { page, wrong } = await settled('lake')
    await page.waitForRequest(/\/api\/lake\?/, { timeout: 40_000 })
    assert.deepEqual(wrong(), [])
  })

  it('shows a name or a condition that looks like markup as text', async () => {
    const symbol = encodeURIComponent(EVIL_SYMBOL)
    const { page, wrong } = await settled(`market?symbol=${symbol}&tape=all&interval=1m`)
    await page.getByText(EVIL_SYMBOL).first().waitFor()
    await page.getByText(EVIL_CONDITION).first().waitFor()
    const q = encodeURIComponent('SELECT DISTINCT symbol, conditions FROM trades')
    await page.goto(`${stage.url}sql?run=1&q=${q}`)
    await page.getByRole('gridcell', { name: EVIL_SYMBOL }).first().waitFor()
    assert.equal(await page.evaluate('globalThis.hit'), undefined)
    assert.deepEqual(wrong(), [])
  })

  it('has no control that Tab and the arrows do not come to, with a ring around it', async () => {
    for (const [name, path] of PAGES) {
      const { page } = await settled(path, { bypassPolicy: true })
      await page.evaluate(CONTROLS)
      const missed = () => page.evaluate<readonly string[]>('controls.missed()')
      await walk(page)
      // Another interval has other gaps to go to, maybe after Tab had passed them.
      for (let round = 0; round < 3 && (await missed()).length > 0; round++) await walk(page)
      assert.deepEqual(await missed(), [], name)
      assert.deepEqual(await page.evaluate('controls.ringless()'), [], name)
      await page.context().close()
    }
  })

  it('is reached and left by keys alone, and tells which there are', async () => {
    const { page, wrong } = await settled('market?symbol=AAPL&interval=1m')
    await page.keyboard.press('?')
    const help = page.getByRole('dialog')
    await help
      .getByText('Go to SQL')
      .waitFor()
      .catch(() => help.getByText('SQL').first().waitFor())
    await page.keyboard.press('Escape')
    await page.keyboard.press('2')
    await page.waitForURL(/interval=5s/)
    await page.keyboard.press('/')
    await page.keyboard.type('MSFT')
    await page.locator('[data-symbol="AAPL"]').waitFor({ state: 'detached' })
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.waitForURL(/symbol=MSFT/)
    await page.keyboard.press('g')
    await page.keyboard.press('l')
    await page.waitForURL(/\/lake/)
    await page.keyboard.press('g')
    await page.keyboard.press('s')
    await page.waitForURL(/\/sql/)
    await page.goBack()
    await page.waitForURL(/\/lake/)
    await page.goBack()
    await page.waitForURL(/symbol=MSFT/)
    await page.keyboard.press('Control+k')
    await page.getByRole('dialog').waitFor()
    await page.keyboard.type('lake')
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/lake/)
    assert.deepEqual(wrong(), [])
  })
})
