import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { zigzag } from '../../../test/fixtures/record-batches.ts'
import { readVarint, skipVarint, varintBytes, writeVarint } from './varint.ts'

const integers = fc.oneof(
  fc.integer({ min: -300, max: 300 }),
  fc.integer(),
  fc.maxSafeInteger().map((value) => Math.trunc(value / 2) + 0), // never -0
)

test('an integer is written as 64-bit arithmetic would, read back, and measured', () => {
  fc.assert(
    fc.property(integers, fc.nat(3), (value, at) => {
      const book = zigzag(value)
      const out = new Uint8Array(16).fill(0xee)
      assert.equal(writeVarint(out, at, value), at + book.length)
      assert.deepEqual(Buffer.from(out.subarray(at, at + book.length)), book)
      assert.equal(out[at + book.length], 0xee)
      assert.equal(varintBytes(value), book.length)
      assert.equal(readVarint(out, at), value)
      assert.equal(skipVarint(out, at), at + book.length)
    }),
    { numRuns: 2_000 },
  )
})

test('the widest integers of one to ten bytes are read', () => {
  for (let bits = 0; bits <= 52; bits++)
    for (const value of [2 ** bits - 1, -(2 ** bits), 2 ** bits, -(2 ** bits) - 1])
      assert.equal(readVarint(zigzag(value), 0), value)
  assert.deepEqual([zigzag(-(2 ** 63)).length, readVarint(zigzag(-(2 ** 63)), 0)], [10, -(2 ** 63)])
})

test('a varint that never ends leads past the end of the bytes', () => {
  for (const length of [0, 1, 5, 10, 11, 40]) {
    const endless = new Uint8Array(length).fill(0xff)
    assert.ok(skipVarint(endless, 0) > endless.length || length < 10)
    assert.ok(skipVarint(endless, length + 3) > length + 3)
    assert.ok(Number.isFinite(readVarint(endless, 0)))
  }
})
