import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { isFault } from '../../flow/fault.ts'
import { parseJson, stringifyJson, toLong } from './json.ts'

test('integers beyond 2^53 come back as they were written', () => {
  const text =
    '{"snapshot-id":8744736658442914487,"parent":-9223372036854775808,"small":12,"x":1.5}'
  assert.equal(stringifyJson(parseJson(text, 'it')), text)
})

test('every integer of 64 bits survives, a number where it is exact and a bigint where it is not', () => {
  fc.assert(
    fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), (value) => {
      const [parsed] = parseJson(`[${value}]`, 'it') as [unknown]
      assert.equal(parsed, toLong(value))
      assert.equal(stringifyJson([parsed]), `[${value}]`)
    }),
    {
      examples: [
        [2n ** 53n - 1n],
        [2n ** 53n],
        [2n ** 53n + 1n],
        [-(2n ** 53n)],
        [9_100_000_000_000_000n],
      ],
    },
  )
})

test('strings of digits and large fractions are left alone', () => {
  const value = { id: '8744736658442914487', huge: 1e300, path: 'a-99999999999999999999.avro' }
  assert.deepEqual(parseJson(stringifyJson(value), 'it'), value)
})

test('text that is not JSON is told with what it should have been', () => {
  assert.throws(
    () => parseJson('{"a":', 's3://x/1.metadata.json'),
    (error) => isFault(error, 'corrupt') && /1\.metadata\.json is not JSON/.test(error.message),
  )
})
