import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { Fault } from '../../src/flow/fault.ts'
import type { Warden } from './warden.ts'

const STOP_MS_MAX = 10_000 // a broker hands its partitions over first; then it is killed
const TAIL_LINES = 20

export type JavaCommand = {
  /** Folder of jars. */
  readonly jars: string
  readonly mainClass: string
  readonly args: readonly string[]
  /** Arguments of the virtual machine: heap, log settings. */
  readonly vm: readonly string[]
}

/** A running Java process, known by its pid alone. */
export type JavaProcess = {
  readonly pid: number
  running(): boolean
  /** Sends a signal; nothing happens when the process has ended. */
  signal(name: NodeJS.Signals): void
  /** Resolves when the process has ended, with its exit code; null: a signal ended it. */
  readonly ended: Promise<number | null>
  /** SIGTERM, then SIGKILL after 10 s; resolves when the process has ended. */
  stop(): Promise<void>
}

const javaArguments = ({ jars, mainClass, args, vm }: JavaCommand): string[] => [
  ...vm,
  '-cp',
  `${jars}/*`,
  mainClass,
  ...args,
]

/**
 * Starts a process whose whole output is appended to the file `log`. Faults: `invalid` without a
 * Java.
 */
export async function startJava(
  command: JavaCommand,
  { log, warden }: { readonly log: string; readonly warden: Warden },
): Promise<JavaProcess> {
  const out = openSync(log, 'a')
  const child = spawn('java', javaArguments(command), { stdio: ['ignore', out, out] })
  closeSync(out)
  try {
    await once(child, 'spawn')
  } catch (cause) {
    throw noJava(cause)
  }
  const { pid } = child
  if (pid === undefined) throw noJava(undefined)
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

export type Output = {
  /** Null when it was killed because its time was over. */
  readonly code: number | null
  readonly stdout: Buffer
  readonly stderr: string
}

/** Runs a tool to its end. Faults: `invalid` without a Java. */
export async function runJava(
  command: JavaCommand,
  options: { readonly warden: Warden; readonly input?: string; readonly msMax: number },
): Promise<Output> {
  const child = spawn('java', javaArguments(command), {
    timeout: options.msMax,
    killSignal: 'SIGKILL',
  })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  child.stdin.on('error', () => undefined) // it ended without reading: its code tells
  child.stdin.end(options.input ?? '')
  const { pid } = child
  if (pid !== undefined) options.warden.watch(pid)
  try {
    const [code] = (await once(child, 'close')) as [number | null]
    return { code, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() }
  } catch (cause) {
    throw noJava(cause)
  } finally {
    if (pid !== undefined) options.warden.forget(pid)
  }
}

const noJava = (cause: unknown): Fault =>
  new Fault('invalid', 'java does not run', {
    remedy: 'Install a JDK, 17 or later, and have `java` on the PATH.',
    cause,
  })

/** The last 20 lines of a log, for an error. */
export async function tailOf(log: string): Promise<string> {
  const text = await readFile(log, 'utf8').catch(() => '')
  return text.trimEnd().split('\n').slice(-TAIL_LINES).join('\n')
}
