import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryLake } from '../../../test/simulation/memory-lake.ts'
import { DAY_ZERO_MS, roll } from '../../../test/simulation/rolls.ts'
import { jsonRewriter } from '../../../test/simulation/json-rewriter.ts'
import { jsonFiles } from '../../../test/simulation/json-writer.ts'
import { systemClock } from '../../flow/clock.ts'
import { isFault } from '../../flow/fault.ts'
import { RECORDS } from '../../market/tables.ts'
import type { IcebergLake } from '../iceberg-lake.ts'
import { STATUS } from '../iceberg/manifest.ts'
import { mainSnapshot } from '../iceberg/metadata-document.ts'
import { compact, COMPACTION_LIMITS } from './compact.ts'
import { expireSnapshots } from './expire.ts'
import { removeOrphans } from './orphans.ts'

const clock = { ...systemClock, now: () => DAY_ZERO_MS }
const NEVER = new AbortController().signal

async function openWorld() {
  const memory = memoryLake()
  const lake = await memory.open({ clock })
  const files = jsonFiles()
  let next = 0
  return {
    ...memory,
    lake,
    land: async (times: number) => {
      for (let i = 0; i < times; i++, next++)
        await lake.commit(await lake.stage(roll([{ partition: 0, first: next, next: next + 1 }])))
    },
    /** Gathers the day's files; needs a memory store that takes what the rewriter wrote. */
    gather: async () => {
      const io = lake.tended()
      const rewriter = jsonRewriter(RECORDS, {
        files,
        read: (path) => io.store.read(io.store.keyOf(path) ?? ''),
      })
      const create: typeof io.files.write = async (name, body) =>
        io.files.write(
          name,
          body instanceof Uint8Array ? body : (files.waiting.get(body.path) ?? new Uint8Array()),
        )
      const workshop = { rewriter, dir: '/nowhere', pathOf: (path: string) => path }
      const limits = { ...COMPACTION_LIMITS, smallFilesMin: 2 }
      const tended = { ...io, files: { ...io.files, write: create } }
      return await Array.fromAsync(compact(tended, { workshop, limits, signal: NEVER }))
    },
    there: (part: string) =>
      [...memory.store.objects.keys()].filter((key) => key.includes(part)).length,
  }
}

const rowsIn = async (lake: IcebergLake): Promise<number> =>
  (await lake.snapshot()).files.reduce((sum, { rows }) => sum + rows, 0)

test('nothing that only appends ever loses a data file', async () => {
  const { lake, land, there } = await openWorld()
  await land(30)
  const gone = await expireSnapshots(lake.tended(), { keep: 3, graceMs: 0 })
  assert.equal(gone.snapshots, 27)
  assert.deepEqual(gone.dataFiles, [])
  assert.equal(there('/data/'), 30)
  assert.equal(there('/snap-'), 3)
  assert.equal(await rowsIn(lake), 30)
})

test('a second expiry finds nothing to do and swaps nothing', async () => {
  const { lake, land, text } = await openWorld()
  await land(5)
  await expireSnapshots(lake.tended(), { keep: 2, graceMs: 0 })
  const before = text()
  assert.equal((await expireSnapshots(lake.tended(), { keep: 2, graceMs: 0 })).snapshots, 0)
  assert.equal(text(), before)
})

test('files that a compaction replaced go with the last snapshot that had them', async () => {
  const { lake, land, gather, there } = await openWorld()
  await land(4)
  const [done] = await gather()
  assert.equal(done?.outcome, 'done')
  await land(1)
  assert.equal(there('/data/'), 6)
  assert.deepEqual((await expireSnapshots(lake.tended(), { keep: 3, graceMs: 0 })).dataFiles, [])
  const gone = await expireSnapshots(lake.tended(), { keep: 2, graceMs: 0 })
  assert.equal(gone.dataFiles.length, 4)
  assert.equal(there('/data/'), 2)
  assert.equal(await rowsIn(lake), 5)
})

test('what a tag keeps stays, whatever was replaced since', async () => {
  const { lake, land, gather, metadata, replace, there } = await openWorld()
  await land(4)
  const document = metadata()
  const id = mainSnapshot(document)?.['snapshot-id'] ?? 0
  replace({ ...document, refs: { ...document.refs, audit: { 'snapshot-id': id, type: 'tag' } } })
  await gather()
  await land(3)
  const gone = await expireSnapshots(lake.tended(), { keep: 1, graceMs: 0 })
  assert.deepEqual(gone.dataFiles, [])
  assert.equal(there('/data/'), 4 + 1 + 3)
  assert.ok(metadata().snapshots.some((one) => one['snapshot-id'] === id))
})

test('what was added before a rollback goes once its snapshots expire; what is live stays', async () => {
  const { open, lake, land, metadata, replace, there } = await openWorld()
  await land(3)
  const document = metadata()
  const id = mainSnapshot(document)?.['snapshot-id'] ?? 0
  await land(2)
  replace({
    ...metadata(),
    'current-snapshot-id': id,
    refs: { main: { 'snapshot-id': id, type: 'branch' } },
    properties: document.properties,
  })
  const again = await open({ clock })
  await again.commit(await again.stage(roll([{ partition: 0, first: 3, next: 9 }])))
  const gone = await expireSnapshots(again.tended(), { keep: 1, graceMs: 0 })
  assert.equal(gone.dataFiles.length, 2)
  assert.equal(there('/data/'), 4)
  assert.equal(await rowsIn(again), 9)
  await assert.rejects(
    lake.commit(await lake.stage(roll([{ partition: 0, first: 5, next: 6 }]))),
    (error) => isFault(error, 'conflict'),
  )
})

test('statistics of snapshots that are gone go too', async () => {
  const { lake, land, metadata, replace, store } = await openWorld()
  await land(3)
  const document = metadata()
  const [first, , last] = document.snapshots
  const path = (name: string) => store.location(`market/records/metadata/${name}.puffin`)
  for (const name of ['old', 'new'])
    await store.create(`market/records/metadata/${name}.puffin`, new Uint8Array(1))
  replace({
    ...document,
    statistics: [
      { 'snapshot-id': first?.['snapshot-id'] ?? 0, 'statistics-path': path('old') },
      { 'snapshot-id': last?.['snapshot-id'] ?? 0, 'statistics-path': path('new') },
    ],
  })
  await expireSnapshots(lake.tended(), { keep: 1, graceMs: 0 })
  assert.ok(!store.objects.has('market/records/metadata/old.puffin'))
  assert.ok(store.objects.has('market/records/metadata/new.puffin'))
})

test('merged manifests and a compaction between the snapshots that stay: each of them still reads', async () => {
  const { lake, land, gather, metadata, store, there } = await openWorld()
  const io = lake.tended()
  const keep = 100
  await land(200)
  await expireSnapshots(io, { keep, graceMs: 0 })
  await gather()
  for (let i = 0; i < 6; i++) {
    await land(30)
    await expireSnapshots(io, { keep, graceMs: 0 })
    for (const snapshot of metadata().snapshots)
      for (const manifest of await io.manifests.list(snapshot))
        for (const { status, data_file } of await io.manifests.entries(manifest))
          if (status !== STATUS.deleted)
            assert.ok(
              store.objects.has(store.keyOf(data_file.file_path) ?? ''),
              data_file.file_path,
            )
  }
  assert.equal(await rowsIn(lake), 380)
  assert.equal(there('/data/'), 181)
})

test('what was taken out of the table less than an hour ago stays for whoever reads it', async () => {
  const { lake, land, gather, there } = await openWorld()
  await land(4)
  await gather()
  await land(3)
  const gone = await expireSnapshots(lake.tended(), { keep: 1 })
  assert.equal(gone.snapshots, 7)
  assert.deepEqual(gone.dataFiles, [])
  assert.equal(there('/data/'), 8)
})

test('a table whose files are not its own alone loses none', async () => {
  const { lake, land, metadata, replace } = await openWorld()
  await land(5)
  const document = metadata()
  replace({ ...document, properties: { ...document.properties, 'gc.enabled': 'false' } })
  for (const job of [expireSnapshots, removeOrphans])
    await assert.rejects(job(lake.tended()), (error) => isFault(error, 'invalid'))
})
