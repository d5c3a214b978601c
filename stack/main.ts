import { setTimeout as delay } from 'node:timers/promises'
import { Fault, isFault } from '../src/flow/fault.ts'
import { prepare } from './prepare.ts'
import { runAws, runKafka, runMinio, type Running } from './running.ts'
import { tailOf } from './server.ts'
import { USAGE, parseWish, type Wish } from './wish.ts'

const LOOK_MS = 500

async function run(wish: Exclude<Wish, { readonly server: 'help' | 'prepare' }>): Promise<Running> {
  if (wish.server === 'kafka') return runKafka(wish.options)
  if (wish.server === 'minio') return runMinio()
  return runAws({ trino: wish.server === 'trino', minio: wish.minio })
}

/** Resolves on SIGINT, SIGTERM or SIGHUP. Faults: `unavailable` when a server ends by itself. */
async function untilStopped({ processes }: Running): Promise<void> {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(name, () => stop.abort(name))
  while (!stop.signal.aborted) {
    await delay(LOOK_MS, undefined, { signal: stop.signal }).catch(() => undefined)
    const dead = processes.find(({ pid }) => pid === null)
    if (dead !== undefined && !stop.signal.aborted)
      throw new Fault('unavailable', `${dead.name} ended\n${await tailOf(dead.log)}`, {
        remedy: 'Read what it printed, above.',
      })
  }
}

async function main(): Promise<void> {
  const wish = parseWish(process.argv.slice(2))
  if (wish.server === 'help') {
    process.stdout.write(USAGE)
    return
  }
  if (wish.server === 'prepare') return prepare()
  process.stderr.write(`Starting ${wish.server} …\n`)
  await using running = await run(wish)
  process.stdout.write(running.howTo)
  await untilStopped(running)
  process.stderr.write('\nStopping …\n')
}

try {
  await main()
} catch (error) {
  if (!isFault(error)) throw error
  process.stderr.write(`stack: ${error.message}\n  ${error.remedy}\n`)
  process.exitCode = error.kind === 'invalid' ? 2 : 1
}
