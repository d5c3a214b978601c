import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { Fault } from '../src/flow/fault.ts'
import type { Warden } from './warden.ts'

const STOP_MS_MAX = 10_000 // a broker hands its partitions over first; then it is killed
const READY_MS_MAX = 90_000 // Kafka takes 3 s on an idle machine, Trino 11 s
const LOOK_MS = 100
const TAIL_LINES = 20

export type ServerCommand = {
  readonly program: string
  readonly args: readonly string[]
  /** Besides the environment of this process. */
  readonly env?: Readonly<Record<string, string>>
  /** Its working folder. */
  readonly cwd?: string
}

/** A running process, known by its pid alone. */
export type ServerProcess = {
  readonly pid: number
  running(): boolean
  /** Sends a signal; nothing happens when the process has ended. */
  signal(name: NodeJS.Signals): void
  /** Resolves when the process has ended, with its exit code; null: a signal ended it. */
  readonly ended: Promise<number | null>
  /** SIGTERM, then SIGKILL after 10 s; resolves when the process has ended. */
  stop(): Promise<void>
}

/**
 * Starts a process whose whole output is appended to the file `log`. Rejects with the system's
 * error when the program does not run.
 */
export async function startServer(
  { program, args, env = {}, cwd }: ServerCommand,
  { log, warden }: { readonly log: string; readonly warden: Warden },
): Promise<ServerProcess> {
  const out = openSync(log, 'a')
  const child = spawn(program, args, {
    stdio: ['ignore', out, out],
    env: { ...process.env, ...env },
    ...(cwd === undefined ? {} : { cwd }),
  })
  closeSync(out)
  await once(child, 'spawn')
  const { pid } = child
  if (pid === undefined) throw new Error(`${program} has no process`)
  warden.watch(pid)
  const isRunning = () => child.exitCode === null && child.signalCode === null
  const exit = isRunning() ? once(child, 'exit') : Promise.resolve()
  const ended = exit.then(() => {
    warden.forget(pid)
    return child.exitCode
  })
  const signal = (name: NodeJS.Signals) => {
    if (isRunning()) child.kill(name)
  }
  const stop = async () => {
    signal('SIGTERM')
    signal('SIGCONT') // one that a test has frozen must be able to hear the first
    const patience = new AbortController()
    const late = delay(STOP_MS_MAX, undefined, { signal: patience.signal }).then(
      () => signal('SIGKILL'),
      () => undefined,
    )
    await ended
    patience.abort()
    await late
  }
  return { pid, running: isRunning, signal, ended, stop }
}

/**
 * Waits until `look` finds a server ready. The log's word for it comes too early: a broker says
 * that it has started before it knows of leaders.
 */
export async function waitUntil(
  look: () => Promise<boolean>,
  process: ServerProcess,
): Promise<void> {
  const deadline = performance.now() + READY_MS_MAX
  while (!(await look().catch(() => false))) {
    if (!process.running()) throw new Error('its process ended')
    if (performance.now() > deadline) throw new Error(`no answer in ${READY_MS_MAX / 1000} s`)
    await delay(LOOK_MS)
  }
}

/**
 * Waits until `look` finds the server ready; one that does not become so is killed. Faults:
 * `unavailable` with the end of its log.
 */
export async function awaitReady(
  process: ServerProcess,
  parts: { readonly name: string; readonly log: string; readonly look: () => Promise<boolean> },
): Promise<void> {
  try {
    await waitUntil(parts.look, process)
  } catch (cause) {
    process.signal('SIGKILL')
    await process.ended
    throw await notStarted(parts.name, parts.log, cause)
  }
}

/** The fault of a server that did not start, which carries the end of its log. */
async function notStarted(name: string, log: string, cause: unknown): Promise<Fault> {
  const reason = cause instanceof Error ? cause.message : String(cause)
  const tail = await tailOf(log)
  return new Fault('unavailable', `${name} did not start: ${reason}\n${tail}`, {
    remedy: 'Read what it printed, above.',
    cause,
  })
}

/** The last 20 lines of a log, for an error. */
export async function tailOf(log: string): Promise<string> {
  const text = await readFile(log, 'utf8').catch(() => '')
  return text.trimEnd().split('\n').slice(-TAIL_LINES).join('\n')
}
