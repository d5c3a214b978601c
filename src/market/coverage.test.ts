import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { gaps, type Gap } from './coverage.ts'
import type { SessionEvent } from './feed-events.ts'
import {
  anySessionLog,
  countedEvents,
  coveredByBruteForce,
  session,
} from '../../test/differential/session-logs.ts'

const shown = (found: readonly Gap[]) =>
  found.map(({ symbol, from, to, cause, open }) =>
    [`${symbol ?? '*'} ${from}-${to}${open ? '…' : ''}`, cause].join(' '),
  )
const at = (ms: number, kind: SessionEvent['kind'], more: Partial<SessionEvent> = {}) =>
  session({ at: ms, kind, ...more })
const AAPL = { symbols: ['AAPL'] }
const start = [at(0, 'lease_taken'), at(100, 'opened'), at(100, 'subscribed', AAPL)]

test('a tape without events has no gap', () => {
  assert.deepEqual(gaps([], 1000), [])
})

test('from the birth of the tape to the first connection is a gap', () => {
  const found = gaps([...start, at(5000, 'alive', { to: 4900 })], 6000)
  assert.deepEqual(shown(found), ['* 0-100 not connected'])
})

test('a quiet market on a live connection is no gap', () => {
  const beats = [5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60].map((s) =>
    at(s * 1000, 'alive', { to: 900 }),
  )
  assert.deepEqual(shown(gaps([...start, ...beats], 62_000)), ['* 0-100 not connected'])
  const ping = at(65_000, 'alive', { to: 61_000 })
  assert.deepEqual(shown(gaps([...start, ...beats, ping], 66_000)), ['* 0-100 not connected'])
})

test('a kill begins at the last frame that an alive vouched for and ends at the next connection', () => {
  const killed = [...start, at(5000, 'alive', { to: 4900 })]
  assert.deepEqual(shown(gaps(killed, 30_000)).slice(1), ['* 4900-30000… recorder stopped'])
  const back = [...killed, session({ at: 40_000, kind: 'opened', recorder: 'r2', epoch: 2 })]
  assert.deepEqual(shown(gaps(back, 41_000)).slice(1), [
    '* 4900-40000 recorder stopped',
    'AAPL 40000-41000… not subscribed',
  ])
})

test('a stall begins at the last frame, not when the watchdog fired', () => {
  const closed = at(160_000, 'closed', { to: 9000, cause: 'no frame for 150 s' })
  const events = [...start, at(10_000, 'alive', { to: 9000 }), closed, at(161_000, 'opened')]
  assert.deepEqual(shown(gaps(events, 161_500))[1], '* 9000-161000 no frame for 150 s')
})

test('asking for a symbol vouches for no frame', () => {
  const events = [...start, at(1000, 'alive', { to: 900 }), at(90_000, 'subscribed', AAPL)]
  const next = at(100_000, 'opened')
  assert.deepEqual(shown(gaps([...events, next], 100_001))[1], '* 900-100000 recorder stopped')
})

test('a connection that is silent longer than the watchdog allows is a gap that goes on', () => {
  const events = [...start, at(199_000, 'alive', { to: 2000 })]
  assert.deepEqual(shown(gaps(events, 200_000))[1], '* 2000-200000… no frame from the feed')
})

test('dropped frames, unreadable frames and accepted holes cut what is covered', () => {
  const events = [
    ...start,
    at(1500, 'dropped', { from: 1000, to: 1200, cause: 'tape slow' }),
    at(2000, 'unreadable', { cause: 'not JSON' }),
    at(3000, 'hole_accepted', { epoch: 0, from: 300, to: 400 }),
    at(5000, 'alive', { to: 4000 }),
  ]
  assert.deepEqual(shown(gaps(events, 6000)), [
    '* 0-100 not connected',
    '* 300-400 hole accepted',
    '* 1000-1200 tape slow',
    '* 2000-2001 not JSON',
  ])
})

test('a frame of an unknown type is no gap, and proves that the feed sends', () => {
  const events = [
    ...start,
    at(2000, 'unknown', { cause: 'type "news"' }),
    at(9000, 'closed', { to: null, cause: 'network' }),
  ]
  assert.deepEqual(shown(gaps(events, 9500)), ['* 0-100 not connected', '* 2000-9500… network'])
})

test('a symbol has a gap where it was not subscribed, refused or given up', () => {
  const events = [
    at(0, 'opened'),
    at(10, 'subscribed', { symbols: ['AAPL', 'MSFT'] }),
    at(20, 'refused', { symbols: ['MSFT'], cause: 'too many symbols' }),
    at(30, 'unsubscribed', AAPL),
    at(40, 'subscribed', AAPL),
    at(50, 'alive', { to: 50 }),
  ]
  assert.deepEqual(shown(gaps(events, 60)), [
    'AAPL 0-10 not subscribed',
    'AAPL 30-40 unsubscribed',
    'MSFT 0-10 not subscribed',
    'MSFT 20-60… too many symbols',
  ])
})

test('what an older recorder says after a newer one opened is ignored', () => {
  const events = [
    at(0, 'opened'),
    at(0, 'subscribed', AAPL),
    at(100, 'alive', { to: 90 }),
    session({ at: 200, kind: 'opened', recorder: 'r2', epoch: 2 }),
    session({ at: 200, kind: 'subscribed', recorder: 'r2', epoch: 2, ...AAPL }),
    at(300, 'alive', { to: 290 }),
    at(300, 'dropped', { from: 220, to: 280 }),
    at(310, 'closed', { to: 300 }),
  ]
  assert.deepEqual(shown(gaps(events, 400)), ['* 90-200 recorder stopped'])
})

test('after its own end a connection covers nothing more', () => {
  const events = [...start, at(500, 'closed', { to: 450 }), at(900, 'alive', { to: 890 })]
  assert.deepEqual(shown(gaps(events, 1000))[1], '* 450-1000… connection closed')
})

test('gaps and coverage divide the time since birth, for all and for each symbol', () => {
  fc.assert(
    fc.property(anySessionLog, ({ events, now }) => {
      const found = gaps(events, now)
      const birth = events[0]?.at ?? now
      for (const { from, to, open } of found) {
        assert.ok(from >= birth && from < to && to <= now)
        assert.equal(open, to === now)
      }
      const symbols = new Set(countedEvents(events).flatMap((event) => event.symbols ?? []))
      for (let ms = birth; ms < now; ms++) {
        const holding = found.filter(({ from, to }) => from <= ms && ms < to)
        const expected = coveredByBruteForce(events, ms, now)
        const all = holding.filter(({ symbol }) => symbol === null)
        assert.equal(all.length, expected === null ? 1 : 0, `all at ${ms}`)
        for (const symbol of symbols) {
          const own = holding.filter((gap) => gap.symbol === symbol)
          const missing = expected !== null && !expected.has(symbol)
          assert.equal(own.length, missing ? 1 : 0, `${symbol} at ${ms}`)
        }
      }
    }),
    { numRuns: 400 },
  )
})
