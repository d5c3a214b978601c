import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Reader, readRecordsBatch } from '@platformatic/kafka'
import * as fc from 'fast-check'
import { codecs, hex, recordsOf, STAMP } from '../../../test/fixtures/record-batches.ts'
import { batchEncoder, loneBatchBytes } from './batch-encoder.ts'
import { COMPRESSIONS } from './compression.ts'
import { FIELD } from './record-batch.ts'

const BATCH_BYTES_MAX = 1024 * 1024
const NOW = Date.UTC(2026, 10, 20, 15)

const given = fc.array(
  fc.record({
    value: fc.oneof(
      { weight: 9, arbitrary: fc.uint8Array({ maxLength: 90 }) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 20_000, size: 'max' }) },
    ),
    ms: fc
      .oneof(fc.integer({ min: -1_000, max: 1_000_000 }), fc.constant(0.75))
      .map((d) => NOW + d),
    redelivered: fc.boolean(),
    key: fc.option(fc.uint8Array({ maxLength: 20 })),
  }),
  { minLength: 1, maxLength: 60 },
)

for (const compression of COMPRESSIONS) {
  test(`a batch packed by ${compression} reads in the library as it was given`, () => {
    const encoder = batchEncoder({ compression, bytesMax: BATCH_BYTES_MAX, codecs })
    fc.assert(
      fc.property(given, (rows) => {
        const records = recordsOf(rows)
        rows.forEach(({ key }, i) => assert.ok(encoder.add(records, i, key)))
        const { count, bytes } = encoder
        const batch = encoder.finish(STAMP)
        assert.equal(batch.length, batch.buffer.byteLength)
        assert.ok(batch.length <= bytes)
        const read = readRecordsBatch(Reader.from(Buffer.from(batch)))
        const times = rows.map(({ ms }) => BigInt(Math.floor(ms)))
        const { records: list, crc, attributes, length, ...head } = read
        assert.deepEqual(head, {
          firstOffset: 0n,
          partitionLeaderEpoch: -1,
          magic: 2,
          lastOffsetDelta: rows.length - 1,
          firstTimestamp: times[0],
          maxTimestamp: times.reduce((a, b) => (a > b ? a : b)),
          producerId: STAMP.producerId,
          producerEpoch: STAMP.producerEpoch,
          firstSequence: STAMP.baseSequence,
        })
        assert.equal(length, batch.length - 12)
        assert.equal(crc, codecs.crc32c(batch.subarray(FIELD.attributes)))
        assert.equal(attributes, batch.length < bytes ? COMPRESSIONS.indexOf(compression) : 0)
        assert.equal(count, rows.length)
        assert.deepEqual(
          list.map((record) => ({
            offset: record.offsetDelta,
            ms: head.firstTimestamp + record.timestampDelta,
            key: record.key === null ? null : hex(record.key),
            value: hex(record.value ?? Buffer.from('null')),
            headers: record.headers.map((pair) => pair.map(String)),
          })),
          rows.map(({ key, value, redelivered }, i) => ({
            offset: i,
            ms: times[i],
            key: key === null ? null : hex(key),
            value: hex(value),
            headers: redelivered ? [['redelivered', '1']] : [],
          })),
        )
        assert.deepEqual([encoder.count, encoder.bytes], [0, 61])
      }),
      { numRuns: 40 },
    )
  })
}

test('a batch never passes its limit, unless it is one record, and nothing is taken of what is refused', () => {
  fc.assert(
    fc.property(given, fc.integer({ min: 61, max: 2_000 }), (rows, bytesMax) => {
      const records = recordsOf(rows)
      const encoder = batchEncoder({ compression: 'none', bytesMax, codecs })
      const finished: number[] = []
      rows.forEach(({ key, value, redelivered }, i) => {
        const before = encoder.bytes
        if (encoder.add(records, i, key)) return
        assert.equal(encoder.bytes, before)
        const lone = loneBatchBytes(value.length, key?.length ?? 0, redelivered)
        assert.ok(before + lone - 61 + 9 > bytesMax, 'it would have fitted') // 9: two longer deltas
        finished.push(encoder.count)
        assert.equal(encoder.finish(STAMP).length, before)
        assert.ok(before <= bytesMax || finished.at(-1) === 1)
        assert.ok(encoder.add(records, i, key))
      })
      assert.equal(
        finished.reduce((sum, count) => sum + count, encoder.count),
        rows.length,
      )
    }),
    { numRuns: 200 },
  )
})

test('a batch is filled to its very last byte', () => {
  const rows = ['one', 'two'].map((text) => ({
    value: Buffer.from(text),
    ms: NOW,
    redelivered: false,
  }))
  const records = recordsOf(rows)
  const size = loneBatchBytes(3, 0, false) + loneBatchBytes(3, 0, false) - 61
  for (const bytesMax of [size, size - 1]) {
    const encoder = batchEncoder({ compression: 'none', bytesMax, codecs })
    assert.ok(encoder.add(records, 0, null))
    assert.equal(encoder.add(records, 1, null), bytesMax === size)
  }
})

test('the size of a lone record’s batch is what the batch will have', () => {
  fc.assert(
    fc.property(given, (rows) => {
      const records = recordsOf(rows)
      const encoder = batchEncoder({ compression: 'none', bytesMax: 0, codecs })
      rows.forEach(({ key, value, redelivered }, i) => {
        encoder.add(records, i, key)
        const size = encoder.finish(STAMP).length
        assert.equal(loneBatchBytes(value.length, key?.length ?? 0, redelivered), size)
      })
    }),
  )
})

test('bytes that do not shrink go uncompressed, and the batch says so', () => {
  const noise = Uint8Array.from({ length: 200 }, (_, i) => (i * i * 31 + (i >> 3) * 97) & 255)
  const records = recordsOf([{ value: noise, ms: NOW, redelivered: false }])
  for (const compression of COMPRESSIONS) {
    const encoder = batchEncoder({ compression, bytesMax: BATCH_BYTES_MAX, codecs })
    encoder.add(records, 0, null)
    const batch = encoder.finish(STAMP)
    assert.equal(batch.length, loneBatchBytes(200, 0, false))
    assert.equal(batch[FIELD.attributes + 1], 0)
  }
})

test('a time that is none, and a batch of nothing, are bugs', () => {
  const encoder = batchEncoder({ compression: 'none', bytesMax: BATCH_BYTES_MAX, codecs })
  assert.throws(() => encoder.finish(STAMP), { kind: 'bug' })
  const records = recordsOf([{ value: Buffer.from('x'), ms: Number.NaN, redelivered: false }])
  assert.throws(() => encoder.add(records, 0, null), { kind: 'bug' })
  assert.equal(encoder.count, 0)
})
