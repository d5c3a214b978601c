import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressed, draftOf } from './address.ts'

test('a statement is in the address, and runs where it is opened if it is the whole text', () => {
  assert.deepEqual(addressed('select 1', true), { q: 'select 1', run: '1' })
  assert.deepEqual(addressed('select 1; select 2', false), { q: 'select 1; select 2', run: null })
})

test('what is too long for an address, or empty, is not put there', () => {
  assert.deepEqual(addressed('é'.repeat(2000), true), { q: null, run: null })
  assert.deepEqual(addressed(' \n', true), { q: null, run: null })
})

test('a draft that is none is nothing', () => {
  assert.deepEqual(draftOf({ base: null, text: 'a' }), { base: null, text: 'a' })
  for (const kept of [null, 'a', {}, { base: 1, text: 'a' }, { base: null, text: 2 }])
    assert.equal(draftOf(kept), null)
})
