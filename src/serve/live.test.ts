import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runOf } from '../../test/fixtures/rows.ts'
import { steppedClock, type SteppedClock } from '../../test/fixtures/stepped-clock.ts'
import { tradeText } from '../../test/fixtures/small-lake.ts'
import { createTradeDecoder } from '../feed/finnhub-trades.ts'
import { createLive } from './live.ts'

function openLive() {
  const clock = steppedClock()
  const live = createLive(createTradeDecoder(), clock)
  return { clock, live, take: (count: number) => live.take(received(clock, count)) }
}

/** Trades that were traded 30 ms before they came, and came 10 ms ago. */
function received(clock: SteppedClock, count: number) {
  const atMs = clock.now() - 10
  const texts = Array.from({ length: count }, () => tradeText({ s: 'AAPL', t: atMs - 30 }))
  return { ...runOf(texts), receivedMs: new Float64Array(count).fill(atMs) }
}

test('a busy feed is silent after seconds, a quiet one after a minute', () => {
  const busy = openLive()
  for (let second = 0; second < 60; second++) {
    busy.clock.advance(1000)
    busy.take(50)
  }
  assert.ok(busy.live.silenceMs([]) <= 4000)
  const quiet = openLive()
  for (let minute = 0; minute < 5; minute++) {
    quiet.clock.advance(30_000)
    quiet.take(1)
  }
  assert.equal(quiet.live.silenceMs([]), 60_000)
})

test('seconds in which nothing could come do not make a feed look quiet', () => {
  const { clock, live, take } = openLive()
  take(5)
  const from = clock.now()
  clock.advance(40_000)
  const to = clock.now()
  for (let second = 0; second < 5; second++) {
    clock.advance(1000)
    take(5)
  }
  assert.ok(live.silenceMs([]) > 20_000)
  assert.ok(live.silenceMs([{ from, to }]) < 5_000)
})

test('latency is from the trade to its arrival and from there to here, of what came since it began', () => {
  const { clock, live, take } = openLive()
  take(5) // came before
  assert.deepEqual(live.latency(), { feed: null, tape: null })
  clock.advance(1000)
  take(100)
  const { feed, tape } = live.latency()
  assert.ok(feed !== null && Math.abs(feed.p50 - 30) < 3, String(feed?.p50))
  assert.ok(tape !== null && Math.abs(tape.p99 - 10) < 1, String(tape?.p99))
})
