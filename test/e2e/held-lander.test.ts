import assert from 'node:assert/strict'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Status } from '../../src/serve/contract/status.ts'
import { openCli, type Cli, type Running } from './cli.ts'

const POLL_MS = 200
// Long enough that a lander that ends and is started again would have been so several times.
const RESTARTS_MS = 4000

const settings = { TICKLAKE_LAND_AGE: '1s' }

async function until<T>(ask: () => Promise<T | null>): Promise<T> {
  for (;;) {
    const answer = await ask().catch(() => null)
    if (answer !== null) return answer
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

const pageOf = async (up: Running): Promise<string> =>
  (await up.seen(/http:\/\/127\.0\.0\.1:\d+\//))[0]
const ask = async (url: string): Promise<Status> =>
  (await (await fetch(new URL('/api/status', url))).json()) as Status

/** Runs `up` until something has landed; answers the data folder. */
async function landed(cli: Cli): Promise<string> {
  const up = cli.start(['up', '--port', '0'], settings)
  const page = await pageOf(up)
  await until(async () => (await ask(page)).lake.last_commit)
  up.child.kill('SIGINT')
  await up.ended
  return join(cli.dir, 'ticklake-data', 'simulator')
}

const heldAt = (url: string): Promise<Status> =>
  until(async () => {
    const summary = await ask(url)
    return summary.landing_stopped === null ? null : summary
  })

test('a lander that must not go on says why and waits, while recording goes on', async () => {
  await using cli = await openCli()
  const data = await landed(cli)
  await rm(join(data, 'tape'), { recursive: true }) // the lake holds a tape that is no more

  const up = cli.start(['up', '--port', '0'], settings)
  const url = await pageOf(up)
  const held = await heldAt(url)
  assert.match(held.state.sentence, /^Landing has stopped: .+\. .+/)
  const lander = held.parts.find(({ part }) => part === 'land')
  assert.ok(lander)
  await new Promise((resolve) => setTimeout(resolve, RESTARTS_MS))
  const later = await until(async () => {
    const summary = await ask(url)
    return summary.tape.records > held.tape.records ? summary : null
  })
  assert.equal(later.parts.find(({ part }) => part === 'land')?.pid, lander.pid)
  assert.equal((await fetch(new URL('/healthz', url))).status, 200)
  const ready = await fetch(new URL('/readyz', url))
  assert.deepEqual([ready.status, (await ready.text()).slice(0, 20)], [503, 'Landing has stopped:'])
  up.child.kill('SIGINT')
  const { code, err } = await up.ended
  assert.equal(code, 1, err)
  assert.doesNotMatch(err, /land ended/)
})

test('a lake that loses a file stops the landing, not the recording', async () => {
  await using cli = await openCli()
  const metadata = join(await landed(cli), 'lake', 'market', 'records', 'metadata')
  for (const name of await readdir(metadata))
    if (name.startsWith('snap-')) await rm(join(metadata, name))

  const up = cli.start(['up', '--port', '0'], settings)
  const url = await pageOf(up)
  const held = await heldAt(url)
  assert.match(held.state.sentence, /snap-/)
  await until(async () => ((await ask(url)).tape.records > held.tape.records ? true : null))
  up.child.kill('SIGINT')
  assert.notEqual((await up.ended).code, 0)
})
