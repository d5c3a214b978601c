import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const BIN = fileURLToPath(new URL('../../bin/ticklake.js', import.meta.url))

export type Ended = { readonly code: number | null; readonly out: string; readonly err: string }

export type Told = {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborted: the program is told to end, as by Ctrl-C. */
  readonly signal: AbortSignal
}

export type Run = {
  /** When its words match, or after so long, it is told to end, as by Ctrl-C. */
  readonly until?: { readonly seen: RegExp; readonly thenMs: number }
}

/** Runs the real program and resolves when it has ended, however. */
export async function ticklake(
  args: readonly string[],
  { cwd, env, signal }: Told,
  { until }: Run = {},
): Promise<Ended> {
  signal.throwIfAborted()
  // A group of its own: Ctrl-C at the terminal reaches this process alone, which passes it on.
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const interrupt = () => void child.kill('SIGINT')
  signal.addEventListener('abort', interrupt)
  let out = ''
  let err = ''
  let stopping = false
  const look = () => {
    if (stopping || until === undefined || !until.seen.test(out + err)) return
    stopping = true
    setTimeout(interrupt, until.thenMs)
  }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
    look()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
    look()
  })
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  signal.removeEventListener('abort', interrupt)
  signal.throwIfAborted()
  return { code, out, err }
}
