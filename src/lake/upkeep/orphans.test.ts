import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryLake } from '../../../test/simulation/memory-lake.ts'
import { roll } from '../../../test/simulation/rolls.ts'
import { agedStore } from '../../../test/fixtures/aged-store.ts'
import { systemClock } from '../../flow/clock.ts'
import { readManifestList } from '../iceberg/manifest-list.ts'
import type { Lake } from '../lake.ts'
import type { Store } from '../store.ts'
import { removeOrphans } from './orphans.ts'

const DAY_MS = 86_400_000
const commits = async (lake: Lake, first: number, next: number) => {
  for (let i = first; i < next; i++)
    await lake.commit(await lake.stage(roll([{ partition: 0, first: i, next: i + 1 }])))
}

test('what no snapshot reaches any more is removed once it is old, and every snapshot still reads', async () => {
  const { open, store, metadata } = memoryLake()
  await commits(await open(), 0, 800)
  const count = () => [...store.objects.keys()].filter((key) => key.includes('/metadata/')).length
  const before = count()
  const lake = await open({ store: agedStore(store, 4 * DAY_MS) })
  const removed = (await removeOrphans(lake.tended())).files.length
  assert.ok(removed > 70, `only ${removed} files were removed`)
  assert.equal(count(), before - removed)
  for (const snapshot of metadata().snapshots) {
    const path = snapshot['manifest-list']
    const bytes = await store.read(store.keyOf(path) ?? '')
    for (const { manifest_path } of readManifestList(bytes, path))
      assert.ok(store.objects.has(store.keyOf(manifest_path) ?? ''), manifest_path)
  }
  assert.equal((await lake.snapshot()).files.length, 800)
  await commits(lake, 800, 860)
  assert.equal((await (await open({ mode: 'read' })).snapshot()).files.length, 860)
})

test('what is younger than three days stays: somebody may be reading or about to commit it', async () => {
  const { open, store } = memoryLake()
  const created = { ...store, list: youngList(store, 2 * DAY_MS) }
  const lake = await open({ store: created })
  await store.create('market/records/metadata/left-over.avro', new Uint8Array(1))
  assert.deepEqual((await removeOrphans(lake.tended())).files, [])
})

test('a clock that is ahead makes nothing older: the store says how old its files are', async () => {
  const { open, store } = memoryLake()
  const ahead = { ...systemClock, now: () => Date.now() + 10 * DAY_MS }
  const lake = await open({ clock: ahead, store: { ...store, list: youngList(store, DAY_MS) } })
  await store.create('market/records/data/staged.parquet', new Uint8Array(1))
  assert.deepEqual((await removeOrphans(lake.tended())).files, [])
})

/** All files are so old, and one is of now. */
const youngList = (store: Store, ageMs: number): Store['list'] =>
  async function* list(prefix) {
    const modifiedMs = Date.now() - ageMs
    for await (const entry of store.list(prefix)) yield { ...entry, modifiedMs }
    yield { key: `${prefix}just-now.txt`, size: 1, modifiedMs: Date.now() }
  }

test('what another program keeps beside the metadata stays', async () => {
  const { open, store } = memoryLake()
  const lake = await open({ store: agedStore(store, 4 * DAY_MS) })
  await commits(lake, 0, 1)
  await store.create('market/records/metadata/stats.puffin', new Uint8Array(1))
  await store.create('market/records/metadata/left-over.avro', new Uint8Array(1))
  assert.equal((await removeOrphans(lake.tended())).files.length, 1)
  assert.ok(store.objects.has('market/records/metadata/stats.puffin'))
})
