import { createInterface } from 'node:readline/promises'
import { Fault } from '../flow/fault.ts'
import type { Purged } from '../lake/upkeep/purge.ts'
import type { Command, Invocation } from './command.ts'
import { EXIT, signalExit } from './exit.ts'
import type { Purging } from './purging.ts'
import { counted } from './tables.ts'
import { plain } from './terminal.ts'

const DAY_MS = 86_400_000

export const command: Command = {
  text: {
    name: 'purge',
    takes: '',
    summary: 'Remove trades for good: of symbols, from before a day, or all',
    examples: [
      ['ticklake purge --symbol GME,AMC --dry-run', 'say what would go'],
      ['ticklake purge --before 2026-01-01', 'all from before that midnight (UTC)'],
      ['ticklake purge --all --yes', 'everything, without being asked'],
    ],
    about:
      'Files that hold such rows are written anew without them, every older snapshot goes, and so do the landed\n' +
      'part of a SQLite tape, from its file too, and the caches. Stop the lander first; `ticklake record` may go\n' +
      'on, but for --all. Kafka cannot forget one symbol: with --tape-too it forgets all that has landed, for all\n' +
      'its readers; else it is said until when it keeps it. Killed at any moment: run it again.\n' +
      'With --symbol the feed log stays: it tells of connections and gaps, and of frames that could not be read.\n' +
      'Where nothing of it is here, nothing is done (exit 1), unless an earlier purge of it is noted, or --again.',
    flags: [
      {
        name: 'symbol',
        metavar: 'SYMBOL,…',
        doc: 'Trades of these, and records that name them but cannot be read',
      },
      {
        name: 'before',
        metavar: 'DATE',
        doc: 'What is from before this day (UTC), by the time of the trade',
      },
      { name: 'all', doc: 'All that has landed' },
      { name: 'tape-too', doc: 'On Kafka: have the topics forget what has landed, whatever it is' },
      { name: 'again', doc: 'Though no row of it is here: old snapshots, files and tape go' },
      { name: 'dry-run', doc: 'Say what would go, change nothing' },
      { name: 'yes', doc: 'Do not ask' },
    ],
    positionalsMax: 0,
  },
  run: async (invocation) => {
    const { signal, terminal, json, flags } = invocation
    const what = whatOf(invocation, Date.now())
    const dryRun = flags.has('dry-run')
    const yes = flags.has('yes')
    if (!dryRun && !yes && !(terminal.inIsScreen && terminal.errIsScreen)) throw consentMissing()
    const { partsOf } = await import('../config/components.ts')
    const { openUpkeep } = await import('../config/upkeep.ts')
    const { planPurge, showPlan, doPurge } = await import('./purging.ts')
    const { purgeLeases } = await import('./purge-tape.ts')
    const parts = partsOf(await invocation.settings(), { log: await invocation.log() })
    if (flags.has('tape-too') && parts.places.tape.kind === 'sqlite' && !json)
      terminal.err(TAPE_TOO_SQLITE)
    invocation.onStop('giving up: what went stays gone, the rest is still there')
    await using upkeep = await openUpkeep(parts)
    const all = what.kind === 'all'
    await using _leases = dryRun ? null : await purgeLeases(parts, { all, signal })
    try {
      const purging = { parts, upkeep, what, invocation }
      const plan = await planPurge(purging)
      if (!json && (dryRun || !yes)) await showPlan(purging, plan)
      if (dryRun && json) await terminal.out(`${JSON.stringify(plan.summary)}\n`)
      if (plan.obstacle !== null) throw plan.obstacle
      if (dryRun) return EXIT.ok
      const said = yes ? CONSENT : await answers(purging, signal)
      if (said.purge !== 'yes') {
        terminal.err('nothing was done\n')
        if (said.purge === 'no') return EXIT.failed
        return signal.aborted ? signalExit(signal.reason) : EXIT.interrupted
      }
      const tapeToo = flags.has('tape-too') || said.tape === 'yes'
      const filesLeft = await doPurge(purging, { plan, tapeToo })
      if (filesLeft.length > 0) throw notRemoved(filesLeft)
      return EXIT.ok
    } catch (error) {
      if (!signal.aborted) throw error
      if (!json) terminal.err('stopped: run it again to do the rest\n')
      return signalExit(signal.reason)
    }
  },
}

/** Of --yes: what is to become of a topic says --tape-too. */
const CONSENT = { purge: 'yes', tape: 'no' } as const
const TAPE_TOO_SQLITE =
  '--tape-too is for Kafka: from a SQLite tape all that has landed goes in any case\n'
const FILES_NAMED = 3

/** Some of what was to go for good is on a disk still. */
function notRemoved(locations: readonly string[]): Fault {
  const named = locations.slice(0, FILES_NAMED).map(plain).join(', ')
  const more = locations.length > FILES_NAMED ? ', …' : ''
  return new Fault(
    'unavailable',
    `${counted(locations.length, 'file')} could not be removed: ${named}${more}`,
    {
      remedy:
        'They hold what was purged. See that this user may remove them (rights, locks of the store), then run it again.',
    },
  )
}

const consentMissing = (): Fault =>
  new Fault('invalid', 'what is purged never comes back, and nobody can be asked here', {
    remedy: 'Look at it with --dry-run, then say --yes.',
  })

/** What the command line asks for. Faults: `invalid`. */
export function whatOf({ flags }: Pick<Invocation, 'flags'>, nowMs: number): Purged {
  const ways = ['symbol', 'before', 'all'].filter((name) => flags.has(name))
  if (ways.length !== 1)
    throw new Fault(
      'invalid',
      ways.length === 0 ? 'what is to be purged?' : `--${ways.join(' and --')} do not go together`,
      { remedy: 'Say one of --symbol SYMBOL, --before DATE, --all.' },
    )
  if (flags.has('all')) return { kind: 'all' }
  const date = flags.get('before')
  if (date !== undefined) return { kind: 'before', beforeMs: midnightOf(date, nowMs) }
  const symbols = [...new Set((flags.get('symbol') ?? '').split(',').map((one) => one.trim()))]
  if (symbols.every((one) => one !== '')) return { kind: 'symbols', symbols }
  throw new Fault('invalid', '--symbol takes symbols, separated by commas', {
    remedy: 'As in --symbol GME or --symbol GME,BINANCE:BTCUSDT.',
  })
}

function midnightOf(date: string, nowMs: number): number {
  const ms = /^\d{4}-\d\d-\d\d$/.test(date) ? Date.parse(`${date}T00:00:00Z`) : Number.NaN
  if (Number.isNaN(ms) || !new Date(ms).toISOString().startsWith(date))
    throw new Fault('invalid', `--before takes a date, not ${date}`, {
      remedy: 'As in --before 2026-01-01: midnight UTC at its beginning.',
    })
  if (ms > nowMs + DAY_MS)
    throw new Fault('invalid', `${date} has not come yet`, { remedy: 'For everything, say --all.' })
  return ms
}

/** As in `purge --symbol GME,AMC`: the words of the plan. */
export const wordsOf = (what: Purged): string => {
  if (what.kind === 'all') return 'all that has landed'
  if (what.kind === 'symbols') return `trades of ${what.symbols.join(', ')}`
  return `all from before ${new Date(what.beforeMs).toISOString().slice(0, 10)}`
}

type Said = 'yes' | 'no' | 'interrupted'

/** What was answered to both questions; what becomes of a SQLite tape is no question. */
async function answers(
  { parts, what }: Pick<Purging, 'parts' | 'what'>,
  signal: AbortSignal,
): Promise<{ readonly purge: Said; readonly tape: Said }> {
  const purge = await asked(`Purge ${wordsOf(what)} for good?`, signal)
  const { tape } = parts.places
  if (purge !== 'yes' || tape.kind !== 'kafka') return { purge, tape: 'no' }
  const whole = `Have ${tape.address} forget all that has landed too, of every symbol and for all its readers?`
  const said = await asked(whole, signal)
  return said === 'interrupted' ? { purge: said, tape: said } : { purge, tape: said }
}

async function asked(question: string, signal: AbortSignal): Promise<Said> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  const closed = new AbortController()
  let said: Said = 'no'
  lines.on('SIGINT', () => {
    said = 'interrupted'
    closed.abort()
  })
  lines.on('close', () => closed.abort()) // Ctrl-D
  try {
    const either = AbortSignal.any([signal, closed.signal])
    const answer = await lines.question(`${question} [y/N] `, { signal: either })
    return /^y(es)?$/i.test(answer.trim()) ? 'yes' : 'no'
  } catch {
    process.stderr.write('\n') // the cursor stands behind the question
    return signal.aborted ? 'interrupted' : said
  } finally {
    lines.close()
  }
}
