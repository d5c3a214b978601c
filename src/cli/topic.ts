import { parseDuration } from '../flow/durations.ts'
import type { TopicOutcome, Wanted } from '../config/topics.ts'
import { Fault } from '../flow/fault.ts'
import { wholeNumber } from './args.ts'
import type { Command, Invocation } from './command.ts'
import { EXIT, errorJson, errorText } from './exit.ts'
import { outcomesJson, outcomesText } from './topic-made.ts'
import { descriptionJson, descriptionText } from './topic-screen.ts'

const PARTITIONS_MAX = 10_000
const REPLICATION_MAX = 100
const FOR_EVER = -1

export const command: Command = {
  text: {
    name: 'topic',
    takes: 'create|describe',
    summary: 'The tape’s topics on Kafka: make them, look at them',
    examples: [
      ['ticklake topic create --tape kafka://broker:9092', 'both, each setting with its reason'],
      [
        'ticklake topic create --partitions 16 --retention 30d --dry-run',
        'ask whether it would be made',
      ],
      ['ticklake topic describe', 'partitions, who records, who lands'],
    ],
    about:
      'A tape on Kafka is two topics: the trades, and TOPIC_feed_log beside them, which always has one\n' +
      'partition and keeps 90 days at least. A topic that is there is never changed: what does not fit is\n' +
      'shown with the command that mends it, and the exit code of create is then 1.',
    flags: [
      { name: 'partitions', metavar: 'N', doc: 'create: of the trades (default 8)' },
      {
        name: 'replication',
        metavar: 'N',
        doc: 'create: copies of each record (default 3, or as many as there are brokers)',
      },
      {
        name: 'retention',
        metavar: 'TIME',
        doc: 'create: how long Kafka keeps a record, as in 7d (the default), or forever',
      },
      { name: 'dry-run', doc: 'create: make nothing; the brokers say whether they would' },
    ],
    positionalsMax: 1,
  },
  invalidExit: EXIT.settings,
  run: async (invocation) => {
    const asked = askedOf(invocation)
    if (asked instanceof Fault) {
      const { terminal, json } = invocation
      terminal.err(json ? `${errorJson(asked)}\n` : errorText(asked))
      return EXIT.usage
    }
    const { partsOf } = await import('../config/components.ts')
    const parts = partsOf(await invocation.settings())
    if (asked === 'describe') {
      const { describeTape } = await import('../config/topics.ts')
      const tape = await describeTape(parts)
      const { terminal, json } = invocation
      const zone = parts.loaded.settings.tz
      if (tape.topics.length === 0) throw missing(tape.missing)
      await terminal.out(json ? descriptionJson(tape) : descriptionText(tape, { terminal, zone }))
      return tape.missing.length === 0 ? EXIT.ok : EXIT.failed
    }
    const { makeTopics } = await import('../config/topics.ts')
    return await tell(invocation, await makeTopics(parts, asked), asked)
  },
}

async function tell(
  { terminal, json }: Invocation,
  outcomes: readonly TopicOutcome[],
  { dryRun }: Wanted,
): Promise<number> {
  const how = { dryRun, terminal }
  await terminal.out(json ? outcomesJson(outcomes, dryRun) : outcomesText(outcomes, how))
  const fits = outcomes.every((one) => 'made' in one || one.unfit.length === 0)
  return fits ? EXIT.ok : EXIT.failed
}

/** What the command line asks for; a Fault: it asks for nothing that there is. */
function askedOf({ positionals, flags }: Invocation): Wanted | 'describe' | Fault {
  const [what] = positionals
  try {
    if (what === 'describe') {
      const [flag] = flags.keys()
      if (flag === undefined) return 'describe'
      throw usage(`--${flag} goes with topic create`, 'Leave it out, or say create.')
    }
    if (what !== 'create')
      throw usage(
        what === undefined
          ? 'topic needs create or describe'
          : `topic takes create or describe, not ${what}`,
        'See ticklake topic --help.',
      )
    return {
      partitions: within(wholeNumber(flags, 'partitions'), '--partitions', PARTITIONS_MAX),
      replication: within(wholeNumber(flags, 'replication'), '--replication', REPLICATION_MAX),
      retentionMs: retentionOf(flags.get('retention')),
      dryRun: flags.has('dry-run'),
    }
  } catch (error) {
    if (error instanceof Fault) return error
    throw error
  }
}

function within(value: number | null, flag: string, most: number): number | null {
  if (value === null || (value >= 1 && value <= most)) return value
  throw usage(`${flag} takes a whole number from 1 to ${most}, not ${value}`, `Correct ${flag}.`)
}

function retentionOf(text: string | undefined): number | null {
  if (text === undefined) return null
  if (text === 'forever') return FOR_EVER
  const ms = parseDuration(text)
  if (ms !== null && ms > 0) return ms
  throw usage(
    `--retention takes a duration such as 12h or 7d, or forever, not ${text}`,
    'Correct --retention.',
  )
}

const usage = (message: string, remedy: string): Fault => new Fault('invalid', message, { remedy })

const missing = (names: readonly string[]): Fault =>
  new Fault('unavailable', `topic ${names[0]} is not there`, {
    remedy: 'Make it with `ticklake topic create`, or start recording to it.',
  })
