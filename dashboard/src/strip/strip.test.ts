import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Status } from '../../../src/serve/contract/status.ts'
import { stoppedText } from '../../../src/serve/state.ts'
import { marksOf, showGaps, showRate, stagesOf } from './figures.ts'
import { LOOKS, standingOf } from './words.ts'

const NOW = Date.UTC(2026, 10, 20, 15, 0, 0)
const STATUS: Status = {
  version: '0.1.0',
  source: 'finnhub',
  simulated: false,
  zone: 'America/New_York',
  as_of: new Date(NOW).toISOString(),
  state: { name: 'Live', sentence: 'Recording finnhub, landing in the lake.' },
  landing_stopped: null,
  feed: {
    connected: true,
    symbols: 50,
    trades_per_second: 1234.4,
    latency_ms: { p50: 12.3, p99: 1048 },
    last_trade_at: null,
  },
  tape: {
    records: 1_234_567,
    buffer_fill: 0.031,
    append_ms: null,
    dropped_today: 0,
    marked_today: 0,
  },
  lake: {
    lag_records: 1204,
    lag_seconds: 2.14,
    last_commit: { at: new Date(NOW - 4000).toISOString(), rows: 12_000, bytes: 1_234_567 },
  },
  query: { running: 1, millis: { p50: 34, p99: 890 } },
  gaps_today: { count: 0, seconds: 0, latest: [] },
  parts: [],
}
const OPEN = { state: 'open', signedOut: false } as const

const figures = (status: Status, nowMs = NOW) =>
  stagesOf(status, nowMs).flatMap(({ name, figures }) =>
    figures.map(
      ({ label, value, tone }) => `${name} ${label}: ${value}${tone ? ` (${tone})` : ''}`,
    ),
  )

test('every state of the server has a sign of its own', () => {
  const names = Status.shape.state.shape.name.options
  assert.equal(new Set(names.map((name) => LOOKS[name].icon)).size, names.length)
})

test('what the server said last holds only while it speaks', () => {
  assert.equal(standingOf(STATUS, OPEN).name, 'Live')
  assert.equal(standingOf(STATUS, { ...OPEN, state: 'lost' }).name, 'Disconnected')
  assert.equal(standingOf(null, { ...OPEN, state: 'connecting' }).name, 'Connecting')
  assert.equal(standingOf(null, { ...OPEN, state: 'lost' }).name, 'Disconnected')
  const out = standingOf(STATUS, { state: 'lost', signedOut: true })
  assert.match(out.sentence, /sign in/)
})

test('why landing stopped is told once, beside its remedy', () => {
  const stopped = { message: 'the table was changed', remedy: 'Mend it.' }
  const sentence = `${stoppedText(stopped)} These are simulated trades, not a market.`
  const state = { name: 'Degraded' as const, sentence }
  assert.equal(
    standingOf({ ...STATUS, state, landing_stopped: stopped }, OPEN).sentence,
    'Landing has stopped. These are simulated trades, not a market.',
  )
})

test('the stages tell the way of a trade in numbers', () => {
  assert.deepEqual(figures(STATUS), [
    'Feed trades/s: 1,234',
    'Feed latency p50 / p99: 12 ms / 1.0 s',
    'Tape records: 1,234,567',
    'Tape append p50 / p99: –',
    'Tape buffer: 3%',
    'Lake lag: 1,204 · 2.1 s',
    'Lake last commit: 4 s ago',
    'Lake committed: 12,000 rows · 1.23 MB',
    'Query running: 1',
    'Query took p50 / p99: 34 ms / 890 ms',
  ])
})

test('the age of the last commit goes on while nothing new is told', () => {
  assert.ok(figures(STATUS, NOW + 61_000).includes('Lake last commit: 1 min 5 s ago'))
})

test('a buffer that fills and a lake that lags are coloured', () => {
  const full = { ...STATUS, tape: { ...STATUS.tape, buffer_fill: 0.93 } }
  assert.ok(figures(full).includes('Tape buffer: 93% (bad)'))
  const late = { ...STATUS, lake: { ...STATUS.lake, lag_seconds: 412 } }
  assert.ok(figures(late).includes('Lake lag: 1,204 · 6 min 52 s (warn)'))
})

test('a lake without a commit, and a tape without a queue, say so', () => {
  const fresh = {
    ...STATUS,
    tape: { ...STATUS.tape, buffer_fill: null },
    lake: { lag_records: null, lag_seconds: null, last_commit: null },
  }
  const all = figures(fresh)
  assert.ok(all.includes('Lake lag: –'))
  assert.ok(all.includes('Lake last commit: –'))
  assert.ok(!all.some((line) => line.includes('buffer')))
})

test('dropped is red with a sign, marked is yellow with another', () => {
  assert.deepEqual(marksOf(STATUS.tape), [])
  const marks = marksOf({ ...STATUS.tape, dropped_today: 1, marked_today: 1200 })
  assert.deepEqual(
    marks.map(({ tone, icon, text }) => [tone, icon, text]),
    [
      ['bad', 'cross', 'Dropped: 1 gap'],
      ['warn', 'triangle', 'Marked: 1,200'],
    ],
  )
})

test('gaps and rates are told in words', () => {
  assert.equal(showGaps({ count: 0, seconds: 0, latest: [] }), 'No gaps')
  assert.equal(showGaps({ count: 1, seconds: 42, latest: [] }), '1 gap · 42 s')
  assert.equal(showGaps({ count: 57, seconds: 642.5, latest: [] }), '57 gaps · 10 min 43 s')
  assert.equal(showRate(0), '0')
  assert.equal(showRate(0.42), '0.4')
  assert.equal(showRate(12.4), '12')
})
