import assert from 'node:assert/strict'
import { test } from 'node:test'
import { feedClient } from '../../test/fixtures/feed-client.ts'
import { until } from '../../test/fixtures/stepped-clock.ts'
import { inRegularHours, sessionShape } from './simulated-hours.ts'
import { LISTINGS, listingOf } from './simulated-symbols.ts'
import { simulateFrames, simulateTrades, startSimulator } from './simulator.ts'

type Trade = {
  readonly c: readonly string[] | null
  readonly p: number
  readonly s: string
  readonly t: number
  readonly v: number
}
const OPEN_MS = Date.UTC(2026, 10, 23, 15) // a Monday, 10:00 in New York
const HOUR_MS = 3_600_000
const tradesOf = (frame: Uint8Array | string): readonly Trade[] =>
  (JSON.parse(Buffer.from(frame).toString()) as { data: readonly Trade[] }).data
const simulated = (over: Partial<Parameters<typeof simulateTrades>[0]> = {}) =>
  simulateTrades({
    seed: 5,
    fromMs: OPEN_MS,
    toMs: OPEN_MS + 60_000,
    ratePerSecond: 500,
    ...over,
  })
    .toArray()
    .flatMap(tradesOf)

test('the same seed gives the same bytes, another seed others', () => {
  const bytes = (seed: number) => {
    const stretch = { seed, fromMs: OPEN_MS, toMs: OPEN_MS + 5_000, ratePerSecond: 100 }
    return Buffer.concat(simulateTrades(stretch).toArray()).toString()
  }
  assert.equal(bytes(1), bytes(1))
  assert.notEqual(bytes(1), bytes(2))
})

test('the rate is the one asked for, in the stretch asked for', () => {
  const trades = simulated()
  assert.ok(Math.abs(trades.length / 30_000 - 1) < 0.05)
  assert.ok(trades.every(({ t }) => t > OPEN_MS - 300 && t < OPEN_MS + 60_100))
})

test('prices move in ticks and stay plausible for hours', () => {
  const trades = simulated({ toMs: OPEN_MS + 6 * HOUR_MS, ratePerSecond: 2 })
  for (const { s, p, v } of trades) {
    const listing = listingOf(s)
    assert.ok(Math.abs(p / listing.price - 1) < 0.25, `${s} at ${p}`)
    assert.ok(Math.abs(p * 200 - Math.round(p * 200)) < 1e-6, `${s} at ${p}`)
    assert.ok(String(p).length <= 9 && v > 0)
  }
})

test('condition sets come in realistic shares', () => {
  const trades = simulated().filter(({ c }) => c !== null)
  const share = (holds: (trade: Trade) => boolean) => trades.filter(holds).length / trades.length
  const sets = new Set(trades.map(({ c }) => c?.join()))
  assert.deepEqual(sets, new Set(['1', '1,12', '1,8', '1,8,12']))
  const sweeps = share(({ c }) => c?.includes('8') === true)
  assert.ok(sweeps > 0.38 && sweeps < 0.48)
  assert.ok(trades.every(({ c, v }) => c?.includes('12') === v < 100))
})

test('outside regular hours, on weekends and on holidays trades carry form T', () => {
  for (const timeMs of [
    OPEN_MS + 10 * HOUR_MS,
    Date.UTC(2026, 10, 22, 15),
    Date.UTC(2026, 11, 25, 15),
  ]) {
    const trades = simulated({ fromMs: timeMs, toMs: timeMs + 5_000 })
    assert.ok(trades.length > 100)
    assert.ok(trades.every(({ c }) => c === null || c.includes('24')))
  }
})

test('crypto trades carry no conditions and fractional volumes', () => {
  const trades = simulated({ symbols: ['BINANCE:BTCUSDT'], ratePerSecond: 50 })
  assert.ok(trades.length > 1_000)
  assert.ok(trades.every(({ c, v }) => c === null && v > 0))
  assert.ok(trades.some(({ v }) => v % 1 !== 0))
})

test('some trades come out of order, and many share a millisecond', () => {
  const trades = simulated()
  const late = trades.filter(({ t }, i) => t < (trades[i - 1]?.t ?? 0)).length
  assert.ok(late > trades.length * 0.001 && late < trades.length * 0.02)
  const times = new Set(trades.map(({ s, t }) => `${s} ${t}`))
  assert.ok(times.size < trades.length * 0.85)
})

test('the first listed symbols trade most', () => {
  const counts = new Map<string, number>()
  for (const { s } of simulated()) counts.set(s, (counts.get(s) ?? 0) + 1)
  const [first, , , , , , , , , tenth] = LISTINGS.map(({ symbol }) => counts.get(symbol) ?? 0)
  assert.ok((first ?? 0) > 4 * (tenth ?? 0))
})

test('a frame has up to 29 trades, and says what is in it', () => {
  const stretch = { seed: 1, fromMs: OPEN_MS, toMs: OPEN_MS + 2_000, ratePerSecond: 5_000 }
  for (const frame of simulateFrames(stretch)) {
    const trades = tradesOf(frame.bytes)
    assert.ok(trades.length <= 29)
    assert.equal(frame.trades, trades.length)
    assert.deepEqual(frame.symbols, [...new Set(trades.map(({ s }) => s))])
  }
})

test('the session shape is busiest at the open and averages one over the day', () => {
  const openMs = Date.UTC(2026, 10, 23, 14, 30)
  const steps = Array.from({ length: 390 }, (_, i) => sessionShape(openMs + i * 60_000))
  const mean = steps.reduce((sum, step) => sum + step, 0) / steps.length
  assert.ok(Math.abs(mean - 1) < 0.02)
  assert.ok((steps[0] ?? 0) > 2 * (steps[195] ?? 0))
  assert.ok(!inRegularHours(openMs - 1) && inRegularHours(openMs))
})

test('a live simulator trades whatever symbol a client asks for, now', async () => {
  await using simulator = await startSimulator({ seed: 1, ratePerSecond: 500, settleMs: 0 })
  await using client = await feedClient(simulator.url)
  client.subscribe('AAPL', 'NEW.CO')
  const heard = () => client.frames.filter((frame) => frame.includes('trade')).flatMap(tradesOf)
  await until(() => new Set(heard().map(({ s }) => s)).size === 2)
  assert.ok(heard().every(({ t }) => Math.abs(t - Date.now()) < 5_000))
  assert.ok(heard().every(({ s }) => s === 'AAPL' || s === 'NEW.CO'))
})
