import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../flow/clock.ts'
import { logId, offset, partition, type Partition, type Run } from '../market/records.ts'
import type { Log } from '../tape/tape.ts'
import { progressOf, tapeOnly } from './progress.ts'

const NOW = 1_000_000
const clock = { ...systemClock, now: () => NOW }
const { signal } = new AbortController()

/** A log of so many records in each partition; record i of partition p came at 1000 p + i, but for `holes`. */
function logOf(counts: readonly number[], holes: readonly number[] = []) {
  const reads: (readonly [Partition, number])[][] = []
  const run = (p: number, first: number): Run => ({
    log: logId('a'),
    partition: partition(p),
    first: offset(first),
    next: offset(first + 1),
    delta: new Uint32Array(1),
    count: 1,
    bytes: new Uint8Array(1),
    ends: Uint32Array.of(1),
    receivedMs: Float64Array.of(1_000 * p + first),
    redelivered: new Uint8Array(1),
  })
  const log: Pick<Log, 'bounds' | 'read'> = {
    bounds: async () =>
      new Map(
        counts.map((end, p) => [partition(p), { earliest: offset(0), end: offset(end) }] as const),
      ),
    async *read(from, until) {
      reads.push([...from])
      const ends = until === 'follow' ? from : until
      for (const [p, start] of from)
        for (let i = Number(start); i < (ends.get(p) ?? 0); i++)
          if (!holes.includes(i)) yield run(p, i)
    },
  }
  return { log, reads }
}

const landedAt =
  (...next: readonly number[]) =>
  async () =>
    new Map(next.map((at, p) => [partition(p), { next: offset(at), last: null }] as const))

test('each partition has its own lag, and all together the greatest', async () => {
  const { log } = logOf([10, 20, 5])
  const progress = await progressOf(log, landedAt(10, 15, 2), { clock, signal })
  assert.deepEqual([progress.records, progress.lagRecords], [35, 8])
  assert.deepEqual(
    progress.partitions.map(({ lagRecords, lagSeconds }) => [lagRecords, lagSeconds]),
    [
      [0, 0],
      [5, (NOW - 1_015) / 1_000],
      [3, (NOW - 2_002) / 1_000],
    ],
  )
  assert.equal(progress.lagSeconds, (NOW - 1_015) / 1_000)
})

test('the tape is read at once for all partitions, and again only for those that have moved on', async () => {
  const { log, reads } = logOf([10, 10, 10])
  await progressOf(log, landedAt(1, 2, 10), { clock, signal })
  await progressOf(log, landedAt(1, 2, 10), { clock, signal })
  const { lagSeconds } = await progressOf(log, landedAt(1, 5, 10), { clock, signal })
  assert.deepEqual(reads, [
    [
      [partition(0), 1],
      [partition(1), 2],
    ],
    [[partition(1), 5]],
  ])
  assert.equal(lagSeconds, (NOW - 1) / 1_000)
})

test('where an offset holds no record, the one behind it tells the age', async () => {
  const { log } = logOf([10], [4, 5])
  const { lagSeconds } = await progressOf(log, landedAt(4), { clock, signal })
  assert.equal(lagSeconds, (NOW - 6) / 1_000)
})

test('a partition of which nothing landed lags from its earliest record on', async () => {
  const { log } = logOf([3])
  const { lagRecords } = await progressOf(log, async () => new Map(), { clock, signal })
  assert.equal(lagRecords, 3)
})

test('where the lake cannot be asked no lag is told', async () => {
  const { log } = logOf([3, 4])
  const progress = await tapeOnly(log)
  assert.deepEqual(progress, { records: 7, lagRecords: null, lagSeconds: null, partitions: [] })
})
