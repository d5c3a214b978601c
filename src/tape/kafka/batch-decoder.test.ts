import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRecordsBatch } from '@platformatic/kafka'
import * as fc from 'fast-check'
import {
  checkRuns,
  codecs,
  decode,
  hex,
  recordsOf,
  rowsOf,
  sealed,
  STAMP,
  writtenBatch,
  type Given,
  type Row,
} from '../../../test/fixtures/record-batches.ts'
import { nextAfter } from './batch-decoder.ts'
import { batchEncoder } from './batch-encoder.ts'
import { COMPRESSIONS } from './compression.ts'
import { APPEND_TIME, FIELD } from './record-batch.ts'

const NOW = Date.UTC(2026, 10, 20, 15)
const compressions = fc.constantFrom(...COMPRESSIONS)
const firsts = fc.oneof(fc.nat(1_000), fc.constant(2 ** 31 - 2), fc.constant(2 ** 45))
const values = fc.oneof(
  { weight: 9, arbitrary: fc.uint8Array({ maxLength: 90 }) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 3_000, size: 'max' }) },
)
const given: fc.Arbitrary<readonly Given[]> = fc.array(
  fc.record({
    value: values,
    ms: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }).map((delta) => NOW + delta),
    redelivered: fc.boolean(),
  }),
  { minLength: 1, maxLength: 30 },
)

test('records come out as they were encoded, whatever the compression and the offset', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(given, compressions), { maxLength: 5 }),
      firsts,
      (batches, first) => {
        const expected: Row[] = []
        const blob = Buffer.concat(
          batches.map(([rows, compression]) => {
            const encoder = batchEncoder({ compression, bytesMax: 1 << 20, codecs })
            const records = recordsOf(rows)
            const base = first + expected.length
            rows.forEach(({ value, ms, redelivered }, i) => {
              encoder.add(records, i, i % 2 === 0 ? value.subarray(0, 9) : null)
              expected.push({ offset: base + i, value: hex(value), ms, redelivered })
            })
            return sealed(encoder.finish(STAMP), base)
          }),
        )
        const { runs, next } = decode(blob, { from: first })
        assert.deepEqual(rowsOf(runs), expected)
        assert.equal(next, first + expected.length)
        assert.equal(nextAfter(blob), expected.length === 0 ? null : next)
        checkRuns(runs, first, next)
      },
    ),
    { numRuns: 100 },
  )
})

const messages = fc.array(
  fc.record({
    key: fc.option(fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes))),
    value: fc.option(values.map((bytes) => Buffer.from(bytes))),
    headers: fc.array(
      fc.tuple(
        fc.constantFrom('redelivered', 'redelivere', 'Redelivered', 'trace', ''),
        fc.constantFrom('1', '', 'x'.repeat(300)),
      ),
      { maxLength: 3 },
    ),
    ms: fc.integer({ min: -(2 ** 30), max: 2 ** 30 }).map((delta) => NOW + delta),
  }),
  { minLength: 1, maxLength: 20 },
)

test('what the library’s producer writes is read: null keys and values, headers, every compression', () => {
  fc.assert(
    fc.property(messages, compressions, (list, compression) => {
      const made = createRecordsBatch(
        list.map(({ key, value, headers, ms }) => ({
          topic: 't',
          ...(key === null ? {} : { key }),
          // The library's own types know no null value; its writer does.
          value: value as Buffer,
          headers: new Map(headers.map(([name, text]) => [Buffer.from(name), Buffer.from(text)])),
          timestamp: BigInt(ms),
        })),
        { compression },
      )
      const { runs, next } = decode(made.buffer)
      assert.deepEqual(
        rowsOf(runs),
        list.map(({ value, ms, headers }, offset) => ({
          offset,
          value: hex(value ?? Buffer.alloc(0)),
          ms,
          redelivered: headers.some(([name]) => name === 'redelivered'),
        })),
      )
      assert.equal(next, list.length)
    }),
    { numRuns: 200 },
  )
})

/** Offsets 10-12, 15 and 18 of [10, 20), a batch that lost its records, 26 and 27, then nothing up to 30. */
const HOLED = Buffer.concat([
  writtenBatch([{ value: 'a' }, { value: 'b' }, { value: 'c' }], { first: 10 }),
  writtenBatch(
    [
      { offset: 15, value: 'd' },
      { offset: 18, value: 'e' },
    ],
    { first: 13, next: 20, compression: 'lz4' },
  ),
  writtenBatch([], { first: 20, next: 26 }),
  writtenBatch([{ value: 'f' }, { value: 'g' }], { first: 26, next: 30, compression: 'zstd' }),
])
const HELD = [10, 11, 12, 15, 18, 26, 27]

test('any range of offsets is cut out, holes and compacted batches or not', () => {
  for (let from = 5; from <= 31; from++)
    for (let until = from; until <= 32; until++)
      for (const first of [from, Math.max(0, from - 7)]) {
        const { runs, next } = decode(HOLED, { first, from, until })
        const wanted = HELD.filter((offset) => offset >= from && offset < until)
        assert.deepEqual(
          rowsOf(runs).map(({ offset }) => offset),
          wanted,
        )
        assert.equal(next, Math.max(from, Math.min(until, 30)))
        assert.equal(runs.length, wanted.length === 0 ? 0 : 1)
        checkRuns(runs, first, next)
      }
})

test('a blob cut at any byte gives the records of its whole batches, and where to go on', () => {
  const ends = [13, 20, 26, 30]
  const bounds: number[] = []
  for (let at = 0; at < HOLED.length; at += 12 + HOLED.readInt32BE(at + FIELD.length))
    bounds.push(at + 12 + HOLED.readInt32BE(at + FIELD.length))
  for (let length = 0; length <= HOLED.length; length++) {
    const whole = bounds.filter((end) => end <= length).length
    const next = ends[whole - 1] ?? null
    // In a buffer of its own, so that nothing behind the cut can be read.
    const blob = new Uint8Array(HOLED.subarray(0, length))
    assert.equal(nextAfter(blob), next)
    const decoded = decode(blob, { from: 10 })
    assert.equal(decoded.next, next ?? 10)
    const held = HELD.filter((offset) => offset < (next ?? 10))
    assert.deepEqual(
      rowsOf(decoded.runs).map(({ offset }) => offset),
      held,
    )
  }
})

test('a blob may lie anywhere in a larger buffer', () => {
  const larger = Buffer.concat([Buffer.alloc(13, 0xff), HOLED, Buffer.alloc(64, 0xff)])
  const blob = larger.subarray(13, 13 + HOLED.length)
  assert.deepEqual(decode(blob, { from: 10 }), decode(HOLED, { from: 10 }))
})

test('where the broker stamps the time of append, every record has it', () => {
  const records = [
    { value: 'a', ms: 5 },
    { value: 'b', ms: 9 },
  ]
  const batch = writtenBatch(records, { ms: 5, maxMs: NOW, bits: APPEND_TIME })
  assert.deepEqual(
    rowsOf(decode(batch).runs).map(({ ms }) => ms),
    [NOW, NOW],
  )
})

test('times far before and behind the first one, and of none, are kept', () => {
  const times = [NOW, -1, 0, 2 ** 51, -(2 ** 51), NOW + 1]
  const batch = writtenBatch(
    times.map((ms) => ({ value: 'x', ms })),
    { ms: NOW },
  )
  assert.deepEqual(
    rowsOf(decode(batch).runs).map(({ ms }) => ms),
    times,
  )
})
