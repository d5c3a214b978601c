import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  codecs,
  decode,
  hex,
  place,
  rowsOf,
  sealed,
  wanted,
  writtenBatch,
  zigzag,
} from '../../../test/fixtures/record-batches.ts'
import { Fault, isFault } from '../../flow/fault.ts'
import { decodeBlob, nextAfter } from './batch-decoder.ts'
import { COMPRESSIONS } from './compression.ts'
import { FIELD, HEAD_BYTES } from './record-batch.ts'

const TRADE = '{"c":["1","8"],"p":415.89,"s":"TSLA","t":1763997374633,"v":40}'
const batchOf = (first: number, compression: (typeof COMPRESSIONS)[number] = 'none') =>
  writtenBatch(
    [
      { value: TRADE, key: 'TSLA' },
      { value: 'x', headers: [['redelivered', '1']] },
      { value: TRADE.repeat(3), ms: 3 },
    ],
    { first, compression },
  )
const isCorrupt = (said: RegExp) => (error: unknown) => {
  assert.ok(error instanceof Fault && error.kind === 'corrupt', String(error))
  assert.match(error.message, said)
  assert.match(error.message, /log a-topic, partition 3: the batch at offset -?\d+ /)
  assert.ok(error.remedy.length > 20)
  return true
}

test('no flipped bit makes a wrong record', () => {
  const batches = COMPRESSIONS.map((compression, i) => batchOf(100 + 3 * i, compression))
  const blob = Buffer.concat(batches)
  const sound = rowsOf(decode(blob, { from: 100 }).runs)
  const starts = batches.map((_, i) => Buffer.concat(batches.slice(0, i)).length)
  for (let bit = 0; bit < blob.length * 8; bit++) {
    const bad = Buffer.from(blob)
    const at = bit >> 3
    bad[at] = (bad[at] ?? 0) ^ (1 << (bit & 7))
    assert.doesNotThrow(() => nextAfter(bad))
    const batch = starts.findLastIndex((start) => start <= at)
    const inBatch = at - (starts[batch] ?? 0)
    const { runs, damage } = decodeBlob(bad, place, {
      ...wanted({ from: 100 }),
      aborted: [],
      codecs,
    })
    const rows = rowsOf(runs)
    if (inBatch >= FIELD.first && inBatch < FIELD.length) {
      // No checksum covers the offset: the records are the same ones, elsewhere or not wanted.
      const known = new Set(sound.map(({ value }) => value))
      assert.ok(rows.every(({ value }) => known.has(value)))
    } else if (inBatch >= FIELD.leaderEpoch && inBatch < FIELD.magic) {
      assert.deepEqual([rows, damage], [sound, null])
    } else {
      assert.deepEqual(rows, sound.slice(0, 3 * batch), `bit ${bit}`)
      const isLength = inBatch >= FIELD.length && inBatch < FIELD.leaderEpoch
      assert.ok(damage !== null || isLength, `bit ${bit}`) // longer than what is there: cut
    }
  }
})

test('records before the damage are given, with where it begins', () => {
  const flawed = sealed(batchOf(8))
  flawed[HEAD_BYTES + 20] = 0
  const blob = Buffer.concat([batchOf(5), flawed, batchOf(11)])
  const means = { aborted: [], codecs }
  const { runs, next, damage } = decodeBlob(blob, place, { ...wanted({ from: 6 }), ...means })
  assert.deepEqual(
    rowsOf(runs).map(({ offset }) => offset),
    [6, 7],
  )
  assert.deepEqual([next, runs[0]?.next], [8, 8])
  assert.throws(
    () => {
      throw damage
    },
    isCorrupt(/offset 8 .* checksum/),
  )
  assert.throws(() => decode(blob, { from: 6 }), isCorrupt(/offset 8 .* checksum/))
  assert.equal(decode(blob, { from: 6, until: 8 }).next, 8)
})

test('old message formats are named, with the producer to use', () => {
  for (const magic of [0, 1]) {
    const old = Buffer.alloc(40)
    old.writeBigInt64BE(12n)
    old.writeInt32BE(28, FIELD.length)
    old[FIELD.magic] = magic
    assert.equal(nextAfter(old), 12)
    assert.throws(
      () => decode(old, { from: 12 }),
      (error: unknown) => {
        isCorrupt(new RegExp(`offset 12 .* old message format ${magic}`))(error)
        assert.match((error as Fault).remedy, /Kafka 0\.11 or newer/)
        return true
      },
    )
  }
})

test('heads that make no sense are told', () => {
  const head = (change: (batch: Buffer) => void) => {
    const batch = batchOf(40)
    change(batch)
    return sealed(batch)
  }
  const cases: readonly (readonly [Buffer, RegExp])[] = [
    [head((b) => b.writeInt32BE(-1, FIELD.length)), /shorter than its head/],
    [head((b) => b.writeInt32BE(-(2 ** 31), FIELD.length)), /shorter than its head/],
    [head((b) => b.writeInt32BE(48, FIELD.length)), /shorter than its head/],
    [head((b) => b.writeInt8(3, FIELD.magic)), /unknown format 3/],
    [head((b) => b.writeInt32BE(-1, FIELD.count)), /holds -1 records/],
    [head((b) => b.writeInt32BE(4, FIELD.count)), /holds 4 records/],
    [head((b) => b.writeInt32BE(-5, FIELD.lastDelta)), /holds 3 records/],
    [head((b) => b.writeBigInt64BE(2n ** 60n, FIELD.first)), /is no offset/],
    [head((b) => b.writeBigInt64BE(-4n, FIELD.first)), /is no offset/],
    [head((b) => b.writeInt16BE(5, FIELD.attributes)), /compressed in an unknown way, 5/],
    [head((b) => b.writeInt16BE(4, FIELD.attributes)), /zstd bytes do not unpack/],
    [Buffer.concat([batchOf(40), batchOf(42)]), /offset 42 .*: it comes after the offset 42/],
  ]
  for (const [blob, said] of cases) {
    assert.throws(() => decode(blob, { from: 40 }), isCorrupt(said))
    assert.doesNotThrow(() => nextAfter(blob))
  }
})

const record = (...parts: readonly (number | Uint8Array | string)[]): Buffer => {
  const body = Buffer.concat(
    parts.map((part) => (typeof part === 'number' ? zigzag(part) : Buffer.from(part))),
  )
  return Buffer.concat([zigzag(body.length), body])
}
const SOUND = record(0, 0, 0, -1, 1, 'v', 0)
const ENDLESS = new Uint8Array(11).fill(0xff)

test('records whose lengths do not add up are told', () => {
  const cases: readonly (readonly [Uint8Array, RegExp])[] = [
    [Buffer.concat([SOUND, SOUND]), /is not the last one/],
    [SOUND.subarray(0, 3), /not as long as it says/],
    [Buffer.concat([zigzag(1_000_000), SOUND]), /not as long as it says/],
    [Buffer.concat([zigzag(-1), SOUND]), /not as long as it says/],
    [record(0, 0, 0, -1, 2, 'v', 0), /not as long as it says/],
    [record(0, 0, 0, -1, 2 ** 31 - 1, 'v', 0), /not as long as it says/],
    [record(0, 0, 0, 2 ** 31 - 1, 1, 'v', 0), /not as long as it says/],
    [record(0, 0, 0, -1, 1, 'v', 1), /not as long as it says/],
    [record(0, 0, 0, -1, 1, 'v', -1), /not as long as it says/],
    [record(0, 0, 0, -1, 1, 'v', 2 ** 31 - 1), /not as long as it says/],
    [record(0, 0, 0, -1, 1, 'v', 1, 5, 'k'), /not as long as it says/],
    [record(0, 0, 0, -1, 1, 'v', 1, -1, -1), /not as long as it says/],
    [record(0, 0, 0, -1, 1, 'v', 1, 1, 'k', 99), /not as long as it says/],
    [record(0, 0, 0, -1, 1, 'v', 0, 'rest'), /not as long as it says/],
    [record(0, ENDLESS, 0, -1, 1, 'v', 0), /not as long as it says/],
    [record(0, 0, 0, ENDLESS, 'v', 0), /not as long as it says/],
    [record(0, 0, 0, -1, ENDLESS), /not as long as it says/],
    [record(0, 0, 1, -1, 1, 'v', 0), /an offset out of order/],
    [record(0, 0, -1, -1, 1, 'v', 0), /an offset out of order/],
  ]
  for (const [content, said] of cases)
    for (const compression of ['none', 'gzip'] as const) {
      const blob = writtenBatch([], { first: 6, next: 7, count: 1, content, compression })
      assert.throws(() => decode(blob, { from: 6 }), isCorrupt(said))
    }
  const twice = writtenBatch([], { next: 2, count: 2, content: Buffer.concat([SOUND, SOUND]) })
  assert.throws(() => decode(twice), isCorrupt(/an offset out of order/))
  const few = writtenBatch([], { next: 3, count: 3, content: SOUND })
  assert.throws(() => decode(few), isCorrupt(/not as long as it says/))
})

test('of a batch that does not add up, the records before the flaw are given', () => {
  const means = { ...wanted({ from: 5 }), aborted: [], codecs }
  const flawed = record(0, 0, 1, -1, 9, 'v', 0)
  const content = Buffer.concat([SOUND, flawed])
  const halfway = writtenBatch([], { first: 5, next: 7, count: 2, content })
  const { runs, next, damage } = decodeBlob(halfway, place, means)
  assert.deepEqual(
    rowsOf(runs).map(({ offset }) => offset),
    [5],
  )
  assert.deepEqual([next, damage?.kind], [6, 'corrupt'])
})

test('a record that reaches into the next batch is none', () => {
  const behind = writtenBatch([{ value: 'y' }], { first: 6 })
  const reaching = record(0, 0, 0, -1, behind.length - 1, behind.subarray(0, -1), 0)
  const content = reaching.subarray(0, reaching.length - behind.length)
  const blob = Buffer.concat([
    writtenBatch([], { first: 5, next: 6, count: 1, content }),
    behind.subarray(0, -1),
    Buffer.of(0),
  ])
  const means = { ...wanted({ from: 5 }), aborted: [], codecs }
  const { runs, next, damage } = decodeBlob(blob, place, means)
  assert.deepEqual([runs, next, damage?.kind], [[], 5, 'corrupt'])
})

const spoiled = fc.record({
  content: fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.array(fc.constantFrom(0, 1, 2, 7, 12, 14, 0x7f, 0x80, 0xff), { maxLength: 40 }),
  ),
  at: fc.nat(250),
  drop: fc.nat(70),
  count: fc.option(fc.nat(255)),
})

test('hostile bytes under a right checksum are damage or records that lie within them', () => {
  const sound = batchOf(50)
  fc.assert(
    fc.property(spoiled, ({ content, at, drop, count }) => {
      const kept = sound.subarray(0, HEAD_BYTES + at)
      const rest = sound.subarray(HEAD_BYTES + at + drop)
      const made = Buffer.concat([kept, Uint8Array.from(content), rest])
      made.writeInt32BE(made.length - 12, FIELD.length)
      made.writeInt32BE(count ?? 3, FIELD.count)
      made.writeInt32BE(255, FIELD.lastDelta)
      const blob = sealed(made)
      try {
        const rows = rowsOf(decode(blob).runs)
        assert.equal(rows.length, count ?? 3)
        for (const { value, offset } of rows) {
          assert.ok(hex(blob).includes(value))
          assert.ok(offset >= 50 && offset <= 50 + 255)
        }
      } catch (error) {
        if (!isFault(error, 'corrupt')) throw error
      }
    }),
    { numRuns: 3_000 },
  )
})

test('any bytes at all are damage, a cut batch, or nothing', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (blob) => {
      nextAfter(blob)
      try {
        assert.deepEqual(decode(blob).runs, [])
      } catch (error) {
        if (!isFault(error, 'corrupt')) throw error
      }
    }),
    { numRuns: 2_000 },
  )
})
