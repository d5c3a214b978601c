import { spawn } from 'node:child_process'
import type { Parts } from '../config/components.ts'
import { together } from '../flow/together.ts'
import type { Overview } from '../serve/overview.ts'
import type { Tape } from '../tape/tape.ts'
import type { Command } from './command.ts'
import { EXIT } from './exit.ts'
import { startPart, supervised, type RunningPart } from './part.ts'
import { parseTime } from './times.ts'
import { packageVersion } from './version.ts'

/** Records read before the live ones, so that the page is not empty at first. */
const FIRST_RECORDS = 2000
/** How often tape and lake are compared, and how often a missing tape is looked for, ms. */
const PROGRESS_MS = 1000
/** A tape that is damaged is looked at again this often, ms. */
const DAMAGED_MS = 60_000

export const command: Command = {
  text: {
    name: 'serve',
    takes: '',
    summary: 'The page, the API and the metrics, on 127.0.0.1',
    examples: [
      ['ticklake serve --port 7400', 'http://127.0.0.1:7400/'],
      ['curl -s localhost:7400/metrics', 'for Prometheus'],
      ['curl -s localhost:7400/api/summary', "the page's numbers"],
    ],
    about: 'Routes: / the page, /api/summary, /metrics, /healthz, /readyz.',
    flags: [{ name: 'open', doc: 'Open the page in the browser' }],
    positionalsMax: 0,
  },
  invalidExit: EXIT.settings,
  run: async (invocation) => {
    await using part = await startPart('serve', invocation)
    const { parts, registry } = part
    const { startServer } = await import('../serve/serve.ts')
    const overview = await overviewOf(part)
    await using server = await startServer({
      port: parts.loaded.settings.port,
      log: parts.log,
      answers: {
        summary: overview.summary,
        samples: overview.samples,
        unready: overview.unready,
      },
    })
    part.state('serving')
    registry.set('ticklake_build_info', 1, { version: packageVersion() })
    parts.log(supervised ? 'debug' : 'info', 'serving', { url: server.url })
    process.send?.({ kind: 'serving', url: server.url })
    if (invocation.flags.has('open')) openInBrowser(server.url)
    await follow(part, overview, invocation.signal)
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
    statusDir: places.status,
    shared: places.tape.kind === 'kafka',
    dayStart: (now) => parseTime('today', loaded.settings.tz, now),
    ownSamples: registry.samples,
  })
}

/** Follows tape and lake until stopped; what is not there yet is looked for again. */
async function follow(part: RunningPart, overview: Overview, stop: AbortSignal): Promise<void> {
  const { parts } = part
  const { isFault } = await import('../flow/fault.ts')
  const { openTapeToRead } = await import('../config/tapes.ts')
  while (!stop.aborted) {
    try {
      await using tape = await openTapeToRead(parts)
      await followTape(parts, { tape, overview, stop })
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
  { tape, overview, stop }: { tape: Tape; overview: Overview; stop: AbortSignal },
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
    for await (const run of readOn(tape.trades, { from, until: 'follow' }, signal))
      overview.takeTrades(run)
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
