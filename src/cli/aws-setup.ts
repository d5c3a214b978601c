import { createInterface } from 'node:readline/promises'
import type { StepOutcome } from '../config/cloud.ts'
import type { Invocation } from './command.ts'
import { EXIT, signalExit } from './exit.ts'
import { plain, type Style } from './terminal.ts'

const STYLES: Readonly<Record<StepOutcome['word'], Style>> = {
  there: 'dim',
  'to make': 'cyan',
  'to change': 'cyan',
  made: 'green',
  changed: 'green',
  sent: 'yellow',
  waits: 'yellow',
  refused: 'red',
  skipped: 'dim',
}

export type SettingUp = { readonly dryRun: boolean; readonly yes: boolean }

/**
 * Shows what is to be made or changed, asks on a terminal, and does it. Resolves to 1 where a step was
 * refused; a step that waits is none.
 */
export async function setup(invocation: Invocation, { dryRun, yes }: SettingUp): Promise<number> {
  const { terminal, json, signal } = invocation
  const { partsOf } = await import('../config/components.ts')
  const { openCloud } = await import('../config/cloud.ts')
  const { planSetup, setUp } = await import('../aws/setup.ts')
  using cloud = await openCloud(partsOf(await invocation.settings()))
  const options = cloud.setup(signal, yes)
  const plan = await planSetup(options)
  const how = { terminal, json, nameWidth: Math.max(...plan.map(({ name }) => name.length)) }
  const isWork = plan.some(({ word }) => word === 'to make' || word === 'to change')
  const shown = dryRun || !isWork || !yes
  if (shown) for (const outcome of plan) await terminal.out(textOf(outcome, how))
  if (dryRun || !isWork) return exitOf(plan)
  const answer = yes ? 'yes' : await asked(signal)
  if (answer !== 'yes') {
    terminal.err('nothing was done\n')
    return answer === 'no' ? EXIT.failed : EXIT.interrupted
  }
  const done: StepOutcome[] = []
  for await (const outcome of setUp(options)) {
    done.push(outcome)
    await terminal.out(textOf(outcome, how))
  }
  if (!json && signal.aborted) terminal.err('stopped; run it again to do the rest\n')
  return signal.aborted ? signalExit(signal.reason) : exitOf(done)
}

const exitOf = (outcomes: readonly StepOutcome[]): number =>
  outcomes.some(({ word }) => word === 'refused') ? EXIT.failed : EXIT.ok

/** Asks on the terminal. `stopped`: by Ctrl-C, whether the terminal tells of it or the system. */
async function asked(signal: AbortSignal): Promise<'yes' | 'no' | 'stopped'> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  const over = new AbortController()
  let isStopped = false
  lines.on('SIGINT', () => {
    isStopped = true
    over.abort()
  })
  lines.on('close', () => over.abort())
  try {
    const how = { signal: AbortSignal.any([signal, over.signal]) }
    const answer = await lines.question('Do it? [y/N] ', how)
    return /^y(es)?$/i.test(answer.trim()) ? 'yes' : 'no'
  } catch {
    process.stderr.write('\n') // the question's own line had no end yet
    return isStopped || signal.aborted ? 'stopped' : 'no'
  } finally {
    lines.close()
  }
}

const WORD_WIDTH = 'to change'.length

type How = Pick<Invocation, 'terminal' | 'json'> & { readonly nameWidth: number }

function textOf({ name, word, says, remedy }: StepOutcome, how: How): string {
  const { terminal, json, nameWidth } = how
  if (json)
    return `${JSON.stringify({ step: name, outcome: word, says, remedy: remedy ?? null })}\n`
  const head = `${terminal.paint(STYLES[word], word.padEnd(WORD_WIDTH))}  ${name.padEnd(nameWidth)}  `
  const room = ' '.repeat(WORD_WIDTH + nameWidth + 4)
  const advice = remedy === undefined ? '' : `${room}→ ${plain(remedy)}\n`
  return `${head}${plain(says)}\n${advice}`
}
