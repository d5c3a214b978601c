import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DAY_MS } from './calendar.ts'
import { createListing, listingOf, sessionOf, tradeDay } from './sessions.ts'

const at = (text: string) => Date.parse(text)
const sessions = (conditions: string | null, ...times: readonly string[]) =>
  times.map((time) => sessionOf('AAPL', at(time), conditions)).join(' ')

test('a regular session lasts from the open to five minutes past the close', () => {
  assert.equal(
    sessions(
      '1',
      '2026-07-01T13:29:59.999Z',
      '2026-07-01T13:30:00Z',
      '2026-07-01T20:04:59.999Z',
      '2026-07-01T20:05:00Z',
    ),
    'pre regular regular post',
  )
})

test('a half day ends at 13:00 and a holiday has no regular session', () => {
  assert.equal(sessions(null, '2026-11-27T18:04:59Z', '2026-11-27T18:05:00Z'), 'regular post')
  assert.equal(
    sessions(null, '2026-11-26T15:00:00Z', '2026-11-26T21:00:00Z', '2026-11-28T15:00:00Z'),
    'pre post pre',
  )
})

test('form T and extended hours are never regular: late reports by day are of the morning', () => {
  for (const code of ['24', '1,25']) {
    assert.equal(
      sessions(code, '2026-07-01T13:30:00Z', '2026-07-01T19:59:59Z', '2026-07-01T20:00:00Z'),
      'pre pre post',
    )
  }
})

test('an evening in New York is after the close of that day, not before the open of the next', () => {
  assert.equal(sessions(null, '2026-07-02T03:59:59Z', '2026-07-02T04:00:00Z'), 'post pre')
})

test('forex, crypto and foreign listings are continuous; classes of US shares are not', () => {
  const of = (symbols: string) => symbols.split(' ').map(listingOf)
  assert.ok(
    of(
      'BINANCE:BTCUSDT OANDA:EUR_USD SHOP.TO VOD.L SAP.DE MC.PA 0700.HK 600519.SS 7203.T BHP.AX',
    ).every((listing) => listing === 'continuous'),
  )
  assert.ok(of('AAPL BRK.B BF.A GME.WS T V L X.U').every((listing) => listing === 'us'))
  assert.equal(sessionOf('BINANCE:BTCUSDT', at('2026-07-01T15:00:00Z'), null), 'continuous')
})

test('a setting overrides what the form of a symbol says', () => {
  const listing = createListing({ us: ['ABC.L', 'X'], continuous: ['AAPL', 'X'] })
  assert.deepEqual(['ABC.L', 'AAPL', 'X', 'VOD.L'].map(listing), [
    'us',
    'continuous',
    'continuous',
    'continuous',
  ])
})

test('the day of a US trade is the date in New York, of any other the date in UTC', () => {
  const iso = (listing: 'us' | 'continuous') =>
    new Date(tradeDay(listing, at('2026-07-02T03:59:59Z')) * DAY_MS).toISOString().slice(0, 10)
  assert.equal(iso('us'), '2026-07-01')
  assert.equal(iso('continuous'), '2026-07-02')
})
