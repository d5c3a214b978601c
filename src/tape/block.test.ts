import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { logId, partition, recordBytes, type Records } from '../market/records.ts'
import {
  BLOCK_BYTES_MAX,
  BLOCK_RECORDS_MAX,
  batches,
  blockCrc,
  RUN_BYTES_MAX,
  runOf,
  type Block,
} from './block.ts'

const place = { log: logId('log'), partition: partition(0) }

const recordsOf = (sizes: readonly number[], seed: number): Records => {
  let end = 0
  const ends = Uint32Array.from(sizes, (size) => (end += size))
  return {
    count: sizes.length,
    bytes: Uint8Array.from({ length: end }, (_, i) => i * 7 + seed),
    ends,
    receivedMs: Float64Array.from(sizes, (_, i) => seed + i / 3),
    redelivered: Uint8Array.from(sizes, (_, i) => (i + seed) % 2),
  }
}

const rows = (records: Records): readonly unknown[][] =>
  Array.from({ length: records.count }, (_, i) => [
    Buffer.from(recordBytes(records, i)).toString('base64'),
    records.receivedMs[i],
    records.redelivered[i],
  ])

const placed = (parts: readonly Records[]): Block[] => {
  let first = 0
  return parts.map((part) => {
    const block = { ...part, first, next: first + part.count }
    first = block.next
    return block
  })
}

const sizes = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.nat(200) },
    { weight: 2, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.nat(BLOCK_BYTES_MAX + 1000) },
  ),
  {
    maxLength: 12,
  },
)
const parts = fc
  .array(fc.tuple(sizes, fc.nat(50)), { maxLength: 8 })
  .map((all) => all.map(([size, seed]) => recordsOf(size, seed)))

test('batches keep every record in order and stay in their limits', () => {
  fc.assert(
    fc.property(parts, (given) => {
      const made = batches(given)
      assert.deepEqual(made.flatMap(rows), given.flatMap(rows))
      for (const { count, bytes, ends } of made) {
        assert.ok(count === 1 || bytes.length <= BLOCK_BYTES_MAX)
        assert.equal(ends.at(-1), bytes.length)
      }
    }),
    { numRuns: 20 },
  )
})

test('many tiny records are cut by their number', () => {
  const [first, second, ...more] = batches([
    recordsOf(
      Array.from({ length: BLOCK_RECORDS_MAX + 5 }, () => 0),
      1,
    ),
  ])
  assert.deepEqual([first?.count, second?.count, more.length], [BLOCK_RECORDS_MAX, 5, 0])
})

test('runs cut from blocks at any place give the same records, contiguous', () => {
  fc.assert(
    fc.property(parts, fc.nat(60), fc.nat(60), (given, a, b) => {
      const blocks = placed(batches(given))
      const whole = blocks.flatMap(rows)
      const range = { from: Math.min(a, whole.length), until: Math.min(b, whole.length) }
      const read: unknown[][] = []
      for (let from = range.from; from < range.until;) {
        const run = runOf(blocks, { from, until: range.until }, place)
        assert.ok(run !== null && run.first === from && run.next > from)
        assert.ok(run.count === 1 || run.bytes.length <= RUN_BYTES_MAX)
        read.push(...rows(run))
        from = run.next
      }
      assert.deepEqual(read, whole.slice(range.from, Math.max(range.from, range.until)))
    }),
    { numRuns: 20 },
  )
})

test('the checksum covers the place and every column', () => {
  const records = recordsOf([3, 0, 5], 1)
  const crc = blockCrc(10, records)
  assert.notEqual(blockCrc(11, records), crc)
  for (const column of ['bytes', 'ends', 'receivedMs', 'redelivered'] as const) {
    const changed = {
      ...records,
      [column]: records[column].map((value, i) => (i === 1 ? value + 1 : value)),
    }
    assert.notEqual(blockCrc(10, changed), crc, column)
  }
})
