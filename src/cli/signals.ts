import { signalExit } from './exit.ts'
import type { Terminal } from './terminal.ts'

export type Stop = {
  readonly signal: AbortSignal
  readonly onStop: (waitsFor: string) => void
  /** The command is done: what still follows `signal` ends too, and the process with it. */
  readonly finish: () => void
}

/** What is still open this long after the command is done is not waited for, ms. */
const LINGER_MS = 5000

/**
 * The first SIGINT, SIGTERM or SIGHUP, or the end of the supervisor's channel, aborts `signal` and says
 * what is waited for; the second forces the process to end with 130 or 143. So does the first, `graceMs` later,
 * where nothing is said to be waited for; null: never.
 */
export function catchSignals(terminal: Terminal, graceMs: number | null): Stop {
  const controller = new AbortController()
  let waitsFor = ''
  const stop = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(signalExit(name))
    if (waitsFor !== '' && process.channel === undefined)
      terminal.err(`ticklake: ${waitsFor}; a second ${name} forces\n`)
    controller.abort(name)
    if (waitsFor !== '' || graceMs === null) return
    // A command that has ended in the meantime has its own code, and only what it left open is closed.
    setTimeout(() => process.exit(process.exitCode ?? signalExit(name)), graceMs).unref()
  }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, stop)
  if (process.channel !== undefined) {
    // Started by a supervisor: when that dies, stop as if told to.
    process.once('disconnect', () => stop('SIGTERM'))
    process.channel?.unref() // listening must not keep a process alive that is done
  }
  return {
    signal: controller.signal,
    onStop: (text) => void (waitsFor = text),
    finish: () => {
      controller.abort('done')
      setTimeout(() => process.exit(), LINGER_MS).unref()
    },
  }
}
