import { causesTold } from '../aws/causes.ts'
import type { Parts } from '../config/components.ts'
import type { Command, Invocation } from './command.ts'
import { CHECKS } from './checks.ts'
import { EXIT, signalExit } from './exit.ts'
import { skipped, type Check, type Outcome } from './outcome.ts'
import { plain, type Style } from './terminal.ts'

const STYLES: Readonly<Record<Outcome['word'], Style>> = {
  ok: 'green',
  warn: 'yellow',
  fail: 'red',
  skip: 'dim',
}

export const command: Command = {
  text: {
    name: 'doctor',
    takes: '',
    summary: 'Check this machine, the settings and every part, with a remedy for each',
    examples: [
      ['ticklake doctor', 'exit 1 when anything fails'],
      ['ticklake doctor --json', 'for programs'],
    ],
    flags: [{ name: 'offline', doc: 'Do not try to reach the feed, Kafka or AWS' }],
    positionalsMax: 0,
  },
  invalidExit: EXIT.settings,
  run: async (invocation) => {
    const { partsOf } = await import('../config/components.ts')
    const parts = partsOf(await invocation.settings())
    const { signal } = invocation
    const isTold = causesTold()
    let failed = false
    for (const [check, outcomes] of begun(parts, invocation)) {
      for (const outcome of await unlessStopped(outcomes(), signal)) {
        failed ||= outcome.word === 'fail'
        const isSkipped = outcome.word === 'fail' && isTold(outcome)
        await show(invocation, outcome.name ?? check.name, isSkipped ? ABOVE : outcome)
      }
      if (signal.aborted) return signalExit(signal.reason)
    }
    return failed ? EXIT.failed : EXIT.ok
  },
}

const ABOVE = skipped('for the cause told above')
/** Each may wait for a server that is silent: they do so at the same time. */
const TOGETHER: ReadonlySet<string> = new Set(['lake', 'store', 'catalog'])

/** The checks in their order, each to be waited for when its turn has come. */
function begun(
  parts: Parts,
  invocation: Invocation,
): readonly (readonly [Check, () => Promise<readonly Outcome[]>])[] {
  const running = new Map<Check, Promise<readonly Outcome[]>>()
  const run = (check: Check) => {
    const outcomes = running.get(check) ?? outcomesOf(check, parts, invocation)
    running.set(check, outcomes)
    return outcomes
  }
  const together = CHECKS.filter(({ name }) => TOGETHER.has(name))
  return CHECKS.map((check) => [
    check,
    () => {
      if (together.includes(check)) together.forEach((one) => void run(one))
      return run(check)
    },
  ])
}

/** What a check found; nothing once the signal has come, whatever it waits for. */
const unlessStopped = (
  outcomes: Promise<readonly Outcome[]>,
  signal: AbortSignal,
): Promise<readonly Outcome[]> =>
  new Promise((resolve, reject) => {
    if (signal.aborted) return resolve([])
    signal.addEventListener('abort', () => resolve([]), { once: true })
    outcomes.then(resolve, reject)
  })

async function outcomesOf(
  check: Check,
  parts: Parts,
  { flags, signal }: Invocation,
): Promise<readonly Outcome[]> {
  try {
    return [await check.run(parts, { offline: flags.has('offline'), signal })].flat()
  } catch (error) {
    const { isFault } = await import('../flow/fault.ts')
    const says = error instanceof Error ? error.message : String(error)
    return [{ word: 'fail', says, remedy: isFault(error) ? error.remedy : 'See the message.' }]
  }
}

/** Writes an outcome: its word, the name of the check, what it says, and the remedy below. */
export async function show(
  { terminal, json }: Invocation,
  name: string,
  { word, says, remedy }: Outcome,
): Promise<void> {
  if (json)
    return terminal.out(
      `${JSON.stringify({ check: name, outcome: word, says, remedy: remedy ?? null })}\n`,
    )
  const room = terminal.outIsScreen ? terminal.columns - INDENT : Infinity
  const lines = [...wrapped(plain(says), room)]
  const advice = remedy === undefined ? [] : wrapped(plain(remedy), room - 2)
  lines.push(...advice.map((line, i) => (i === 0 ? `→ ${line}` : `  ${line}`)))
  const [first = '', ...rest] = lines
  const head = `${terminal.paint(STYLES[word], word.padEnd(4))} ${name.padEnd(10)} `
  await terminal.out(
    [head + first, ...rest.map((line) => ' '.repeat(INDENT) + line), ''].join('\n'),
  )
}

/** Where the texts begin. */
const INDENT = 16

/** Text in lines of at most `room` characters, but for longer words. */
function wrapped(text: string, room: number): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last === undefined || last.length + 1 + word.length > room) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}
