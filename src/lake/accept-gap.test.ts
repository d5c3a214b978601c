import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryLake } from '../../test/simulation/memory-lake.ts'
import { LOG, roll, rowsOf } from '../../test/simulation/rolls.ts'
import { systemClock as clock } from '../flow/clock.ts'
import { offset, partition } from '../market/records.ts'
import { RECORDS } from '../market/tables.ts'
import type { Log } from '../tape/tape.ts'
import { findHoles, stepOver } from './accept-gap.ts'

const P0 = partition(0)
const P1 = partition(1)
const signal = new AbortController().signal
const T50 = 1_763_997_374_633

const trimmedTo = (earliest: number): Log => ({
  id: LOG,
  bounds: async () =>
    new Map([P0, P1].map((part) => [part, { earliest: offset(earliest), end: offset(100) }])),
  turns: () => assert.fail('not read'),
  read: async function* read(from) {
    const first = from.get(P0) ?? 0
    yield rowsOf({ partition: 0, first, next: first + 1, ms: T50 }).run
  },
  landed: () => assert.fail('not landed'),
  trim: () => assert.fail('not trimmed'),
})

async function landed() {
  const lake = await memoryLake().open()
  const spans = [
    { partition: 0, first: 0, next: 5 },
    { partition: 1, first: 0, next: 60 },
  ]
  await lake.commit(await lake.stage(roll(spans)))
  return lake
}

test('a hole is found and stepped over, and landing goes on behind it', async () => {
  const lake = await landed()
  const holes = await findHoles({ lake, log: trimmedTo(50), table: RECORDS, signal })
  assert.deepEqual(holes, [{ partition: P0, first: 5, next: 50, fromMs: null, toMs: T50 }])
  await stepOver(holes, { lake, clock })
  const positions = await lake.positions([P0, P1])
  assert.deepEqual(positions.get(P0), { next: 50, last: null })
  assert.equal(positions.get(P1)?.next, 60)
  await lake.commit(await lake.stage(roll([{ partition: 0, first: 50, next: 55 }])))
})

test('without a hole nothing is found, and nothing is committed', async () => {
  const lake = await landed()
  const { id } = await lake.snapshot()
  const holes = await findHoles({ lake, log: trimmedTo(3), table: RECORDS, signal })
  assert.deepEqual(holes, [])
  await stepOver(holes, { lake, clock })
  assert.equal((await lake.snapshot()).id, id)
})
