import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compatibilityPartitioner, murmur2 as libraryMurmur2 } from '@platformatic/kafka'
import * as fc from 'fast-check'
import { homeOf, murmur2 } from './partitioner.ts'

/** From the tests of Kafka's Java client (UtilsTest.testMurmur2). */
const PUBLISHED = {
  '21': -973_932_308,
  foobar: -790_332_482,
  'a-little-bit-long-string': -985_981_536,
  'a-little-bit-longer-string': -1_486_304_829,
  lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8: -58_897_971,
  abc: 479_470_107,
} as const

test('murmur2 gives what Java gives', () => {
  for (const [key, hash] of Object.entries(PUBLISHED))
    assert.equal(murmur2(Buffer.from(key)), hash, key)
})

test('a key lives where Java’s default partitioner and the library’s compatible one put it', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 1, max: 100 }), (key, n) => {
      const buffer = Buffer.from(key)
      assert.equal(murmur2(key), libraryMurmur2(buffer))
      assert.equal(homeOf(key, n), compatibilityPartitioner({ topic: '', value: '' }, buffer) % n)
    }),
    { numRuns: 2_000 },
  )
})

test('a key is hashed where it lies in a larger array', () => {
  const bytes = Buffer.from('xxfoobarxx')
  assert.equal(murmur2(bytes.subarray(2, 8)), PUBLISHED.foobar)
})
