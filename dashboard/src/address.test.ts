import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressOf, linkTo, placeAfter, placeOf } from './address.ts'

const place = (address: string) => {
  const { pathname, search } = new URL(address, 'http://localhost')
  return placeOf(pathname, search)
}
const after = (from: string, ...[page, changes]: [Parameters<typeof placeAfter>[1], object?]) =>
  addressOf(placeAfter(place(from), page, (changes ?? {}) as Record<string, string | null>))

test('the root and what is no page are the market', () => {
  assert.equal(place('/').page, 'market')
  assert.equal(place('/elsewhere/sql').page, 'market')
  assert.equal(place('/sql?q=1').page, 'sql')
  assert.equal(place('/lake/').page, 'lake')
})

test('parameters that are not named stay while the page stays', () => {
  assert.equal(
    after('/?symbol=AAPL', 'market', { interval: '5m' }),
    '/market?symbol=AAPL&interval=5m',
  )
  assert.equal(after('/sql?q=1&run=1', 'sql', { run: null }), '/sql?q=1')
  assert.equal(after('/sql?q=1', 'sql'), '/sql?q=1')
})

test('another page begins without them', () => {
  assert.equal(after('/market?symbol=AAPL', 'sql', { q: 'SELECT 1' }), '/sql?q=SELECT+1')
  assert.equal(after('/market?symbol=AAPL', 'lake'), '/lake')
})

test('any text comes back from an address as it was', () => {
  const q = `SELECT '&=#?+ %41 <script>', "ü"`
  assert.equal(place(linkTo('sql', { q })).params.get('q'), q)
})
