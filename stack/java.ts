import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Fault } from '../src/flow/fault.ts'
import { startServer, type ServerProcess } from './server.ts'
import type { Warden } from './warden.ts'

export type JavaCommand = {
  /** Folder of jars. */
  readonly jars: string
  readonly mainClass: string
  readonly args: readonly string[]
  /** Arguments of the virtual machine: heap, log settings. */
  readonly vm: readonly string[]
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
  options: { readonly log: string; readonly warden: Warden },
): Promise<ServerProcess> {
  try {
    return await startServer({ program: 'java', args: javaArguments(command) }, options)
  } catch (cause) {
    throw noJava(cause)
  }
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
