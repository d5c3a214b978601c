import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultOf } from './fault.ts'

test('an error that the server explains keeps its words', () => {
  const said = { kind: 'invalid', message: 'no column x', remedy: 'Name another.', position: 7 }
  const { kind, message, remedy, position } = faultOf(400, JSON.stringify({ error: said }))
  assert.deepEqual({ kind, message, remedy, position }, said)
})

test('a status tells what it can where something between answered', () => {
  for (const body of ['<html>bad gateway</html>', '', 'null', '{"error":"no"}', '{"error":null}']) {
    const fault = faultOf(502, body)
    assert.equal(fault.kind, 'unavailable')
    assert.equal(fault.message, 'The server answered 502')
    assert.equal(fault.position, null)
  }
})

test('401 is to be mended by signing in, whatever the body is', () => {
  const fault = faultOf(401, '')
  assert.equal(fault.kind, 'signed out')
  assert.match(fault.remedy, /sign in/)
})
