import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const BIN = fileURLToPath(new URL('../../bin/ticklake.js', import.meta.url))

export type Ended = {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: string
  readonly err: string
}

/** The command line as a process, in a folder of its own and without the surrounding settings but those given. */
export type Cli = AsyncDisposable & {
  readonly dir: string
  run(...args: readonly string[]): Promise<Ended>
  start(args: readonly string[], env?: Readonly<Record<string, string>>): Running
}
export type Running = {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** Resolves with the match when stdout and stderr together match; rejects when it ends before. */
  seen(pattern: RegExp): Promise<RegExpExecArray>
}

export async function openCli(settings: Readonly<Record<string, string>> = {}): Promise<Cli> {
  const dir = await mkdtemp(join(tmpdir(), 'ticklake-e2e-'))
  const running = new Set<Running>()
  const start = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Running => {
    const started = watch(
      spawn(process.execPath, [BIN, ...args], {
        cwd: dir,
        env: { PATH: process.env.PATH, HOME: dir, NO_COLOR: '1', ...settings, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    )
    running.add(started)
    void started.ended.then(() => running.delete(started))
    return started
  }
  return {
    dir,
    start,
    run: (...args) => start(args).ended,
    [Symbol.asyncDispose]: async () => {
      for (const { child, ended } of running) {
        child.kill('SIGKILL')
        await ended
      }
      // What a killed supervisor leaves drains by itself and may still write.
      await rm(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 })
    },
  }
}

function watch(child: ChildProcess): Running {
  let out = ''
  let err = ''
  let over = false
  const waiting = new Set<() => void>()
  const stir = () => waiting.forEach((look) => look())
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text
    stir()
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    err += text
    stir()
  })
  const ended = new Promise<Ended>((resolve) =>
    child.once('close', (code, signal) => {
      over = true
      stir()
      resolve({ code, signal, out, err })
    }),
  )
  const seen = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(out) ?? pattern.exec(err)
        if (match === null && !over) return
        waiting.delete(look)
        if (match !== null) resolve(match)
        else reject(new Error(`ended before ${pattern} was seen:\n${out}\n${err}`))
      }
      waiting.add(look)
      look()
    })
  return { child, ended, seen }
}
