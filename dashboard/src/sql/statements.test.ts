import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { codeOf, piecesOf, statementAt, statementsOf, titleOf } from './statements.ts'

const sqls = (text: string) => statementsOf(text).map(({ sql }) => sql)

test('statements end at semicolons, without the space around them', () => {
  assert.deepEqual(sqls(' select 1 ;\n\n select 2;; ; '), ['select 1', 'select 2'])
})

test('a semicolon in a string, a quoted name, a dollar quote or a comment ends nothing', () => {
  const whole = [
    `select ';', 'it''s;', e'\\';' as ";x"";"`,
    'select $$;$$, $a$ $$ ; $a$',
    'select 1 -- ; no\n + 2',
    'select /* ; /* ; */ ; */ 1',
  ]
  assert.deepEqual(sqls(whole.join(';')), whole)
})

test('a dollar within a name quotes nothing', () => {
  assert.deepEqual(sqls('select a$b$ from t; select c$b$'), ['select a$b$ from t', 'select c$b$'])
})

test('an e that ends a word escapes nothing', () => {
  assert.deepEqual(sqls(`select date'2026-11-27\\'; select 2`), [
    `select date'2026-11-27\\'`,
    'select 2',
  ])
})

test('what is only comments is no statement, and a comment before one belongs to it', () => {
  assert.deepEqual(sqls('-- all\nselect 1; -- done\n'), ['-- all\nselect 1'])
})

test('what is not closed reaches to the end', () => {
  for (const text of [`select ';`, 'select "a;', 'select $$;', 'select /* ;'])
    assert.deepEqual(sqls(text), [text])
})

test('the cursor chooses the statement that it is in, stands behind or is before', () => {
  const text = 'select 1;\n\nselect 2;\n'
  const at = (cursor: number) => statementAt(text, cursor)?.sql
  assert.equal(at(0), 'select 1')
  assert.equal(at(9), 'select 1')
  assert.equal(at(10), 'select 2')
  assert.equal(at(text.length), 'select 2')
  assert.equal(statementAt('  ', 1), null)
})

test('the cursor on the empty lines below a statement that is not closed is still in it', () => {
  assert.equal(statementAt('select 1\n\n', 10)?.sql, 'select 1')
})

test('pieces are the whole text, whatever it is', () => {
  const odd = fc.string({
    unit: fc.constantFrom("'", '"', '$', '-', '/', '*', ';', 'e', 'a', '\\', '\n', ' ', '1', 'é'),
  })
  fc.assert(
    fc.property(odd, (text) => {
      const joined = [...piecesOf(text)].map(({ from, to }) => text.slice(from, to)).join('')
      assert.equal(joined, text)
      assert.equal(codeOf(text).length, text.length)
    }),
  )
})

test('a list names a statement by its comment, else by itself in a line', () => {
  assert.equal(titleOf('\n-- Busiest symbols\nselect 1'), 'Busiest symbols')
  assert.equal(titleOf('select 1,\n  2'), 'select 1, 2')
})
