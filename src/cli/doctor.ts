import type { Parts } from '../config/components.ts'
import type { Command, Invocation } from './command.ts'
import { CHECKS, type Check, type Outcome } from './checks.ts'
import { EXIT } from './exit.ts'
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
    flags: [{ name: 'offline', doc: 'Do not try to reach the feed' }],
    positionalsMax: 0,
  },
  invalidExit: EXIT.settings,
  run: async (invocation) => {
    const { partsOf } = await import('../config/components.ts')
    const parts = partsOf(await invocation.settings())
    let failed = false
    for (const check of CHECKS) {
      const outcome = await outcomeOf(check, parts, invocation)
      failed ||= outcome.word === 'fail'
      await show(invocation, check.name, outcome)
    }
    return failed ? EXIT.failed : EXIT.ok
  },
}

async function outcomeOf(check: Check, parts: Parts, invocation: Invocation): Promise<Outcome> {
  try {
    const offline = invocation.flags.has('offline')
    return await check.run(parts, { offline, signal: invocation.signal })
  } catch (error) {
    const { isFault } = await import('../flow/fault.ts')
    const says = error instanceof Error ? error.message : String(error)
    return { word: 'fail', says, remedy: isFault(error) ? error.remedy : 'See the message.' }
  }
}

async function show(
  { terminal, json }: Invocation,
  name: string,
  { word, says, remedy }: Outcome,
): Promise<void> {
  if (json)
    return terminal.out(
      `${JSON.stringify({ check: name, outcome: word, says, remedy: remedy ?? null })}\n`,
    )
  const advice = remedy === undefined ? '' : `\n${' '.repeat(16)}→ ${plain(remedy)}`
  await terminal.out(
    `${terminal.paint(STYLES[word], word.padEnd(4))} ${name.padEnd(10)} ${plain(says)}${advice}\n`,
  )
}
