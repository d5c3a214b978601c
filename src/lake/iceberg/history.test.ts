import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryLake } from '../../../test/simulation/memory-lake.ts'
import { LOG, roll } from '../../../test/simulation/rolls.ts'
import { expireSnapshots } from '../upkeep/expire.ts'
import { historyOf } from './history.ts'
import type { Metadata } from './metadata-document.ts'

/** A table whose snapshots follow each other, the oldest first, with these summaries. */
async function tableWith(summaries: readonly Readonly<Record<string, string>>[]) {
  const lake = await memoryLake().open()
  const { metadata } = await lake.tended().load()
  const snapshots = summaries.map((summary, i) => ({
    'snapshot-id': i + 1,
    ...(i > 0 && { 'parent-snapshot-id': i }),
    'timestamp-ms': 1000 * i,
    'manifest-list': 'none',
    summary,
  }))
  const document: Metadata = { ...metadata, snapshots, 'current-snapshot-id': summaries.length }
  return historyOf({ ...document, refs: {} }, 100)
}

test('where the snapshot before has expired, it is not known what landed', async () => {
  const lake = await memoryLake().open()
  for (let at = 0; at < 5; at++)
    await lake.commit(await lake.stage(roll([{ partition: 0, first: at, next: at + 1 }])))
  await expireSnapshots(lake.tended(), { keep: 2, graceMs: 0 })
  const [newest, oldest, ...more] = await lake.history(100)
  assert.deepEqual(more, [])
  assert.deepEqual(newest?.landed, [{ log: LOG, partition: 0, first: 4, next: 5 }])
  assert.deepEqual(oldest?.landed, [])
  assert.equal(oldest?.total.rows, 4)
})

test('engines are named as they name themselves, or by their marks', async () => {
  const made = await tableWith([
    { operation: 'append' },
    { operation: 'overwrite', trino_query_id: '20261120_1' },
    { operation: 'delete', 'engine-name': 'spark', 'engine-version': '3.5.6' },
    { operation: 'append', 'engine-name': 'flink' },
    { operation: 'append', [`ticklake.positions.${LOG}`]: '{"0":[5,4,1]}' },
  ])
  assert.deepEqual(
    made.map(({ by }) => by),
    ['ticklake', 'flink', 'spark 3.5.6', 'trino', null],
  )
})

test('what a summary does not say, or says wrong, is not known', async () => {
  const [made] = await tableWith([
    { 'added-records': 'many', 'total-records': '-1', [`ticklake.positions.${LOG}`]: '{"0":5}' },
  ])
  assert.equal(made?.operation, 'unknown')
  assert.deepEqual(made.added, { rows: null, files: null })
  assert.deepEqual(made.total, { rows: null, files: null })
  assert.deepEqual(made.landed, [])
})

test('rows that were struck out were removed, with those of the files that went', async () => {
  const [made] = await tableWith([
    { operation: 'delete', 'added-position-deletes': '3', 'deleted-records': '10' },
  ])
  assert.equal(made?.removed.rows, 13)
})
