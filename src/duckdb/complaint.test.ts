import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { complaintOf, excerpt } from './complaint.ts'

const json = (position: unknown) =>
  JSON.stringify({ exception_type: 'Binder', exception_message: 'no such column', position })

test('the place is counted in UTF-16 units, where DuckDB counts bytes', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 30 })
  fc.assert(
    fc.property(text, text, (before, after) => {
      const sql = `${before}x${after}`
      const said = complaintOf(json(String(Buffer.byteLength(before))), sql)
      assert.deepEqual(said, { text: 'Binder Error: no such column', position: before.length })
    }),
  )
})

test('what is no JSON, or has no place in the statement, has none', () => {
  for (const position of [undefined, null, 'x', '-1', '99'])
    assert.equal(complaintOf(json(position), 'SELECT').position, null)
  const plain = 'IO Error: no such file'
  assert.deepEqual(complaintOf(plain, 'SELECT'), { text: plain, position: null })
  assert.deepEqual(complaintOf('{"exception_type', 'SELECT').position, null)
  const parser = `Failed to extract statements: Parser Error: ${json('0').replace('Binder', 'Parser')}`
  assert.deepEqual(complaintOf(parser, 'SELEC'), {
    text: 'Parser Error: no such column',
    position: 0,
  })
})

test('an excerpt marks the place, in a long line with what is around it', () => {
  assert.equal(excerpt('SELECT\n  x\nFROM y', 9), 'LINE 2:   x\n          ^')
  const long = `${'a, '.repeat(50)}HERE, ${'b, '.repeat(50)}`
  const [line = '', mark = ''] = excerpt(long, 150).split('\n')
  assert.ok(line.startsWith('LINE 1: ...') && line.endsWith('...') && line.length < 110)
  assert.equal(line.slice(mark.indexOf('^')).startsWith('HERE'), true)
})
