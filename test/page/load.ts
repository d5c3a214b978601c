import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import type { Status } from '../../src/serve/contract/status.ts'
import { openBrowser } from './browser.ts'
import { liveClient, type LiveClient, type Taken } from './live-client.ts'
import { buildPage, openWorld } from './world.ts'

// npm run page:load -- [--seconds N] [--rate N] [--clients N]
// Twenty pages read the stream while trades come at full rate, one of them in a browser that is stopped: what the
// server's memory does, and what the others notice.

const SECONDS = 60
const RATE = 20_000
const CLIENTS = 18 // with a page that is watched and one that is stopped: twenty
/** Processes start and caches fill before anything is measured. */
const WARM_UP_SECONDS = 8
const LIST_MAX = 20
const SECOND_MS = 1000

export type Load = {
  readonly seconds: number
  readonly rate: number
  readonly clients: number
  readonly say: (line: string) => void
}

/** What was measured; memory in bytes, one value a second. */
export type LoadReport = {
  readonly tradesPerSecond: number
  readonly memory: readonly number[]
  readonly messagesPerSecond: { readonly least: number; readonly median: number }
  readonly ageMs: { readonly p50: number; readonly p99: number; readonly max: number }
  /** Batches that clients were told they did not get. */
  readonly behind: number
  readonly closed: number
  /** Trades that the watched page put on its tape a second, and what went wrong on it. */
  readonly watched: { readonly frames: number; readonly wrong: readonly string[] }
  /** The stopped page shows new trades again after it was woken. */
  readonly woke: boolean
}

export async function load({ seconds, rate, clients, say }: Load): Promise<LoadReport> {
  await using world = await openWorld({ TICKLAKE_SOURCE: 'simulator' })
  const { url } = await world.up(['--simulator-rate', String(rate)])
  const { pid, symbols } = await running(url)
  await using watching = await openBrowser()
  await using stopping = await openBrowser()
  const watched = await watching.open(url)
  const stopped = await stopping.open(url)
  await stopped.page.locator('[data-trade]').first().waitFor()
  await using stack = new AsyncDisposableStack()
  const readers: LiveClient[] = []
  for (let n = 0; n < clients; n++) {
    const reader = stack.use(await liveClient(url))
    reader.say({ kind: 'bars', symbol: symbols[n % symbols.length] ?? '', interval: '1s' })
    reader.say({ kind: 'trades', symbol: '' })
    reader.say({ kind: 'list', symbols: symbols.slice(0, LIST_MAX) })
    readers.push(reader)
  }
  stopping.suspend()
  await sleep(WARM_UP_SECONDS * SECOND_MS)
  for (const reader of readers) reader.taken()
  const before = await status(url)
  const memory: number[] = []
  const began = performance.now()
  const frames = watched.page.evaluate<number>(COUNT_FRAMES(seconds * SECOND_MS))
  for (let n = 0; n < seconds; n++) {
    memory.push(residentBytes(pid))
    await sleep(SECOND_MS)
  }
  const tookSeconds = (performance.now() - began) / SECOND_MS
  const taken = readers.map((reader) => reader.taken())
  const after = await status(url)
  stopping.resume()
  const woke = await movesAgain(stopped.page)
  say(`${readers.length} readers, ${Math.round(tookSeconds)} s`)
  return {
    tradesPerSecond: Math.round((after.tape.records - before.tape.records) / tookSeconds),
    memory,
    ...readings(taken, tookSeconds),
    closed: readers.filter((reader) => reader.closed()).length,
    watched: { frames: Math.round((await frames) / seconds), wrong: watched.wrong() },
    woke,
  }
}

/** The server's process and what is traded, as soon as trades come. */
async function running(url: string): Promise<{ pid: number; symbols: readonly string[] }> {
  for (;;) {
    const { parts, tape } = await status(url)
    const pid = parts.find(({ part }) => part === 'serve')?.pid
    const answer = await fetch(new URL('/api/symbols', url))
    const { symbols } = (await answer.json()) as { symbols?: readonly { symbol: string }[] }
    if (pid !== undefined && tape.records > 0 && symbols !== undefined && symbols.length > 1)
      return { pid, symbols: symbols.map(({ symbol }) => symbol) }
    await sleep(SECOND_MS)
  }
}

const status = async (url: string): Promise<Status> =>
  (await (await fetch(new URL('/api/status', url))).json()) as Status

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

function residentBytes(pid: number): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(text)?.[1]) * 1024
}

/** Frames that the page drew while `ms` passed: one that hangs draws none. */
const COUNT_FRAMES = (ms: number) => `new Promise((resolve) => {
  const until = performance.now() + ${ms}
  let frames = 0
  const count = () => {
    frames += 1
    if (performance.now() < until) requestAnimationFrame(count)
    else resolve(frames)
  }
  requestAnimationFrame(count)
})`

const NEWEST = `document.querySelector('[data-trade]')?.textContent ?? ''`

async function movesAgain(page: { evaluate<T>(text: string): Promise<T> }): Promise<boolean> {
  const before = await page.evaluate<string>(NEWEST)
  for (let n = 0; n < WARM_UP_SECONDS; n++) {
    await sleep(SECOND_MS)
    if ((await page.evaluate<string>(NEWEST)) !== before) return true
  }
  return false
}

function readings(taken: readonly Taken[], seconds: number) {
  const rates = taken.map(({ messages }) => messages / seconds).toSorted((a, b) => a - b)
  const ages = taken.flatMap(({ ageMs }) => ageMs).toSorted((a, b) => a - b)
  const at = (values: readonly number[], share: number) =>
    Math.round((values[Math.floor((values.length - 1) * share)] ?? 0) * 10) / 10
  return {
    messagesPerSecond: { least: at(rates, 0), median: at(rates, 0.5) },
    ageMs: { p50: at(ages, 0.5), p99: at(ages, 0.99), max: at(ages, 1) },
    behind: taken.reduce((sum, { behind }) => sum + behind, 0),
  }
}

/** The report in words. */
export function told(report: LoadReport): string {
  const mega = (bytes: number | undefined) => `${Math.round((bytes ?? 0) / 1e6)} MB`
  const { memory, messagesPerSecond, ageMs, watched } = report
  return [
    `${report.tradesPerSecond} trades/s recorded, on ${cpus().length} cores`,
    `serve's memory: first ${mega(memory[0])}, most ${mega(Math.max(...memory))}, last ${mega(memory.at(-1))}`,
    `messages/s a reader: least ${messagesPerSecond.least}, median ${messagesPerSecond.median}`,
    `from a trade's arrival to its reader: p50 ${ageMs.p50} ms, p99 ${ageMs.p99} ms, max ${ageMs.max} ms`,
    `readers behind: ${report.behind} batches; closed: ${report.closed}`,
    `the watched page drew ${watched.frames} frames/s; the stopped one ${report.woke ? 'goes on' : 'DOES NOT go on'} after it was woken`,
    ...watched.wrong,
  ].join('\n')
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: String(SECONDS) },
      rate: { type: 'string', default: String(RATE) },
      clients: { type: 'string', default: String(CLIENTS) },
    },
  })
  buildPage()
  const [seconds, rate, clients] = [values.seconds, values.rate, values.clients].map(Number)
  const report = await load({
    seconds: seconds ?? SECONDS,
    rate: rate ?? RATE,
    clients: clients ?? CLIENTS,
    say: (line) => void process.stderr.write(`${line}\n`),
  })
  process.stdout.write(`${told(report)}\n`)
}
