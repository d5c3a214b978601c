import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Bar, Interval } from '../../../../src/serve/contract/market.ts'
import { holeOf, placesOf, type Hole } from './holes.ts'
import { place } from './placed.ts'
import { changeOf, reach, slotsOf } from './slots.ts'

/** A Friday; New York is five hours behind UTC. */
const ms = (clock: string) => Date.parse(`2026-11-20T${clock}Z`)
const bar = (clock: string, session: Bar['session'] = 'regular'): Bar => ({
  symbol: 'AAPL',
  bucket: new Date(ms(clock)).toISOString(),
  session,
  open: 1,
  high: 1,
  low: 1,
  close: 1,
  volume: 1,
  trades: 1,
  vwap: 1,
})
const hole = (from: string, to: string): Hole => ({
  fromMs: ms(from),
  toMs: ms(to),
  cause: 'feed',
  open: false,
  symbols: [],
})
const slots = (bars: readonly Bar[], holes: readonly Hole[], interval: Interval = '1m') =>
  slotsOf(
    bars.map((one) => place(one, interval)),
    holes,
    { interval, listing: 'us' },
  )
const clock = (seconds: number) => new Date(seconds * 1000).toISOString().slice(11, 23)

test('a bucket that two sessions share is two places, divided at the open', () => {
  const both = slots([bar('14:00', 'pre'), bar('14:00'), bar('15:00')], [], '1h')
  assert.deepEqual(
    both.map(({ time, fromMs, toMs }) => [clock(time), clock(fromMs / 1000), clock(toMs / 1000)]),
    [
      ['14:00:00.000', '14:00:00.000', '14:30:00.000'],
      ['14:30:00.000', '14:30:00.000', '15:00:00.000'],
      ['15:00:00.000', '15:00:00.000', '16:00:00.000'],
    ],
  )
})

test('bars of one moment stand in the order of their sessions, at times of their own', () => {
  const closing = slots([bar('21:00', 'regular'), bar('21:00', 'post'), bar('21:01', 'post')], [])
  assert.deepEqual(
    closing.map(({ time, session }) => [clock(time), session]),
    [
      ['21:00:00.000', 'regular'],
      ['21:00:00.001', 'post'],
      ['21:01:00.000', 'post'],
    ],
  )
})

test('minutes without trades are left out unless a gap lies there', () => {
  const bars = [bar('15:00'), bar('15:10')]
  assert.equal(slots(bars, []).length, 2)
  const holed = slots(bars, [hole('15:02:30', '15:05')])
  assert.deepEqual(
    holed.map(({ time, bar: it }) => [clock(time).slice(0, 5), it !== null]),
    [
      ['15:00', true],
      ['15:02', false],
      ['15:03', false],
      ['15:04', false],
      ['15:10', true],
    ],
  )
})

test('a gap over a night has places from 04:00 to 20:00 New York time only', () => {
  const places = placesOf({ fromMs: ms('00:50'), toMs: ms('09:10') }, '5m', 'us')
  assert.deepEqual(
    places.map(({ fromMs, session }) => [clock(fromMs / 1000).slice(0, 5), session]),
    [
      ['00:50', 'post'],
      ['00:55', 'post'],
      ['09:00', 'pre'],
      ['09:05', 'pre'],
    ],
  )
})

test('a gap while the market is closed keeps one place, so that it is seen', () => {
  assert.equal(placesOf({ fromMs: ms('06:00'), toMs: ms('07:00') }, '1m', 'us').length, 1)
})

test('a long gap has few places', () => {
  const day = { fromMs: ms('00:00'), toMs: ms('23:59:59') }
  assert.ok(placesOf(day, '1s', 'continuous').length <= 240)
  assert.ok(placesOf(day, '1s', 'continuous').length > 100)
})

test('an open gap reaches to now', () => {
  const gap = {
    symbols: [],
    from: '2026-11-20T15:00:00Z',
    to: '2026-11-20T15:01:00Z',
    cause: 'feed',
  }
  assert.equal(holeOf({ ...gap, open: true }, ms('15:05')).toMs, ms('15:05'))
  assert.equal(holeOf({ ...gap, open: false }, ms('15:05')).toMs, ms('15:01'))
})

test('a stretch of time reaches into its places as far as it lasts', () => {
  const three = slots([bar('15:00'), bar('15:01'), bar('15:05')], [])
  const of = (from: string, to: string) => reach(three, { fromMs: ms(from), toMs: ms(to) })
  assert.deepEqual(of('15:00:30', '15:01:15'), { from: 0.5, to: 1.25 })
  assert.deepEqual(of('15:03', '15:04'), { from: 2, to: 2 }, 'between two places')
  assert.deepEqual(of('14:00', '15:00:30'), { from: 0, to: 0.5 })
  assert.equal(of('14:00', '14:30'), null)
  assert.equal(of('15:06', '15:07'), null)
})

test('a day stands at its date, and a gap lies in it by the New York clock', () => {
  const days = [{ ...bar('00:00'), bucket: '2026-11-20T00:00:00.000Z' }]
  const [day] = slots(days, [], '1d')
  assert.equal(day?.time, ms('00:00') / 1000)
  const noon = reach(slots(days, [], '1d'), { fromMs: ms('17:00'), toMs: ms('23:00') })
  assert.deepEqual(noon, { from: 0.5, to: 0.75 })
})

test('a gap over a weekend of days is seen, and a lost trading day has its place', () => {
  const fromMs = ms('23:00')
  const toMs = fromMs + 3 * 86_400_000
  const places = placesOf({ fromMs, toMs }, '1d', 'us')
  assert.deepEqual(
    places.map(({ timeMs }) => new Date(timeMs).toISOString().slice(0, 10)),
    ['2026-11-20', '2026-11-23'],
  )
})

test('a changed last bar and a new one are told singly, a change of the past wholly', () => {
  const before = slots([bar('15:00'), bar('15:01')], [])
  const last = { ...bar('15:01'), close: 2 }
  const kept = before.slice(0, 1).flatMap((slot) => (slot.bar === null ? [] : [slot.bar]))
  assert.equal(changeOf(before, slots([...kept, last, bar('15:02')], [])), 1)
  assert.equal(changeOf(before, slots([bar('14:59'), ...kept], [])), null)
  assert.equal(changeOf([], before), null)
})

test('a gap after the close has a place of its own beside the bar of the close', () => {
  for (const [interval, last] of [
    ['1h', '22:00'],
    ['15m', '21:15'],
  ] as const) {
    const gap = hole('21:06', '21:14')
    const around = slots([bar('20:00'), bar('21:00'), bar(last, 'post')], [gap], interval)
    const empty = around.filter((slot) => slot.bar === null)
    assert.deepEqual(
      empty.map(({ session, fromMs }) => [session, clock(fromMs / 1000)]),
      [['post', '21:05:00.000']],
      interval,
    )
    const { from, to } = reach(around, gap) ?? { from: 0, to: 0 }
    assert.ok(to > from && around[Math.floor(from)] === empty[0], interval)
  }
  const newest = hole('21:06', '21:50')
  assert.notEqual(reach(slots([bar('20:00'), bar('21:00')], [newest], '1h'), newest), null)
})

test('a short gap in closed hours keeps its length, a long one has one place', () => {
  const night = (from: string, to: string) =>
    placesOf({ fromMs: ms(from), toMs: ms(to) }, '1s', 'us').length
  assert.equal(night('05:00:00', '05:00:08'), 8)
  assert.equal(night('05:00:00', '07:00:00'), 1)
})
