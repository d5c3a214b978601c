import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { openCli, type Cli, type Running } from '../e2e/cli.ts'

const ROOT = resolve(import.meta.dirname, '../..')
/** The tape is polled this often, ms. */
const POLL_MS = 100
/** What was sent can be queried by then, also on a busy machine, ms. */
const RECORDED_MS_MAX = 60_000

/** Real processes of the command line in one folder; disposing ends each by its pid. */
export type World = AsyncDisposable & {
  readonly cli: Cli
  /** `ticklake replay`: where it listens. */
  replay(args: readonly string[]): Promise<string>
  record(feed: string, symbols: readonly string[]): Promise<Running>
  land(): Promise<Running>
  /** On this port again, or on any. */
  serve(port?: number): Promise<Served>
  /** `ticklake up`, all parts. */
  up(args: readonly string[]): Promise<Served>
  /** The rows of a statement on the command line. */
  sql(statement: string): Promise<readonly Row[]>
  /** What the command line prints as JSON, a line a value. */
  lines<T>(...args: readonly string[]): Promise<readonly T[]>
  /** Waits until so many trades can be queried; throws when that takes longer than a minute. */
  recorded(trades: number): Promise<void>
  /** Writes a file of the folder; its path. */
  write(name: string, content: string): Promise<string>
}
export type Row = Readonly<Record<string, unknown>>
export type Served = { readonly url: string; readonly port: number; readonly running: Running }

/** The page as it is now, bundled: what the server gives. */
export function buildPage(): void {
  execFileSync(process.execPath, [join(ROOT, 'dashboard/build.ts')], { cwd: ROOT, stdio: 'pipe' })
}

export async function openWorld(settings: Readonly<Record<string, string>> = {}): Promise<World> {
  const cli = await openCli({ TICKLAKE_LAND_AGE: '1s', TICKLAKE_SOURCE: 'test', ...settings })
  const lines = async <T>(...args: readonly string[]): Promise<readonly T[]> => {
    const { code, out, err } = await cli.run(...args)
    if (code !== 0) throw new Error(`ticklake ${args.join(' ')} ended with ${code}: ${err}`)
    return out
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as T)
  }
  const sql = (statement: string) => lines<Row>('sql', statement, '--json')
  const served = async (running: Running, pattern: RegExp): Promise<Served> => {
    const url = (await running.seen(pattern))[1] ?? ''
    return { url, port: Number(new URL(url).port), running }
  }
  const begun = async (running: Running, pattern: RegExp): Promise<Running> => {
    await running.seen(pattern)
    return running
  }
  return {
    cli,
    sql,
    lines,
    replay: async (args) => {
      const running = cli.start(['replay', ...args, '--listen', '0'])
      return (await running.seen(/replaying url=(ws:\S+)/))[1] ?? ''
    },
    record: (feed, symbols) =>
      begun(cli.start(['record', ...symbols, '--feed', feed]), /info +recording/),
    land: () => begun(cli.start(['land']), /info +(landing|waiting for a tape)/),
    serve: (port = 0) =>
      served(cli.start(['serve', '--port', String(port)]), /serving url=(http:\S+)/),
    up: (args) => served(cli.start(['up', '--port', '0', ...args]), /ticklake is up: (http:\S+)/),
    recorded: async (trades) => {
      let n = 0
      for (const until = Date.now() + RECORDED_MS_MAX; Date.now() < until;) {
        const [row] = await sql('SELECT count(*) AS n FROM trades').catch(() => [])
        n = Number(row?.n ?? 0)
        if (n >= trades) return
        await new Promise((resolve) => setTimeout(resolve, POLL_MS))
      }
      throw new Error(`${n} of ${trades} trades could be queried after a minute`)
    },
    write: async (name, content) => {
      const path = join(cli.dir, name)
      await writeFile(path, content)
      return path
    },
    [Symbol.asyncDispose]: async () => cli[Symbol.asyncDispose](),
  }
}
