import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { openSmallLake, tradeText, type SmallLake } from '../../../test/fixtures/small-lake.ts'
import { Fault } from '../../flow/fault.ts'
import { duckdbRewriter } from './duckdb-rewriter.ts'
import { purge, type PurgeReport } from './purge.ts'
import type { Tended } from './tended.ts'

const NOON = Date.UTC(2026, 10, 20, 12)

/** A store that keeps one file: told so by a fault, or without a word. */
function keeping(tended: Tended, kept: string, says: 'refuses' | 'keeps silent'): Tended {
  const remove: Tended['store']['remove'] = async (keys) => {
    if (says === 'refuses' && keys.includes(kept))
      throw new Fault('invalid', `${kept}: EPERM`, { remedy: 'Give the right to it.' })
    await tended.store.remove(keys.filter((key) => key !== kept))
  }
  return { ...tended, store: { ...tended.store, remove } }
}

async function purged(small: SmallLake, io: Tended): Promise<PurgeReport> {
  const { table } = small.records
  const dir = join(small.dir, 'rewriting')
  await using rewriter = await duckdbRewriter({ table, dir, memoryMb: 256, threads: 1 })
  const workshop = { rewriter, dir: small.dir, pathOf: (location: string) => location }
  const what = { kind: 'symbols', symbols: ['GME'] } as const
  return await purge(io, { workshop, what, signal: new AbortController().signal })
}

for (const says of ['refuses', 'keeps silent'] as const)
  test(`files that the store ${says} to remove are named, and found by the next purge`, async () => {
    await using small = await openSmallLake()
    const trades = ['AAA', 'GME', 'ZZZ'].map((s, i) => tradeText({ s, t: NOON + i }))
    await small.append(trades, NOON)
    await small.land()
    const io = small.records.lake.tended()
    const [file] = (await small.records.lake.snapshot()).files
    assert.ok(file !== undefined)
    const key = io.store.keyOf(file.location) ?? ''
    const first = await purged(small, keeping(io, key, says))
    assert.equal(first.rows, 1)
    assert.deepEqual(first.filesLeft, [file.location])
    // The next one knows of it although no snapshot does.
    const again = await purged(small, keeping(io, key, says))
    assert.deepEqual([again.rows, again.filesLeft], [0, [file.location]])
    const { rows, filesLeft } = await purged(small, io)
    assert.deepEqual([rows, filesLeft], [0, []])
    await assert.rejects(io.store.read(key))
  })
