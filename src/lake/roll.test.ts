import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32 } from 'node:zlib'
import { steppedClock, until } from '../../test/fixtures/stepped-clock.ts'
import { runOf } from '../../test/fixtures/rows.ts'
import { systemClock } from '../flow/clock.ts'
import { isFault } from '../flow/fault.ts'
import { offset, partition, type Run } from '../market/records.ts'
import type { Rows } from '../market/tables.ts'
import type { Rolled } from './lake.ts'
import { createRoll } from './roll.ts'

const rows = (run: Run): Rows => ({ run, count: run.count, columns: [] })
const batch = (count: number, first: number, inPartition = 0): Rows =>
  rows(
    runOf(
      Array.from({ length: count }, (_, i) => `record ${first + i}`),
      first,
      inPartition,
    ),
  )
const hole = (first: number, next: number): Rows =>
  rows({ ...runOf([], first), next: offset(next) })

const LIMITS = { rowsMax: 1000, bytesMax: 1e9, ageMsMax: 1e9, clock: systemClock }

async function* each<A>(items: readonly A[]): AsyncGenerator<A> {
  yield* items
}
const rolled = (limits: Partial<typeof LIMITS>, batches: readonly Rows[]): Promise<Rolled[]> =>
  Array.fromAsync(createRoll({ ...LIMITS, ...limits })(each(batches)))

test('closes when it holds the rows', async () => {
  const rolls = await rolled({ rowsMax: 20 }, [batch(12, 0), batch(12, 12), batch(5, 24)])
  assert.deepEqual(
    rolls.map((roll) => roll.rows),
    [24, 5],
  )
})

test('closes when it holds the bytes', async () => {
  const rolls = await rolled({ bytesMax: 30 }, [batch(2, 0), batch(2, 2), batch(2, 4)])
  assert.deepEqual(
    rolls.map((roll) => roll.rows),
    [4, 2],
  )
})

test('a stretch tells where it began, where it ends and what its last record is', async () => {
  const [first, second] = await rolled({ rowsMax: 10 }, [
    batch(10, 5),
    batch(3, 15),
    batch(4, 100, 7),
  ])
  const last = { offset: offset(14), crc: crc32('record 14') }
  assert.deepEqual(first?.stretches.get(partition(0)), {
    first: offset(5),
    position: { next: offset(15), last },
  })
  assert.deepEqual([...(second?.stretches.keys() ?? [])], [0, 7])
  assert.equal(second?.stretches.get(partition(7))?.position.last?.crc, crc32('record 103'))
})

test('a run without records moves the position and keeps the last record', async () => {
  const [first, second] = await rolled({ rowsMax: 3 }, [batch(3, 0), hole(3, 9)])
  assert.equal(second?.rows, 0)
  assert.deepEqual(second?.batches, [])
  assert.deepEqual(second?.stretches.get(partition(0)), {
    first: offset(3),
    position: { next: offset(9), last: first?.stretches.get(partition(0))?.position.last },
  })
})

test('a batch that does not go on where the one before ended is a bug, also over two rolls', async () => {
  const isBug = (error: unknown) => isFault(error, 'bug')
  await assert.rejects(rolled({}, [batch(3, 0), batch(3, 4)]), isBug)
  await assert.rejects(rolled({ rowsMax: 1 }, [batch(3, 0), batch(3, 2)]), isBug)
})

test('what is held when the input fails is dropped', async () => {
  async function* failing() {
    yield batch(3, 0)
    throw new Error('the tape is gone')
  }
  const got: Rolled[] = []
  await assert.rejects(async () => {
    for await (const roll of createRoll(LIMITS)(failing())) got.push(roll)
  }, /the tape is gone/)
  assert.deepEqual(got, [])
})

test('closes by age while nothing more comes, and loses nothing that comes later', async () => {
  const clock = steppedClock()
  const { promise: later, resolve: send } = Promise.withResolvers<Rows>()
  async function* slow() {
    yield batch(2, 0)
    yield await later
  }
  const rolls = createRoll({ ...LIMITS, ageMsMax: 100, clock })(slow())[Symbol.asyncIterator]()
  const first = rolls.next()
  await until(() => clock.sleeping().length === 1)
  clock.advance(99)
  assert.equal(clock.sleeping().length, 1)
  clock.advance(1)
  assert.equal((await first).value?.rows, 2)
  const second = rolls.next()
  send(batch(3, 2))
  assert.equal((await second).value?.rows, 3)
  assert.equal((await rolls.next()).done, true)
})

test('a reader that leaves does not wait for the next record', async () => {
  async function* silentAfterOne() {
    yield batch(2, 0)
    await new Promise(() => undefined)
  }
  for await (const roll of createRoll({ ...LIMITS, ageMsMax: 1 })(silentAfterOne())) {
    assert.equal(roll.rows, 2)
    break
  }
})
