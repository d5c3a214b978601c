import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { join, resolve } from 'node:path'

export const BIN = resolve(import.meta.dirname, '../../bin/ticklake.js')

/** A real `ticklake` process that can be killed, stopped and woken by its pid. */
export type Part = {
  readonly pid: number
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  running(): boolean
  signal(name: NodeJS.Signals): void
}

export type Place = { readonly dir: string; readonly env: NodeJS.ProcessEnv }

/** Starts one part; what it prints is appended to `<dir>/<name>.log`. */
export function start(name: string, args: readonly string[], { dir, env }: Place): Part {
  const child: ChildProcess = spawn(process.execPath, [BIN, ...args], {
    cwd: dir,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const log = createWriteStream(join(dir, `${name}.log`), { flags: 'a' })
  child.stdout?.pipe(log, { end: false })
  child.stderr?.pipe(log, { end: false })
  let alive = true
  const exited = once(child, 'exit').then(([code, signal]) => {
    alive = false
    return { code: code as number | null, signal: signal as NodeJS.Signals | null }
  })
  const { pid } = child
  if (pid === undefined) throw new Error(`${name} did not start`)
  return {
    pid,
    exited,
    running: () => alive,
    signal: (signalName) => {
      if (alive) child.kill(signalName)
    },
  }
}

/** Runs a program to its end; its standard output as text, and its exit code. */
export async function run(
  program: string,
  args: readonly string[],
  { dir, env }: Place,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = spawn(program, args, {
    cwd: dir,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code: code ?? -1, stdout, stderr }
}

export const ticklake = (args: readonly string[], place: Place) =>
  run(process.execPath, [BIN, ...args], place)
