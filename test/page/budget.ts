import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { chromiumPath, openBrowser } from './browser.ts'
import { buildPage, openWorld } from './world.ts'

// npm run page:budget
// What a browser has to load before the SQL page and for it, gzipped, and how soon the first candles are drawn.
// Exits with 1 when the first is over its budget.

const BUILT = resolve(import.meta.dirname, '../../dist/page')
const FIRST_KB_MAX = 120
const FIRST_CANDLES_MS = 1000
/** Words that only the editor's code holds. */
const EDITOR = 'cm-editor'
const LOADS = 5
/** As much history as a first look shows. */
const HISTORY_TRADES = 2000

const gzipped = (text: Buffer): number => gzipSync(text, { level: 9 }).length
const kilo = (bytes: number) => `${(bytes / 1024).toFixed(1)} KB`

/** The files below `dir`, by path as an address would have them. */
function filesOf(dir: string): ReadonlyMap<string, Buffer> {
  const names = readdirSync(dir, { recursive: true, withFileTypes: true })
  const files = names.filter((entry) => entry.isFile())
  return new Map(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name)
      return [path.slice(dir.length + 1), readFileSync(path)]
    }),
  )
}

type Links = { readonly now: readonly string[]; readonly later: readonly string[] }

/** What a bundle imports at once, and what only when asked. */
function linksOf(code: string): Links {
  const names = (pattern: RegExp) => [...code.matchAll(pattern)].map(([, name]) => name ?? '')
  return {
    now: names(/(?:from|import)\s*["']\.?\/([\w.-]+\.js)["']/g),
    later: names(/import\(\s*["']\.?\/([\w.-]+\.js)["']\s*\)/g),
  }
}

/** A file and all that loads with it. */
function closure(first: readonly string[], links: ReadonlyMap<string, Links>): Set<string> {
  const found = new Set<string>()
  const visit = (name: string): void => {
    if (found.has(name)) return
    found.add(name)
    for (const next of links.get(name)?.now ?? []) visit(next)
  }
  first.forEach(visit)
  return found
}

/** Bytes before the SQL page (document, styles, all other pages) and of it alone. */
function measure(): { readonly first: number; readonly sql: number } {
  const files = filesOf(BUILT)
  const baseOf = (path: string) => path.slice(path.lastIndexOf('/') + 1)
  const byBase = new Map([...files].map(([path, bytes]) => [baseOf(path), bytes]))
  const scripts = [...byBase].filter(([name]) => name.endsWith('.js'))
  const links = new Map(scripts.map(([name, bytes]) => [name, linksOf(bytes.toString())]))
  const html = byBase.get('index.html')?.toString() ?? ''
  const named = [...html.matchAll(/(?:src|href)="\/?([^"]+)"/g)].map(([, path]) =>
    baseOf(path ?? ''),
  )
  const entry = closure(
    named.filter((name) => byBase.has(name)),
    links,
  )
  const later = [...new Set([...entry].flatMap((name) => links.get(name)?.later ?? []))]
  const hasEditor = (name: string) =>
    [...closure([name], links)].some((one) => byBase.get(one)?.includes(EDITOR))
  const before = closure([...entry, ...later.filter((name) => !hasEditor(name))], links)
  before.add('index.html')
  const sqlPage = [...closure(later.filter(hasEditor), links)].filter((name) => !before.has(name))
  const total = (names: Iterable<string>, title: string): number => {
    let sum = 0
    say(`${title}:`)
    for (const name of names) {
      const size = gzipped(byBase.get(name) ?? Buffer.alloc(0))
      sum += size
      say(`  ${name.padEnd(34)} ${kilo(size).padStart(10)}`)
    }
    return sum
  }
  const first = total(before, 'before the SQL page')
  return { first, sql: total(sqlPage, 'the SQL page') }
}

/** From navigation to the first candles on screen, loopback, each time with an empty cache; ms. */
async function firstCandles(): Promise<readonly number[]> {
  await using world = await openWorld({ TICKLAKE_SOURCE: 'simulator' })
  const { url } = await world.up(['--simulator-rate', '500'])
  await world.recorded(HISTORY_TRADES)
  await using browser = await openBrowser()
  const took: number[] = []
  for (let n = 0; n < LOADS; n++) {
    const { page } = await browser.open('about:blank')
    const began = performance.now()
    await page.goto(url, { waitUntil: 'commit' })
    await page.locator('[data-bars]:not([data-bars="0"])').waitFor({ state: 'attached' })
    took.push(performance.now() - began)
    await page.context().close()
  }
  return took.toSorted((a, b) => a - b)
}

const say = (line: string) => void process.stdout.write(`${line}\n`)

buildPage()
const { first, sql } = measure()
const over = first > FIRST_KB_MAX * 1024
say(`before the SQL page ${kilo(first)} gzipped, of ${FIRST_KB_MAX} KB${over ? ': TOO MUCH' : ''}`)
say(`the SQL page another ${kilo(sql)} gzipped`)
if (chromiumPath() === null) say('first candles: not measured, there is no Chromium')
else {
  const took = await firstCandles()
  const [best, middle, worst] = [took[0], took[Math.floor(took.length / 2)], took.at(-1)]
  const shown = [best, middle, worst].map((ms) => Math.round(ms ?? 0)).join(' / ')
  say(
    `first candles after ${shown} ms (best, median, worst of ${LOADS}), of ${FIRST_CANDLES_MS} ms`,
  )
}
if (over) process.exitCode = 1
