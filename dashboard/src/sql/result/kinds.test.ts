import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kindOf, millisOf, numberOf, typeText, valueText } from './kinds.ts'

for (const [type, kind] of [
  ['BIGINT', 'number'],
  ['UTINYINT', 'number'],
  ['HUGEINT', 'number'],
  ['DECIMAL(18,3)', 'number'],
  ['INTEGER[]', 'nested'],
  ['STRUCT("a" INTEGER)', 'nested'],
  ['MAP(VARCHAR, INTEGER)', 'nested'],
  ['TIMESTAMP WITH TIME ZONE', 'moment'],
  ['TIMESTAMP_NS', 'moment'],
  ['TIMESTAMP[3]', 'nested'],
  ['DATE', 'date'],
  ['BOOLEAN', 'boolean'],
  ['INTERVAL', 'text'],
  ['VARCHAR', 'text'],
] as const)
  test(`${type} is shown as ${kind}`, () => {
    assert.equal(kindOf(type), kind)
  })

test('the head says UTC of moments and of nothing else', () => {
  assert.equal(typeText('TIMESTAMP'), 'TIMESTAMP, UTC')
  assert.equal(typeText('TIMESTAMP WITH TIME ZONE'), 'TIMESTAMPTZ, UTC')
  assert.equal(typeText('DATE'), 'DATE')
  assert.equal(typeText(`STRUCT(${'x'.repeat(50)} INTEGER)`).length, 28)
})

test('values are told with every digit, and what is nested as JSON', () => {
  assert.equal(valueText('9223372036854775807'), '9223372036854775807')
  assert.equal(valueText(false), 'false')
  assert.equal(valueText(1.5), '1.5')
  assert.equal(valueText(null), 'NULL')
  assert.equal(valueText(''), '')
  assert.equal(valueText({ a: ['1', null] }), '{"a":["1",null]}')
})

test('what is no number or no moment draws nothing', () => {
  assert.equal(numberOf('9007199254740991'), 9007199254740991)
  for (const value of ['NaN', 'Infinity', '', null, true, [1]]) assert.equal(numberOf(value), null)
  assert.equal(millisOf('2026-11-27'), Date.UTC(2026, 10, 27))
  assert.equal(millisOf('2026-11-27T01:02:03.500Z'), Date.UTC(2026, 10, 27, 1, 2, 3, 500))
  assert.equal(millisOf('2026-11-27 01:02:03.500123456'), Date.UTC(2026, 10, 27, 1, 2, 3, 500))
  for (const value of ['infinity', '', null, 5]) assert.equal(millisOf(value), null)
})
