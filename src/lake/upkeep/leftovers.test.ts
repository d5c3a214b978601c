import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { openSmallLake, tradeText, type SmallLake } from '../../../test/fixtures/small-lake.ts'
import { fault } from '../../../test/conformance/tape-world.ts'
import { Fault } from '../../flow/fault.ts'
import { duckdbRewriter } from './duckdb-rewriter.ts'
import { expireSnapshots } from './expire.ts'
import { removeLeftovers } from './leftovers.ts'
import { purge } from './purge.ts'
import type { Tended } from './tended.ts'

const NOON = Date.UTC(2026, 10, 20, 12)

async function landed(small: SmallLake, commits: number): Promise<void> {
  for (let i = 0; i < commits; i++) {
    await small.append(
      ['PURGEME', 'STAYS'].map((s) => tradeText({ s, t: NOON + i })),
      NOON,
    )
    await small.land()
  }
}

async function purgeSymbol(small: SmallLake, io: Tended): Promise<void> {
  const dir = join(small.dir, 'rewriting')
  const { table } = small.records
  await using rewriter = await duckdbRewriter({ table, dir, memoryMb: 256, threads: 1 })
  const workshop = { rewriter, dir, pathOf: (location: string) => location }
  const what = { kind: 'symbols', symbols: ['PURGEME'] } as const
  await purge(io, { workshop, what, signal: new AbortController().signal })
}

/** As a process that is killed when it removes for the `nth` time. */
function killedAt(io: Tended, nth: number): Tended {
  let removals = 0
  const remove: Tended['store']['remove'] = async (keys) => {
    removals += 1
    if (removals === nth) throw new Fault('unavailable', 'killed', { remedy: 'Run it again.' })
    await io.store.remove(keys)
  }
  return { ...io, store: { ...io.store, remove } }
}

const filesOf = async ({ dir }: SmallLake, end: string): Promise<readonly string[]> =>
  (await readdir(join(dir, 'lake'), { recursive: true }))
    .filter((name) => name.includes('/records/') && name.endsWith(end))
    .map((name) => join(dir, 'lake', name))

for (const nth of [1, 2, 3, 4])
  test(`a purge that is killed at its removal number ${nth} is ended by the next`, async () => {
    await using small = await openSmallLake()
    await landed(small, 3)
    const old = [...(await filesOf(small, '.parquet')), ...(await filesOf(small, '.avro'))]
    const killed = purgeSymbol(small, killedAt(small.records.lake.tended(), nth))
    await assert.rejects(killed, fault('unavailable', /killed/))
    await purgeSymbol(small, small.records.lake.tended())
    // Manifests too: their bounds name what was purged.
    assert.deepEqual(old.filter(existsSync), [])
    assert.equal((await filesOf(small, '.parquet')).length, 1)
    await landed(small, 1)
    assert.equal((await small.records.lake.snapshot()).files.length, 2)
  })

test('there is nothing left where nothing was killed, and what is live stays', async () => {
  await using small = await openSmallLake()
  await landed(small, 4)
  const io = small.records.lake.tended()
  await expireSnapshots(io, { keep: 2 })
  assert.equal(await removeLeftovers(io), 0)
  const { files } = await small.records.lake.snapshot()
  assert.ok(files.length === 4 && files.every(({ location }) => existsSync(location)))
})
