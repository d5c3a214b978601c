import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import * as fc from 'fast-check'
import { codecs } from '../../../test/fixtures/record-batches.ts'
import { COMPRESSIONS, UNPACKED_BYTES_MAX } from './compression.ts'

const TRADE = '{"c":["1","8"],"p":415.89,"s":"TSLA","t":1763997374633,"v":40}'
const contents = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 5_000 }),
  fc.integer({ min: 1, max: 3_000 }).map((times) => Buffer.from(TRADE.repeat(times))),
)

/** As Java's snappy frames blocks. */
function xerial(blocks: readonly Uint8Array[]): Buffer {
  const head = Buffer.from('82534e41505059000000000100000001', 'hex')
  const sized = blocks.flatMap((block) => {
    const size = Buffer.alloc(4)
    size.writeUInt32BE(block.length)
    return [size, block]
  })
  return Buffer.concat([head, ...sized])
}

const lz4Frame = (blocks: readonly { readonly size: number; readonly stored?: boolean }[]) => {
  const words = blocks.flatMap(({ size, stored }) => {
    const word = Buffer.alloc(4)
    word.writeUInt32LE(stored === true ? size + 2 ** 31 : size)
    return [word, Buffer.alloc(size)]
  })
  return Buffer.concat([Buffer.from('04224d18607073', 'hex'), ...words, Buffer.alloc(4)])
}

for (const compression of COMPRESSIONS) {
  test(`${compression} bytes unpack to what was packed`, () => {
    fc.assert(
      fc.property(contents, (content) => {
        const packed = codecs.compress(compression, content)
        assert.deepEqual(Buffer.from(codecs.decompress(compression, packed)), Buffer.from(content))
      }),
      { numRuns: 50 },
    )
  })
}

test('snappy in the blocks that Java writes is unpacked', () => {
  const parts = [TRADE.repeat(500), TRADE.repeat(3), 'x'].map((text) => Buffer.from(text))
  const framed = xerial(parts.map((part) => codecs.compress('snappy', part)))
  assert.deepEqual(Buffer.from(codecs.decompress('snappy', framed)), Buffer.concat(parts))
})

test('few bytes that claim or hold more than a batch may unpack to are refused', () => {
  const zeros = Buffer.alloc(UNPACKED_BYTES_MAX + 1)
  const halfClaim = Buffer.from('808080200000', 'hex') // 64 MB + the rest of a block
  const lz4Block = { size: 16_500 } // 4 MB at most
  const bombs = [
    ['gzip', gzipSync(zeros, { level: 1 }), /larger than 134217728/],
    ['zstd', zstdCompressSync(zeros), /larger than 134217728/],
    ['snappy', Buffer.from('ffffffff0f0000', 'hex'), /unpacks to 4294967295 bytes/],
    ['snappy', xerial([halfClaim, halfClaim, halfClaim]), /unpacks to 201326592 bytes/],
    ['snappy', xerial([xerial([halfClaim])]), /no block/],
    ['lz4', lz4Frame(Array.from({ length: 33 }, () => lz4Block)), /unpacks to 138412032 bytes/],
  ] as const
  for (const [compression, bomb, said] of bombs) {
    assert.ok(bomb.length < 700_000)
    assert.throws(() => codecs.decompress(compression, bomb), said)
  }
})

test('cut and foreign bytes throw, and what comes after them is unpacked as before', () => {
  const content = Buffer.from(TRADE.repeat(100))
  for (const compression of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
    const packed = codecs.compress(compression, content)
    for (const length of [0, 1, 4, 10, packed.length - 5])
      assert.throws(() => codecs.decompress(compression, packed.subarray(0, length)), Error)
    assert.throws(() => codecs.decompress(compression, content), Error)
    const unpacked = codecs.decompress(compression, packed)
    assert.deepEqual(Buffer.from(unpacked), content)
  }
})

test('crc32c gives the published check value', () => {
  assert.equal(codecs.crc32c(Buffer.from('123456789')), 0xe3_06_92_83)
})
