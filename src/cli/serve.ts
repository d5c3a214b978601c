import { join } from 'node:path'
import { spawn } from 'node:child_process'
import type { Parts } from '../config/components.ts'
import { together } from '../flow/together.ts'
import type { Serving } from '../config/serving.ts'
import type { Access } from '../serve/access.ts'
import type { Hub } from '../serve/live/hub.ts'
import type { Overview } from '../serve/overview.ts'
import type { Tape } from '../tape/tape.ts'
import type { Command } from './command.ts'
import { EXIT } from './exit.ts'
import { startPart, supervised, type RunningPart } from './part.ts'
import { parseTime } from '../market/times.ts'
import { packageVersion } from './version.ts'

/** Records read before the live ones, so that the page is not empty at first. */
const FIRST_RECORDS = 2000
/** How often tape and lake are compared, and how often a missing tape is looked for, ms. */
const PROGRESS_MS = 1000
/** The page is given so long before the engine for statements starts, ms. */
const WARM_MS = 2000
/** A tape that is damaged is looked at again this often, ms. */
const DAMAGED_MS = 60_000

export const command: Command = {
  text: {
    name: 'serve',
    takes: '',
    summary: 'The page, the API and the metrics',
    examples: [
      ['ticklake serve --port 7400', 'http://127.0.0.1:7400/'],
      ['curl -s localhost:7400/metrics', 'for Prometheus'],
      ['curl -s localhost:7400/api/status', 'how the recorder is'],
      ["curl -s 'localhost:7400/api/candles?symbol=AAPL&interval=5m'", 'bars'],
      [
        'TICKLAKE_SERVE_TOKEN=$(openssl rand -hex 24) ticklake serve --host 0.0.0.0',
        'for others too: they sign in with the token',
      ],
    ],
    about:
      'Routes: / the page, /api/openapi.json what the API is, /udf for charting libraries, /metrics, /healthz,\n' +
      '/readyz. It answers this machine alone unless --host says otherwise, and then asks for a token.',
    flags: [{ name: 'open', doc: 'Open the page in the browser' }],
    positionalsMax: 0,
  },
  invalidExit: EXIT.settings,
  run: async (invocation) => {
    await using part = await startPart('serve', invocation)
    const { parts, registry } = part
    const { startServer } = await import('../serve/serve.ts')
    const { openServing } = await import('../config/serving.ts')
    const { settings } = parts.loaded
    const access = await accessTo(parts)
    const overview = await overviewOf(part)
    await using serving = openServing(parts, overview.queries.began)
    await using hub = await hubOf(part, { overview, serving })
    const warm = warming(parts, serving)
    await using server = await startServer({
      listen: { host: settings.host, port: settings.port },
      access,
      sources: {
        overview,
        market: serving.market,
        asked: serving.asked,
        lakes: serving.lakes,
        symbols: hub.symbols,
        millisMax: settings['serve.timeout'],
        spillDir: join(parts.places.data, 'spill'),
        zone: settings.tz,
        version: packageVersion(),
        log: parts.log,
      },
      connect: (socket) => {
        hub.connect(socket)
        warm()
      },
      log: parts.log,
    })
    part.state('serving')
    registry.set('ticklake_build_info', 1, { version: packageVersion() })
    parts.log(supervised ? 'debug' : 'info', 'serving', { url: server.url })
    process.send?.({ kind: 'serving', url: server.url })
    if (invocation.flags.has('open')) openInBrowser(server.url)
    await follow(parts, { overview, serving, hub, stop: invocation.signal })
    parts.log(supervised ? 'debug' : 'info', 'server stopped')
    return EXIT.ok
  },
}

async function overviewOf({ parts, registry }: RunningPart): Promise<Overview> {
  const { createOverview } = await import('../serve/overview.ts')
  const { tradeDecoder } = await import('../config/components.ts')
  const { clock, places, loaded } = parts
  return createOverview({
    clock,
    decode: await tradeDecoder(),
    source: { source: places.source, simulated: places.simulated },
    version: packageVersion(),
    zone: loaded.settings.tz,
    statusDir: places.status,
    shared: places.tape.kind === 'kafka',
    dayStart: (now) => parseTime('today', loaded.settings.tz, now),
    ownSamples: registry.samples,
  })
}

/** Who may ask for the page. Faults: `invalid` where everybody could. */
export async function accessTo({ loaded: { settings } }: Parts): Promise<Access> {
  const { accessOf } = await import('../serve/access.ts')
  const token = settings['serve.token']?.reveal() ?? null
  return accessOf({ host: settings.host, hosts: settings['serve.hosts'], token })
}

async function hubOf(
  { parts, registry }: RunningPart,
  { overview, serving }: Pick<Following, 'overview' | 'serving'>,
): Promise<Hub> {
  const { createHub } = await import('../serve/live/hub.ts')
  const { tradeDecoder } = await import('../config/components.ts')
  const { clock, log } = parts
  return createHub({
    clock,
    decode: await tradeDecoder(),
    market: serving.market,
    status: overview.status,
    metrics: registry,
    log,
  })
}

/** Who has the page open may soon ask: the engine for statements starts then, once the page has its candles. */
function warming({ clock }: Parts, serving: Serving): () => void {
  let begun = false
  return () => {
    if (begun) return
    begun = true
    // What is wrong with it is told to whoever asks.
    void clock.sleep(WARM_MS).then(() => serving.asked().catch(() => undefined))
  }
}

type Following = {
  readonly overview: Overview
  readonly serving: Serving
  readonly hub: Hub
  readonly stop: AbortSignal
}

/** Follows tape and lake until stopped; what is not there yet is looked for again. */
async function follow(parts: Parts, following: Following): Promise<void> {
  const { serving, stop } = following
  const { isFault } = await import('../flow/fault.ts')
  const { openTapeToRead } = await import('../config/tapes.ts')
  while (!stop.aborted) {
    try {
      await using tape = await openTapeToRead(parts)
      serving.renew() // what it had opened may be of another tape, or of none
      await followTape(parts, { ...following, tape })
    } catch (error) {
      if (!isFault(error)) throw error
      // No tape yet, or it went away for a moment: the page says so, and it is looked for again. Damage is a
      // person's to mend; the page stays, because it says what is wrong.
      const damaged = error.kind === 'corrupt'
      const { message, remedy } = error
      parts.log(damaged ? 'error' : 'debug', `not following: ${message}`, { remedy })
      await parts.clock.sleep(damaged ? DAMAGED_MS : PROGRESS_MS, stop)
    }
  }
}

async function followTape(
  parts: Parts,
  { tape, overview, hub, stop }: Following & { readonly tape: Tape },
): Promise<void> {
  const { lastOf } = await import('../serve/overview.ts')
  const { progressOf, tapeOnly } = await import('../serve/progress.ts')
  const { openLakesToRead } = await import('../config/components.ts')
  const { isSimulated } = await import('../config/places.ts')
  const { isFault } = await import('../flow/fault.ts')
  const { readOn } = await import('./read-on.ts')
  const { clock } = parts
  const failed = new AbortController()
  const signal = AbortSignal.any([stop, failed.signal])
  const source = await tape.source()
  if (source !== null) overview.setSource({ source, simulated: isSimulated(source) })
  const bounds = await tape.trades.bounds()
  const trades = async () => {
    const from = lastOf(bounds, FIRST_RECORDS)
    for await (const run of readOn(tape.trades, { from, until: 'follow' }, signal)) {
      overview.takeTrades(run)
      hub.takeTrades(run)
    }
  }
  const feed = async () => {
    const all = { from: new Map(), until: 'follow' } as const
    for await (const run of readOn(tape.feed, all, signal)) overview.takeFeed(run)
  }
  const progress = async () => {
    let told = ''
    while (!signal.aborted) {
      try {
        await using lakes = await openLakesToRead(parts, tape)
        const { positions } = lakes.records
        while (!signal.aborted) {
          overview.setProgress(await progressOf(tape.trades, positions, { clock, signal }))
          overview.setReady()
          await clock.sleep(PROGRESS_MS, signal)
        }
      } catch (error) {
        // A lake that is busy, or a trim just now, or damage: asked again, and no reason to read the tape anew.
        if (!isFault(error)) throw error
        const damaged = error.kind === 'corrupt' || error.kind === 'invalid'
        if (!damaged && error.kind !== 'unavailable' && error.kind !== 'conflict') throw error
        if (damaged && error.message !== told)
          parts.log('error', error.message, { remedy: error.remedy })
        if (damaged) {
          told = error.message
          overview.setProgress(await tapeOnly(tape.trades))
        }
      }
      await clock.sleep(PROGRESS_MS, signal)
    }
  }
  await together([trades, feed, progress], failed).catch((error: unknown) => {
    if (!stop.aborted) throw error
  })
}

/** Opens a URL with the desktop's own command; where there is none, nothing happens. */
export function openInBrowser(url: string): void {
  const commands: Readonly<Record<string, readonly string[]>> = {
    darwin: ['open', url],
    win32: ['cmd', '/c', 'start', '', url],
  }
  const [name = 'xdg-open', ...rest] = commands[process.platform] ?? ['xdg-open', url]
  const child = spawn(name, rest, { stdio: 'ignore', detached: true })
  child.on('error', () => undefined)
  child.unref()
}
