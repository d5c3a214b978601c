import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { fromSingleValue, lowerString, singleValue, upperString } from './single-value.ts'

const hex = (bytes: Uint8Array | null) =>
  bytes === null ? null : Buffer.from(bytes).toString('hex')

test('single values are the bytes of the Iceberg specification, appendix D', () => {
  assert.equal(hex(singleValue('boolean', true)), '01')
  assert.equal(hex(singleValue('int', 34)), '22000000')
  assert.equal(hex(singleValue('long', -1n)), 'ffffffffffffffff')
  assert.equal(hex(singleValue('timestamp', 1_510_871_468_000_000n)), '00c3262d215e0500')
  assert.equal(hex(singleValue('double', 1)), '000000000000f03f')
  assert.equal(hex(singleValue('string', 'é')), 'c3a9')
  assert.equal(hex(singleValue('binary', Uint8Array.of(1, 2))), '0102')
})

test('single values are read back as they were', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }),
      fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
      fc.double(),
      (s, n, d) => {
        assert.equal(fromSingleValue('string', singleValue('string', s)), s)
        assert.equal(fromSingleValue('long', singleValue('long', n)), n)
        assert.equal(fromSingleValue('timestamp', singleValue('timestamp', n)), n)
        assert.ok(Object.is(fromSingleValue('double', singleValue('double', d)), d))
      },
    ),
  )
})

test('bounds of a wrong length or broken text are no bounds', () => {
  assert.equal(fromSingleValue('long', Uint8Array.of(1, 2, 3)), null)
  assert.equal(fromSingleValue('string', Uint8Array.of(0xff)), null)
})

test('string bounds enclose the string, however long', () => {
  const long = fc.string({
    unit: fc.constantFrom('a', 'é', '\ud7ff', '\uffff', '😀', '\u{10ffff}'),
    maxLength: 40,
  })
  fc.assert(
    fc.property(long, (value) => {
      const own = Buffer.from(value)
      assert.ok(Buffer.compare(Buffer.from(lowerString(value)), own) <= 0)
      const upper = upperString(value)
      if (upper !== null) assert.ok(Buffer.compare(Buffer.from(upper), own) >= 0)
      assert.ok(Array.from(Buffer.from(lowerString(value)).toString()).length <= 16)
    }),
  )
})

test('an upper bound is incremented over the surrogates, and absent where nothing can be', () => {
  assert.equal(
    Buffer.from(upperString('a'.repeat(15) + '\ud7ffz') ?? []).toString(),
    'a'.repeat(15) + '\ue000',
  )
  assert.equal(Buffer.from(upperString('ab' + '\u{10ffff}'.repeat(20)) ?? []).toString(), 'ac')
  assert.equal(upperString('\u{10ffff}'.repeat(17)), null)
  assert.equal(Buffer.from(upperString('exactly-16-chars') ?? []).toString(), 'exactly-16-chars')
})
