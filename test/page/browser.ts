import { execFileSync } from 'node:child_process'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'
import { skipFor } from '../../stack/needs.ts'

/** Where a Chromium may be, by path or on the PATH. */
const PROGRAMS = ['/usr/bin/chromium', 'chromium', 'chromium-browser', 'google-chrome']

/** Nothing that needs a network beyond loopback, a sandbox of the system's, or a screen. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** What is waited for in vain ends the test, ms. */
const WAIT_MS_MAX = 20_000

/** The Chromium of this machine: what CHROMIUM names, or a known place; null: there is none. */
export function chromiumPath(): string | null {
  const named = process.env.CHROMIUM
  return [...(named === undefined ? [] : [named]), ...PROGRAMS].map(found).find(Boolean) ?? null
}

function found(program: string): string | null {
  try {
    const asked = ['-c', 'command -v "$1"', 'sh', program]
    return execFileSync('sh', asked, { encoding: 'utf8' }).trim() || null
  } catch {
    return null
  }
}

/** Why a test in a browser is skipped; false: it can run. */
export const withoutChromium = (): string | false =>
  skipFor('the page', chromiumPath() === null ? ['Chromium, or name it by CHROMIUM'] : [])

/** One page of a browser, and what went wrong on it. */
export type Opened = {
  readonly page: Page
  /** Errors on the console, thrown errors, refusals by the page's own policy, and requests that failed. */
  readonly wrong: () => readonly string[]
  /** From here on what matches is expected: a server that was killed cannot answer. */
  expect(pattern: RegExp): void
}

export type Screen = {
  readonly width?: number
  readonly height?: number
  readonly dark?: boolean
  /** The page's policy does not apply: for tools that put a script of their own into the page. */
  readonly bypassPolicy?: boolean
}

/** A Chromium with a fresh profile. */
export type TestBrowser = AsyncDisposable & {
  readonly browser: Browser
  /** A page in a context of its own: nothing is shared with other pages. */
  open(url: string, screen?: Screen): Promise<Opened>
  /** Stops the browser with all of its processes as Ctrl-Z does, and wakes it. */
  suspend(): void
  resume(): void
}

export async function openBrowser(): Promise<TestBrowser> {
  const server = await chromium.launchServer({
    executablePath: chromiumPath() ?? '',
    args: FLAGS,
    headless: true,
  })
  const browser = await chromium.connect(server.wsEndpoint())
  const pid = server.process().pid
  // Playwright starts it as the leader of a group: renderers and network are in it.
  const signal = (name: NodeJS.Signals) => {
    if (pid !== undefined) process.kill(-pid, name)
  }
  return {
    browser,
    open: (url, screen = {}) => openPage(browser, { url, screen }),
    suspend: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    [Symbol.asyncDispose]: async () => {
      signal('SIGCONT')
      await browser.close()
      await server.close()
    },
  }
}

type Asked = { readonly url: string; readonly screen: Screen }

async function openPage(browser: Browser, { url, screen }: Asked): Promise<Opened> {
  const context = await browser.newContext({
    viewport: { width: screen.width ?? 1280, height: screen.height ?? 800 },
    colorScheme: screen.dark === true ? 'dark' : 'light',
    bypassCSP: screen.bypassPolicy === true,
    acceptDownloads: true,
    timezoneId: 'Europe/Berlin', // neither of the two zones that the page always offers
    locale: 'en-US',
  })
  context.setDefaultTimeout(WAIT_MS_MAX)
  const wrongs = await watch(context)
  const expected: RegExp[] = []
  const page = await context.newPage()
  await page.goto(url)
  return {
    page,
    wrong: () => wrongs.filter((line) => !expected.some((pattern) => pattern.test(line))),
    expect: (pattern) => void expected.push(pattern),
  }
}

/** Runs in each page before its own scripts. */
const TELL_VIOLATIONS = `addEventListener('securitypolicyviolation', (event) => {
  reportViolation(event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sample)
})`

/** Everything that goes wrong on any page of a context, as it goes wrong. */
async function watch(context: BrowserContext): Promise<readonly string[]> {
  const wrongs: string[] = []
  context.on('console', (message) => {
    const { url } = message.location()
    if (message.type() === 'error') wrongs.push(`console: ${message.text()} (${url})`)
  })
  context.on('weberror', (error) => wrongs.push(`thrown: ${error.error().stack ?? ''}`))
  context.on('requestfailed', (request) => {
    const why = request.failure()?.errorText ?? ''
    // What the page itself took back, as a search that was typed on, has not failed.
    if (why !== 'net::ERR_ABORTED') wrongs.push(`request: ${request.url()} ${why}`)
  })
  context.on('response', (response) => {
    if (response.status() >= 400) wrongs.push(`answer: ${response.status()} ${response.url()}`)
  })
  await context.exposeBinding('reportViolation', (_source, text: string) => {
    wrongs.push(`policy: ${text}`)
  })
  await context.addInitScript({ content: TELL_VIOLATIONS })
  return wrongs
}
