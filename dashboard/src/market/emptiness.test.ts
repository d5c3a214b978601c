import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Status } from '../../../src/serve/contract/status.ts'
import { marketAsked } from './asked.ts'
import { emptinessOf } from './emptiness.ts'

const status = (feed: Partial<Status['feed']>, parts: Status['parts'] = []): Status => ({
  version: '1',
  source: 'finnhub',
  simulated: false,
  zone: 'America/New_York',
  as_of: '2026-11-20T15:00:00.000Z',
  state: { name: 'Disconnected', sentence: 'The feed is away.' },
  landing_stopped: null,
  feed: {
    connected: null,
    symbols: 3,
    trades_per_second: 0,
    latency_ms: null,
    last_trade_at: null,
    ...feed,
  },
  tape: { records: 0, buffer_fill: null, append_ms: null, dropped_today: 0, marked_today: 0 },
  lake: { lag_records: null, lag_seconds: null, last_commit: null },
  query: { running: 0, millis: null },
  gaps_today: { count: 0, seconds: 0, latest: [] },
  parts,
})

test('an empty page says whether the recorder is silent, away, or waits for the market', () => {
  assert.match(emptinessOf(null).title, /Connecting/)
  assert.match(emptinessOf(status({ connected: null })).text, /ticklake up/)
  assert.match(emptinessOf(status({ connected: false })).title, /Not connected to finnhub/)
  const waiting = emptinessOf(status({ connected: true }))
  assert.match(waiting.title, /Waiting for the first trade/)
  assert.match(waiting.text, /3 symbols subscribed/)
})

test('what the address asks for is taken where it makes sense', () => {
  const asked = (search: string) => marketAsked(new URLSearchParams(search))
  assert.deepEqual(asked('symbol=BINANCE:BTCUSDT&interval=5m&at=2026-11-20T15:00:00Z'), {
    symbol: 'BINANCE:BTCUSDT',
    interval: '5m',
    at: '2026-11-20T15:00:00Z',
  })
  assert.deepEqual(asked('interval=7m&at=soon'), { symbol: null, interval: '1m', at: null })
  assert.equal(asked(`symbol=${'X'.repeat(201)}`).symbol, null)
  assert.equal(asked('symbol=%3Cscript%3E').symbol, '<script>')
})
