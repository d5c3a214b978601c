import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Clock } from '../flow/clock.ts'
import type { Logger } from '../flow/log.ts'
import { backoffMs } from '../flow/retry.ts'
import type { Random } from '../flow/random.ts'
import { EXIT } from './exit.ts'

/** Between restarts; a child that lived a minute begins again at the base. */
const RESTART = { baseMs: 500, capMs: 30_000 }
const STEADY_MS = 60_000
/** A child that does not end by itself within this is killed: the drain of a lander is bounded by less. */
const DRAIN_MS_MAX = 60_000

export type ChildOptions = {
  readonly name: string
  /** Asked at each start, so that a restart may take what was learnt meanwhile. */
  readonly args: () => readonly string[]
  readonly env: () => NodeJS.ProcessEnv
  /** Executable and first arguments. */
  readonly self: readonly string[]
  /** One line of what it writes. */
  readonly onLine: (line: string) => void
  readonly onMessage: (message: unknown) => void
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

export type Child = {
  readonly name: string
  /** Tells it to drain, waits until it has ended; resolves to its exit code, null when it had to be killed. */
  stop(): Promise<number | null>
  /** At once, without a drain. */
  kill(): void
  /** Resolves when it will not be started again: settings that are wrong do not become right by themselves. */
  readonly over: Promise<number>
}

/**
 * Keeps one child process running: started again, after a wait, whatever ended it, unless it says that its
 * settings or its call are wrong. It has a process group of its own, so that Ctrl-C reaches only the
 * supervisor, and a channel whose end tells it that the supervisor is gone.
 */
export function keepChild(options: ChildOptions): Child {
  const { name, clock, random, log } = options
  const stopping = new AbortController()
  const over = Promise.withResolvers<number>()
  let current: ChildProcess | null = null
  const run = async (): Promise<void> => {
    for (let attempt = 0; !stopping.signal.aborted;) {
      const began = clock.monotonic()
      current = start(options)
      const { code, signal } = await ended(current)
      current = null
      if (stopping.signal.aborted) return over.resolve(code ?? EXIT.failed)
      if (code === EXIT.settings || code === EXIT.usage) return over.resolve(code)
      if (clock.monotonic() - began > STEADY_MS) attempt = 0
      const waitMs = backoffMs(RESTART, attempt, random)
      attempt += 1
      log('error', `${name} ended (${signal ?? `exit code ${code}`}); starting it again`, {
        wait_ms: Math.round(waitMs),
      })
      await clock.sleep(waitMs, stopping.signal)
    }
    over.resolve(EXIT.ok)
  }
  const running = run()
  return {
    name,
    over: over.promise,
    kill: () => void current?.kill('SIGKILL'),
    stop: async () => {
      stopping.abort()
      const child = current
      child?.kill('SIGTERM')
      const timer = setTimeout(() => {
        log('error', `${name} did not end within ${DRAIN_MS_MAX / 1000} s: killing it`)
        child?.kill('SIGKILL')
      }, DRAIN_MS_MAX)
      await running
      clearTimeout(timer)
      return over.promise
    },
  }
}

function start({ self, args, env, onLine, onMessage }: ChildOptions): ChildProcess {
  const [file = process.execPath, ...first] = self
  const child = spawn(file, [...first, ...args()], {
    env: env(),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: true,
  })
  child.on('message', onMessage)
  for (const stream of [child.stdout, child.stderr])
    if (stream !== null) createInterface({ input: stream }).on('line', onLine)
  return child
}

const ended = (
  child: ChildProcess,
): Promise<{ code: number | null; signal: NodeJS.Signals | null }> =>
  new Promise((resolve) => {
    child.once('error', () => resolve({ code: EXIT.failed, signal: null }))
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
