import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { decode, hex, rowsOf, writtenBatch } from '../../../test/fixtures/record-batches.ts'
import { CONTROL, TRANSACTIONAL } from './record-batch.ts'
import type { Aborted } from './transactions.ts'

const marker = (producerId: bigint, first: number, type: 'abort' | 'commit'): Buffer =>
  writtenBatch([{ key: Buffer.of(0, 0, 0, type === 'abort' ? 0 : 1), value: Buffer.alloc(6) }], {
    first,
    producerId,
    bits: CONTROL | TRANSACTIONAL,
  })
const within = (producerId: bigint, first: number, ...values: string[]): Buffer =>
  writtenBatch(
    values.map((value) => ({ value })),
    { first, producerId, bits: TRANSACTIONAL },
  )
const plainly = (producerId: bigint, first: number, ...values: string[]): Buffer =>
  writtenBatch(
    values.map((value) => ({ value })),
    { first, producerId },
  )
const valuesOf = (blob: Uint8Array, aborted: readonly Aborted[], from = 0) =>
  rowsOf(decode(blob, { from, aborted }).runs).map(({ value }) =>
    Buffer.from(value, 'hex').toString(),
  )

const LOG = Buffer.concat([
  within(1n, 0, 'a', 'b'), // 0, 1: taken back
  plainly(2n, 2, 'c'),
  within(3n, 3, 'd'), // 3: committed
  within(1n, 4, 'e'), // 4: taken back
  marker(3n, 5, 'commit'),
  marker(1n, 6, 'abort'),
  within(1n, 7, 'f'), // 7: committed
  marker(1n, 8, 'commit'),
  within(1n, 9, 'g'), // 9: taken back
  plainly(1n, 10, 'h'),
  marker(1n, 11, 'abort'),
])
const ABORTED = [
  { producerId: 1n, firstOffset: 9 },
  { producerId: 1n, firstOffset: 0 },
]

test('markers are no records, and nobody misses transactions that nothing took back', () => {
  assert.deepEqual(valuesOf(LOG, []), ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'])
})

test('a transaction is skipped from its first batch to its abort marker, others beside it are read', () => {
  assert.deepEqual(valuesOf(LOG, ABORTED), ['c', 'd', 'f', 'h'])
  const { runs, next } = decode(LOG, { aborted: ABORTED })
  assert.deepEqual([runs.length, runs[0]?.first, runs[0]?.next, next], [1, 0, 12, 12])
})

test('a reader that begins inside a transaction that was taken back skips the rest of it', () => {
  const rest = LOG.subarray(LOG.indexOf(within(1n, 4, 'e')))
  assert.deepEqual(valuesOf(rest, ABORTED, 4), ['f', 'h'])
})

test('what was skipped moves the next offset, and makes no run', () => {
  const blob = Buffer.concat([within(1n, 3, 'a'), marker(1n, 4, 'abort')])
  const reading = { from: 3, aborted: [{ producerId: 1n, firstOffset: 3 }] }
  assert.deepEqual(decode(blob, reading), { runs: [], next: 5 })
})

type Step = { readonly producer: number; readonly act: 'write' | 'alone' | 'abort' | 'commit' }
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    producer: fc.nat(2),
    act: fc.constantFrom('write', 'write', 'write', 'alone', 'abort', 'commit'),
  }),
  { maxLength: 40 },
)

test('of any interleaving, exactly what was committed or outside a transaction is read', () => {
  fc.assert(
    fc.property(steps, (steps) => {
      const blobs: Buffer[] = []
      const aborted: Aborted[] = []
      const open = new Map<number, number[]>()
      const kept: number[] = []
      steps.forEach(({ producer, act }, at) => {
        const id = BigInt(producer)
        const mine = open.get(producer) ?? []
        if (act === 'write') {
          blobs.push(within(id, at, `${at}`))
          open.set(producer, [...mine, at])
        } else if (act === 'alone') {
          blobs.push(plainly(9n, at, `${at}`))
          kept.push(at)
        } else {
          blobs.push(marker(id, at, act))
          open.delete(producer)
          if (act === 'commit') kept.push(...mine)
          else if (mine[0] !== undefined) aborted.push({ producerId: id, firstOffset: mine[0] })
        }
      })
      for (const mine of open.values()) kept.push(...mine) // the broker never gives these
      const read = rowsOf(decode(Buffer.concat(blobs), { aborted }).runs)
      assert.deepEqual(
        read.map(({ offset, value }) => [offset, value]),
        kept.toSorted((a, b) => a - b).map((at) => [at, hex(Buffer.from(`${at}`))]),
      )
    }),
    { numRuns: 300 },
  )
})
