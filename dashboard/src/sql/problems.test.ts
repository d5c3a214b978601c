import assert from 'node:assert/strict'
import { test } from 'node:test'
import { briefly, createChecks, problemOf, type Failure } from './problems.ts'

const failureAt = (position: number | null): Failure => ({
  kind: 'invalid',
  message: 'Binder Error: no "foo"\n\nLINE 1: select foo\n               ^',
  position,
})

test('a problem is the word where it begins, in the whole text', () => {
  const text = 'select 1;\nselect foo from t'
  const statement = { from: 10, to: text.length, sql: 'select foo from t' }
  const { from, to, message } = problemOf(statement, failureAt(7))
  assert.equal(text.slice(from, to), 'foo')
  assert.equal(message, 'Binder Error: no "foo"')
})

test('a problem without a place is at the first word, one at the end at the last sign', () => {
  const statement = { from: 0, to: 15, sql: '-- a\nselect 1 +' }
  const none = problemOf(statement, failureAt(null))
  assert.equal(statement.sql.slice(none.from, none.to), 'select')
  const end = problemOf(statement, failureAt(15))
  assert.equal(statement.sql.slice(end.from, end.to), '+')
})

test('each statement is asked about once', async () => {
  const asked: string[] = []
  const checks = createChecks(async (sql) => {
    asked.push(sql)
    return sql.includes('foo') ? failureAt(7) : null
  })
  const problems = await checks.problems('select 1; select foo')
  assert.deepEqual(
    problems.map(({ from, to }) => [from, to]),
    [[17, 20]],
  )
  await checks.problems('select 1; select foo; select 2')
  assert.deepEqual(asked, ['select 1', 'select foo', 'select 2'])
})

test('what only running shows is remembered', async () => {
  const checks = createChecks(async () => null)
  assert.deepEqual(await checks.problems('select foo'), [])
  checks.learn('select foo', failureAt(7))
  assert.equal((await checks.problems('select foo')).length, 1)
})

test('a server that cannot be asked makes no problem, and is asked again', async () => {
  let isDown = true
  const checks = createChecks(async () => {
    if (isDown) throw new Error('down')
    return failureAt(7)
  })
  assert.deepEqual(await checks.problems('select foo'), [])
  isDown = false
  assert.equal((await checks.problems('select foo')).length, 1)
})

test('the picture of the line is left out of a message', () => {
  assert.equal(briefly('a\n\nb\n\nLINE 2: x\n  ^'), 'a\nb')
})
