import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { freshSeed } from '../flow/random.ts'
import { createDictionary } from './intern.ts'

const encoder = new TextEncoder()
const seed = freshSeed()

test(`gives equal texts one id and different texts different ids, past many growths (seed ${seed})`, () => {
  const dictionary = createDictionary(null)
  const ids = new Map<string, number>()
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 30 }), (texts) => {
      for (const text of texts) {
        const bytes = encoder.encode(`<${text}>`)
        const id = dictionary.idOf(bytes, 1, bytes.length - 1)
        assert.equal(dictionary.idOfText(text), id)
        assert.equal(ids.get(text) ?? id, id)
        assert.equal(dictionary.values[id], text)
        ids.set(text, id)
      }
    }),
    { seed, numRuns: 1000 },
  )
  assert.equal(new Set(ids.values()).size, ids.size)
  assert.equal(dictionary.values.length, ids.size + 1)
})

test('id 0 is the value that it was made with, and the array stays the same while it grows', () => {
  const dictionary = createDictionary('')
  const { values } = dictionary
  for (let i = 0; i < 5000; i++) assert.equal(dictionary.idOfText(`S${i}`), i + 1)
  for (let i = 0; i < 5000; i++) assert.equal(dictionary.idOfText(`S${i}`), i + 1)
  assert.equal(dictionary.values, values)
  assert.deepEqual([values.length, values[0], values[5000]], [5001, '', 'S4999'])
})

test('tells texts apart whose hashes are equal', () => {
  const dictionary = createDictionary('')
  const pairs = ['costarring', 'liquid', 'declinate', 'macallums', 'altarage', 'zinke'] // by FNV-1a, 32 bits
  assert.deepEqual(pairs.map(dictionary.idOfText), [1, 2, 3, 4, 5, 6])
  assert.deepEqual(pairs.map(dictionary.idOfText), [1, 2, 3, 4, 5, 6])
})
