import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import { promisify } from 'node:util'
import type { Held, Located } from '../../duckdb/duckdb.ts'
import { systemClock } from '../../flow/clock.ts'
import { Fault, isFault, type FaultKind } from '../../flow/fault.ts'
import { seededRandom } from '../../flow/random.ts'
import type { Store } from '../../lake/store.ts'
import { emptyFileCache, openFileCache, type Fetching } from './file-cache.ts'

const NEVER = new AbortController().signal
const isFaulty = (kind: FaultKind, message: RegExp) => (error: unknown) => {
  assert.ok(isFault(error, kind), `${String(error)} is not ${kind}`)
  assert.match(error.message, message)
  return true
}

describe('the cache of a lake’s files', () => {
  let parent = ''
  let dir = ''
  const reads: string[] = []
  let away = false
  /** Objects of s3://lake/: the key tells the size, as in 300-a. */
  const store: Pick<Store, 'read' | 'keyOf'> = {
    keyOf: (location) => /^s3a?:\/\/lake\/(.*)$/.exec(location)?.[1] ?? null,
    read: async (key, range) => {
      reads.push(key)
      await new Promise((resolve) => setTimeout(resolve, 2))
      if (away) throw new Fault('unavailable', 'the store is away', { remedy: 'Wait.' })
      if (key.includes('gone')) throw new Fault('invalid', 'no such key', { remedy: 'None.' })
      const { first = 0, next = sizeOf(key) } = range ?? {}
      return Buffer.alloc(Math.min(next, sizeOf(key)) - first, key.at(-1))
    },
  }
  const sizeOf = (key: string) => Number(key.split('-')[0])
  const file = (key: string): Located => ({ location: `s3://lake/${key}`, sizeBytes: sizeOf(key) })
  const open = (bytesMax = 1000, progress?: (fetching: Fetching) => void) =>
    openFileCache({
      dir,
      store,
      bytesMax,
      clock: { ...systemClock, sleep: () => systemClock.sleep(1) },
      random: seededRandom(1),
      ...(progress && { progress }),
    })
  const copies = async () => (await readdir(join(dir, 'files'))).length
  const contentOf = async (held: Held, { location }: Located) =>
    (await readFile(held.pathOf(location))).toString('latin1')

  before(async () => {
    parent = await mkdtemp(join(tmpdir(), 'ticklake-cache-'))
  })
  beforeEach(() => {
    dir = join(parent, Math.random().toString(36).slice(2))
    reads.length = 0
    away = false
  })
  after(() => rm(parent, { recursive: true, force: true }))

  test('fetches a file once, whole, and gives it again', async () => {
    const cache = await open()
    const files = [file('10-a'), file('20-b')]
    for (let i = 0; i < 2; i++) {
      const held = await cache.hold(files, NEVER)
      for (const one of files)
        assert.equal(await contentOf(held, one), one.location.at(-1)?.repeat(one.sizeBytes))
      await held.release()
    }
    assert.deepEqual(reads.toSorted(), ['10-a', '20-b'])
    assert.deepEqual(await readdir(join(dir, 'held')), [])
  })

  test('of many who want a file at once, one fetches it', async () => {
    const cache = await open()
    const held = await Promise.all(
      Array.from({ length: 5 }, () => cache.hold([file('10-a'), file('20-b')], NEVER)),
    )
    assert.deepEqual(reads.toSorted(), ['10-a', '20-b'])
    for (const one of held) await one.release()
  })

  test('a file is fetched in pieces, and progress is told', async () => {
    const told: Fetching[] = []
    const clock = { ...systemClock, monotonic: () => performance.now() * 1000 }
    const large = file('20000001-x')
    const cache = await openFileCache({
      dir,
      store,
      bytesMax: 1e9,
      clock,
      random: seededRandom(1),
      progress: (fetching) => told.push(fetching),
    })
    const held = await cache.hold([large], NEVER)
    assert.equal((await stat(held.pathOf(large.location))).size, large.sizeBytes)
    assert.equal(reads.length, 3)
    assert.deepEqual(told.at(-1), { bytes: 20_000_001, bytesTotal: 20_000_001 })
    await held.release()
  })

  test('the least recently used goes first, what a query holds stays', async () => {
    const cache = await open(100)
    const held = await cache.hold([file('40-a')], NEVER)
    for (const key of ['30-b', '20-c', '30-b'])
      await (await cache.hold([file(key)], NEVER)).release()
    for (const name of await readdir(join(dir, 'files'))) {
      const used = new Date(Date.now() - (name.endsWith('-30.parquet') ? 120_000 : 60_000))
      await utimes(join(dir, 'files', name), used, used)
    }
    reads.length = 0
    await (await cache.hold([file('30-b')], NEVER)).release()
    await (await cache.hold([file('25-d')], NEVER)).release()
    await (await cache.hold([file('30-b'), file('25-d')], NEVER)).release()
    assert.deepEqual(reads, ['25-d'], 'c went, although a is older: a is held, b was used later')
    assert.equal(await contentOf(held, file('40-a')), 'a'.repeat(40))
    await assert.rejects(
      cache.hold([file('70-e')], NEVER),
      isFaulty('unavailable', /other queries hold too much/),
    )
    await held.release()
    await (await cache.hold([file('70-e')], NEVER)).release()
  })

  test('what a query wants is not removed to make room for the rest of it', async () => {
    const cache = await open(100)
    for (const key of ['50-a', '20-c']) await (await cache.hold([file(key)], NEVER)).release()
    const held = await cache.hold([file('50-a'), file('50-b')], NEVER)
    assert.deepEqual(reads, ['50-a', '20-c', '50-b'])
    await held.release()
  })

  test('more than fits is invalid, and says how much', async () => {
    const cache = await open(2_000_000)
    const files = [file('1500000-a'), file('1500000-b')]
    await assert.rejects(cache.hold(files, NEVER), (error) => {
      assert.ok(error instanceof Fault && error.kind === 'invalid')
      assert.match(error.message, /needs 3 MB of files, the cache holds at most 2 MB/)
      assert.match(error.remedy, /a day or a symbol.*query\.cache.*athena.*trino/)
      return true
    })
    assert.deepEqual(reads, [])
  })

  test('a store that is away is unavailable, and nothing half is left; then it goes on', async () => {
    const cache = await open()
    away = true
    await assert.rejects(
      cache.hold([file('10-a'), file('20-b')], NEVER),
      isFaulty('unavailable', /away/),
    )
    assert.equal(await copies(), 0)
    away = false
    await (await cache.hold([file('10-a'), file('20-b')], NEVER)).release()
    assert.equal(await copies(), 2)
  })

  test('of many fetches the one that failed tells why', async () => {
    const cache = await open()
    const files = ['10-a', '10-b', '10-gone', '10-c', '10-d', '10-e', '10-f'].map(file)
    await assert.rejects(cache.hold(files, NEVER), isFaulty('invalid', /no such key/))
  })

  test('a file that is not there, is short, or lies elsewhere is told as such', async () => {
    const cache = await open()
    await assert.rejects(cache.hold([file('10-gone')], NEVER), isFaulty('invalid', /no such key/))
    const longer = { ...file('10-a'), sizeBytes: 11 }
    await assert.rejects(
      cache.hold([longer], NEVER),
      isFaulty('corrupt', /shorter than the 11 bytes/),
    )
    const elsewhere = { location: 's3://other/10-a', sizeBytes: 10 }
    await assert.rejects(cache.hold([elsewhere], NEVER), isFaulty('invalid', /outside of the lake/))
    assert.equal(await copies(), 0)
  })

  test('an aborted signal ends the fetch of one query, not that of another', async () => {
    const cache = await open()
    const stop = new AbortController()
    const [first, second] = [
      cache.hold([file('10-a')], stop.signal),
      cache.hold([file('10-a')], NEVER),
    ]
    stop.abort()
    await assert.rejects(first, isFaulty('closed', /cancelled/))
    await (await second).release()
  })

  test('what a killed process left is swept, what a running one writes is not', async () => {
    await open()
    const { pid } = await promisify(execFile)(process.execPath, ['-p', 'process.pid']).then(
      ({ stdout }) => ({ pid: Number(stdout) }),
    )
    const host = (await import('node:os')).hostname().replaceAll(/[^A-Za-z0-9.]/g, '_')
    const uuid = '00000000-0000-4000-8000-000000000000'
    const part = (id: number) => join(dir, 'files', `x-10.parquet.${host}-${id}-${uuid}.part`)
    await writeFile(part(pid), 'half')
    await writeFile(part(process.pid), 'half')
    await writeFile(join(dir, 'held', `${host}-${pid}-${uuid}`), '')
    await open()
    assert.deepEqual(await readdir(join(dir, 'files')), [part(process.pid).split('/').at(-1)])
    assert.deepEqual(await readdir(join(dir, 'held')), [])
  })

  test('can be emptied, or removed, and filled again by who has it open', async () => {
    const cache = await open()
    const fill = async () => {
      await (await cache.hold([file('10-a')], NEVER)).release()
      assert.equal(await copies(), 1)
    }
    await fill()
    const held = await cache.hold([file('10-a')], NEVER)
    await emptyFileCache(dir)
    assert.deepEqual([await copies(), await readdir(join(dir, 'held'))], [0, []])
    await held.release()
    await fill()
    await rm(dir, { recursive: true })
    await fill()
    assert.deepEqual(reads, ['10-a', '10-a', '10-a'])
    await emptyFileCache(join(dir, 'never made'))
  })
})
