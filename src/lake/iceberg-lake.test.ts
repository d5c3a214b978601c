import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lakeSuite } from '../../test/conformance/lake.ts'
import { memoryLake } from '../../test/simulation/memory-lake.ts'
import { crcOf, DAY_MS, DAY_ZERO_MS, LOG, roll } from '../../test/simulation/rolls.ts'
import { systemClock, type Clock } from '../flow/clock.ts'
import { isFault, type FaultKind } from '../flow/fault.ts'
import { partition } from '../market/records.ts'
import type { Catalog } from './catalog.ts'
import { commit } from './iceberg/commit.ts'
import { positionsKey } from './iceberg/positions.ts'
import { readManifestList } from './iceberg/manifest-list.ts'
import { mainSnapshot, type Metadata } from './iceberg/metadata-document.ts'
import type { Lake } from './lake.ts'

const P0 = partition(0)
const fault = (kind: FaultKind) => (error: unknown) => isFault(error, kind)
const land = async (lake: Lake, first: number, next: number): Promise<void> =>
  lake.commit(await lake.stage(roll([{ partition: 0, first, next }])))

lakeSuite('Iceberg lake in memory', async () => {
  const { open } = memoryLake()
  return { open, [Symbol.asyncDispose]: async () => undefined }
})

/** `catalog` whose next swap is applied and then answered with `answer`. */
function answering(catalog: Catalog, answer: 'lost' | 'unknown', applied = true): Catalog {
  let armed = true
  return {
    ...catalog,
    swap: async (table, from, to) => {
      if (!armed || from === null) return catalog.swap(table, from, to)
      armed = false
      if (applied) await catalog.swap(table, from, to)
      return answer
    },
  }
}

test('a swap that was applied but told as lost, or not told, is found and not done again', async () => {
  for (const answer of ['lost', 'unknown'] as const) {
    const { open, catalog } = memoryLake()
    const lake = await open({ catalog: answering(catalog, answer) })
    await land(lake, 0, 5)
    assert.equal((await lake.snapshot()).files.length, 1)
    await land(lake, 5, 7)
    assert.equal((await lake.snapshot()).files.length, 2)
  }
})

test('an unknown outcome that is not found ends the turn and deletes nothing', async () => {
  const { open, catalog, store } = memoryLake()
  const lake = await open({ catalog: answering(catalog, 'unknown', false) })
  const staged = await lake.stage(roll([{ partition: 0, first: 0, next: 5 }]))
  const before = store.objects.size
  await assert.rejects(lake.commit(staged), fault('conflict'))
  assert.equal(store.objects.size, before + 3) // manifest, manifest list, document: the swap may still happen
  await land(lake, 0, 5)
})

test('a swap that surely lost is tried again with the same files, and leaves no document behind', async () => {
  const { open, catalog, store } = memoryLake()
  const lake = await open({ catalog: answering(catalog, 'lost', false) })
  await land(lake, 0, 5)
  const names = [...store.objects.keys()].map((key) => key.replace(/.*\/(?=[^/]+\/)/, ''))
  assert.equal(names.filter((name) => name.endsWith('.metadata.json')).length, 2)
  assert.equal(names.filter((name) => name.endsWith('-m0.avro')).length, 1)
  assert.equal(names.filter((name) => /snap-/.test(name)).length, 1)
})

test('a batch staged more than an hour ago is dropped', async () => {
  let nowMs = 0
  const clock: Clock = { ...systemClock, monotonic: () => nowMs }
  const lake = await memoryLake().open({ clock })
  const staged = await lake.stage(roll([{ partition: 0, first: 0, next: 5 }]))
  nowMs = 3_600_001
  await assert.rejects(lake.commit(staged), fault('conflict'))
})

test('after another engine took commits back, a turn that is under way ends and the next begins there', async () => {
  const { open, metadata, replace } = memoryLake()
  const lake = await open()
  const empty = metadata()
  await land(lake, 0, 5)
  const five = metadata()
  await land(lake, 5, 9)
  replace({ ...five, 'last-updated-ms': five['last-updated-ms'] + 9 })
  await assert.rejects(land(lake, 9, 12), fault('conflict'))
  assert.equal((await lake.positions([P0])).get(P0)?.next, 5)
  await land(lake, 5, 12)
  replace(empty)
  await assert.rejects(land(lake, 12, 15), fault('conflict'))
  assert.equal((await lake.positions([P0])).has(P0), false)
  await land(lake, 0, 15)
  assert.equal((await lake.snapshot()).files.length, 1)
})

test('a rolled back table stops the writer; with consent it lands again from there; readers see main', async () => {
  const { open, metadata, replace } = memoryLake()
  const lake = await open()
  await land(lake, 0, 5)
  const id = mainSnapshot(metadata())?.['snapshot-id'] ?? 0
  await land(lake, 5, 9)
  replace(rolledBack(metadata(), id))
  await assert.rejects((await open()).positions([P0]), fault('corrupt'))
  const read = await (await open({ mode: 'read' })).snapshot()
  assert.equal(read.positions.get(P0)?.next, 5)
  assert.equal(read.files.length, 1)
  const consenting = await open({ adoptRollback: true })
  await land(consenting, 5, 8)
  assert.equal((await (await open()).positions([P0])).get(P0)?.next, 8)
  replace(rolledBack(metadata(), id))
  await assert.rejects(consenting.positions([P0]), fault('corrupt')) // the consent was for the one before
})

test('a commit that moves no position does not hide a rollback', async () => {
  const { open, metadata, replace } = memoryLake()
  const lake = await open()
  await land(lake, 0, 3)
  const id = mainSnapshot(metadata())?.['snapshot-id'] ?? 0
  await land(lake, 3, 7)
  replace(rolledBack(metadata(), id))
  const io = lake.tended()
  const change = { operation: 'replace', added: [], properties: () => ({}) } as const
  await commit(io, await io.load(), change)
  await assert.rejects((await open()).positions([P0]), fault('corrupt'))
  const consenting = await open({ adoptRollback: true })
  assert.equal((await consenting.positions([P0])).get(P0)?.next, 3)
})

const rolledBack = (metadata: Metadata, id: number | bigint): Metadata => ({
  ...metadata,
  'current-snapshot-id': id,
  refs: { main: { 'snapshot-id': id, type: 'branch' } },
})

test('a table made anew while it is written stops the writer', async () => {
  const { open, metadata, replace } = memoryLake()
  const lake = await open()
  await land(lake, 0, 5)
  replace({ ...metadata(), 'table-uuid': 'another' })
  await assert.rejects(lake.positions([P0]), fault('corrupt'))
})

test('many commits keep the manifests few, grouped by day, and lose nothing', async () => {
  const { open, metadata, store } = memoryLake()
  const lake = await open()
  const commits = 200
  for (let i = 0; i < commits; i++) {
    const ms = DAY_ZERO_MS + (i % 5) * DAY_MS
    await lake.commit(await lake.stage(roll([{ partition: 0, first: i, next: i + 1, ms }])))
  }
  const { files } = await lake.snapshot()
  assert.equal(new Set(files.map(({ location }) => location)).size, commits)
  assert.equal(files.length, commits)
  const path = mainSnapshot(metadata())?.['manifest-list'] ?? ''
  const list = readManifestList(await store.read(store.keyOf(path) ?? ''), path)
  assert.ok(list.length <= 61, `${list.length} manifests`)
  const third = { fromMs: DAY_ZERO_MS + 2 * DAY_MS, toMs: DAY_ZERO_MS + 3 * DAY_MS }
  assert.equal((await lake.snapshot(third)).files.length, commits / 5)
})

test('merged files keep the sequence numbers that they were added under', async () => {
  const { open, metadata, store } = memoryLake()
  const lake = await open()
  for (let i = 0; i < 62; i++) await land(lake, i, i + 1)
  const path = mainSnapshot(metadata())?.['manifest-list'] ?? ''
  const list = readManifestList(await store.read(store.keyOf(path) ?? ''), path)
  const merged = list.find((one) => (one.existing_files_count ?? 0) > 0)
  assert.equal(merged?.existing_files_count, 61)
  assert.equal(merged?.min_sequence_number, 1)
  assert.equal(merged?.sequence_number, 62)
})

test('a lake that was moved says where it should be', async () => {
  const { open, catalog } = memoryLake()
  await open()
  catalog.pointers.set(
    'market.records',
    'memory://elsewhere/market/records/metadata/0.metadata.json',
  )
  await assert.rejects(
    (await open({ mode: 'read' })).snapshot(),
    (error) => isFault(error, 'invalid') && /elsewhere/.test(error.message),
  )
})

test('the summary of a snapshot adds up and repeats the positions', async () => {
  const { open, metadata } = memoryLake()
  const lake = await open()
  await land(lake, 0, 5)
  await land(lake, 5, 9)
  const summary = mainSnapshot(metadata())?.summary ?? {}
  assert.equal(summary['operation'], 'append')
  assert.equal(summary['added-records'], '4')
  assert.equal(summary['total-records'], '9')
  assert.equal(summary['total-data-files'], '2')
  const key = positionsKey(LOG)
  assert.equal(summary[key], `{"0":[9,8,${crcOf(0, 8)}]}`)
  assert.equal(metadata().properties[key], summary[key])
})

test('only the newest hundred documents stay', async () => {
  const { open, store } = memoryLake()
  const lake = await open()
  for (let i = 0; i < 110; i++) await land(lake, i, i + 1)
  const documents = [...store.objects.keys()].filter((key) => key.endsWith('.metadata.json'))
  assert.equal(documents.length, 101)
})
