import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  checkRuns,
  codecs,
  decode,
  hex,
  place,
  rowsOf,
  wanted,
  writtenBatch,
} from '../../../test/fixtures/record-batches.ts'
import { RUN_BYTES_MAX } from '../block.ts'
import { decodeBlob } from './batch-decoder.ts'
import { RUN_RECORDS_MAX } from './gathered.ts'

test('runs are cut by their bytes, records of a megabyte and more stand alone', () => {
  const sizes = [
    300_000,
    800_000,
    RUN_BYTES_MAX,
    1,
    RUN_BYTES_MAX + 1,
    2_500_000,
    0,
    7,
    1_048_569,
    1,
  ]
  const list = sizes.map((size, i) => ({ value: Buffer.alloc(size, i + 1) }))
  for (const compression of ['none', 'zstd'] as const) {
    const { runs, next } = decode(writtenBatch(list, { first: 4, compression }), { from: 4 })
    assert.deepEqual(
      runs.map(({ count, bytes }) => [count, bytes.length]),
      [
        [1, 300_000],
        [1, 800_000],
        [1, RUN_BYTES_MAX],
        [1, 1],
        [1, RUN_BYTES_MAX + 1],
        [1, 2_500_000],
        [3, RUN_BYTES_MAX],
        [1, 1],
      ],
    )
    assert.deepEqual(
      rowsOf(runs).map(({ value }) => value),
      list.map(({ value }) => hex(value)),
    )
    checkRuns(runs, 4, next)
  }
})

test('runs are cut by their number of records', () => {
  const list = Array.from({ length: RUN_RECORDS_MAX + 3 }, () => ({ value: null }))
  const { runs, next } = decode(writtenBatch(list))
  assert.deepEqual(
    runs.map(({ count }) => count),
    [RUN_RECORDS_MAX, 3],
  )
  checkRuns(runs, 0, next)
})

test('a hole that a run cannot span ends the run before it; before the first record it is told', () => {
  const far = 2 ** 33
  const blob = Buffer.concat([
    writtenBatch([{ value: 'a' }], { first: 7 }),
    writtenBatch([{ value: 'b' }], { first: far }),
  ])
  const { runs, next } = decode(blob, { from: 7 })
  assert.deepEqual(
    rowsOf(runs).map(({ offset }) => offset),
    [7, far],
  )
  checkRuns(runs, 7, next)
  assert.throws(() => decode(blob, { first: 0, from: far }), {
    kind: 'corrupt',
    message: /partition 3: .* offset 8589934592 .*: no record for more than 4294967295 offsets/,
  })
})

test('a decoded run keeps its bytes when the blob is written over and the next one decoded', () => {
  const blob = writtenBatch([{ value: 'kept' }])
  const { runs } = decode(blob)
  blob.fill(0)
  decode(writtenBatch([{ value: 'other' }]))
  assert.deepEqual(
    rowsOf(runs).map(({ value }) => value),
    [hex(Buffer.from('kept'))],
  )
})

test('a decoding that was broken off leaves nothing in the next one', () => {
  const blob = Buffer.concat([
    writtenBatch([{ value: 'left' }]),
    writtenBatch([{ value: 'x' }], { first: 1 }),
  ])
  let calls = 0
  const crc32c = (bytes: Uint8Array) => {
    if (calls++ === 1) throw new Error('out of memory')
    return codecs.crc32c(bytes)
  }
  const means = { aborted: [], codecs: { ...codecs, crc32c } }
  assert.throws(() => decodeBlob(blob, place, { ...wanted({}), ...means }), /out of memory/)
  const { runs } = decode(writtenBatch([{ value: 'next' }]))
  assert.deepEqual(
    rowsOf(runs).map(({ value }) => value),
    [hex(Buffer.from('next'))],
  )
})
