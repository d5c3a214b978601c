import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Trade } from '../../../../src/serve/contract/market.ts'
import { createTape, PENDING_MAX, SHOWN_MAX, type Tape } from './tape.ts'

const START_MS = Date.parse('2026-11-20T15:00:00.000Z')

const trade = (offset: number, { price = 100, symbol = 'AAPL', partition = 0 } = {}): Trade => {
  const ts = new Date(START_MS + offset).toISOString()
  return {
    id: `${partition}:${offset}`,
    symbol,
    price,
    volume: 1,
    conditions: null,
    session: 'regular',
    ts,
    received_at: ts,
  }
}
const run = (first: number, next: number) =>
  Array.from({ length: next - first }, (_, i) => trade(first + i))
const take = (tape: Tape, trades: readonly Trade[], skipped = 0) => tape.take({ trades, skipped })

/** Rows as a person would read them, newest first. */
const shown = (tape: Tape): readonly string[] =>
  tape.rows().map((row) => {
    if (row.kind === 'trade') return row.trade.id
    return row.kind === 'more' ? `… ${row.count}` : `missed ${row.missed.updates}`
  })
const ticks = (tape: Tape) => tape.rows().map((row) => (row.kind === 'trade' ? row.tick : '…'))

test('the newest trade is on top', () => {
  const tape = createTape()
  take(tape, run(0, 2))
  take(tape, run(2, 4))
  assert.deepEqual(shown(tape), ['0:3', '0:2', '0:1', '0:0'])
})

test('a tick is against the trade of the same symbol before it', () => {
  const tape = createTape()
  take(tape, [trade(0, { price: 10 }), trade(1, { price: 99, symbol: 'MSFT' })])
  take(tape, [trade(2, { price: 11 }), trade(3, { price: 11 }), trade(4, { price: 10.5 })])
  assert.deepEqual(ticks(tape), ['down', 'same', 'up', null, null])
})

test('a trade that the stream says again after a reconnect is shown once, and nothing counts as missed', () => {
  const tape = createTape()
  take(tape, run(0, 5))
  tape.interrupt({ updates: null })
  take(tape, run(2, 7), 40)
  assert.deepEqual(shown(tape), ['0:6', '0:5', '0:4', '0:3', '0:2', '0:1', '0:0'])
})

test('a stream that goes on past what is known leaves a row that says so', () => {
  const tape = createTape()
  take(tape, run(0, 2))
  tape.interrupt({ updates: null })
  take(tape, [])
  take(tape, run(10, 12), 3)
  assert.deepEqual(shown(tape), ['0:11', '0:10', '… 3', 'missed null', '0:1', '0:0'])
  const missed = tape.rows().find(({ kind }) => kind === 'missed')
  assert.equal(missed?.kind === 'missed' && missed.missed.from.id, '0:1')
  assert.equal(missed?.kind === 'missed' && missed.missed.to.id, '0:10')
})

test('batches that were not sent are added up in one row', () => {
  const tape = createTape()
  take(tape, run(0, 1))
  tape.interrupt({ updates: 4 })
  tape.interrupt({ updates: 3 })
  take(tape, run(9, 10))
  assert.deepEqual(shown(tape), ['0:9', 'missed 7', '0:0'])
})

test('each partition is compared with itself alone', () => {
  const tape = createTape()
  const other = (offset: number) => trade(offset, { partition: 1 })
  take(tape, [trade(5), other(2)])
  take(tape, [trade(4), other(2), trade(5), other(3), trade(6)])
  assert.deepEqual(shown(tape), ['0:6', '1:3', '1:2', '0:5'])
})

test('a tape that began anew has the same places with other trades', () => {
  const tape = createTape()
  take(tape, [trade(0), trade(1)])
  tape.interrupt({ updates: null })
  const later = { ...trade(0), ts: trade(100).ts }
  take(tape, [later])
  assert.deepEqual(shown(tape), ['0:0', 'missed null', '0:1', '0:0'])
})

test('a late trade among known ones is new', () => {
  const tape = createTape()
  take(tape, run(0, 5))
  tape.interrupt({ updates: null })
  take(tape, [trade(0), trade(1), trade(6), trade(2), trade(3), trade(4)])
  assert.deepEqual(shown(tape), ['0:6', '0:4', '0:3', '0:2', '0:1', '0:0'])
})

test('while held nothing moves, and what came is counted with what was skipped', () => {
  const tape = createTape()
  take(tape, run(0, 2))
  tape.hold()
  take(tape, run(2, 4))
  take(tape, run(9, 10), 5)
  assert.deepEqual(shown(tape), ['0:1', '0:0'])
  assert.equal(tape.fresh(), 8)
  tape.release()
  assert.deepEqual(shown(tape), ['0:9', '… 5', '0:3', '0:2', '0:1', '0:0'])
  assert.equal(tape.fresh(), 0)
  assert.equal(tape.held(), false)
})

test('a long pause keeps the newest and counts the rest', () => {
  const tape = createTape()
  take(tape, run(0, 1))
  tape.hold()
  const came = 3 * PENDING_MAX
  for (let i = 0; i < came; i += 10) take(tape, run(1 + i, 11 + i), 1)
  tape.release()
  const rows = tape.rows()
  assert.ok(rows.length <= PENDING_MAX + 1)
  const counted = rows.reduce((sum, row) => {
    if (row.kind === 'trade') return sum + 1
    return row.kind === 'more' ? sum + row.count : sum
  }, 0)
  assert.equal(counted, 1 + came + came / 10)
  assert.equal(shown(tape)[0], `0:${came}`)
  assert.equal(shown(tape).at(-1), '0:0')
})

test('what was cut in a pause does not come back after a reconnect', () => {
  const tape = createTape()
  tape.hold()
  take(tape, run(0, 2 * PENDING_MAX))
  tape.interrupt({ updates: null })
  take(tape, run(PENDING_MAX - 50, 2 * PENDING_MAX + 1))
  tape.release()
  const ids = shown(tape).filter((id) => id.startsWith('0:'))
  assert.deepEqual(ids[0], `0:${2 * PENDING_MAX}`)
  assert.equal(new Set(ids).size, ids.length)
  assert.deepEqual(
    ids,
    ids.toSorted((a, b) => Number(b.slice(2)) - Number(a.slice(2))),
  )
})

test('a day of trades stays bounded', () => {
  const tape = createTape()
  for (let i = 0; i < 20_000; i += 100) take(tape, run(i, i + 100), 1900)
  assert.equal(tape.rows().length, SHOWN_MAX)
  assert.equal(tape.older(), null)
})

test('older trades go below, once each, and give their tick to what had nothing before it', () => {
  const tape = createTape()
  take(tape, [trade(10, { price: 5 }), trade(11, { price: 6 })])
  const asked = tape.older()
  assert.equal(asked?.before, new Date(START_MS + 12).toISOString())
  if (asked === null) return
  tape.takeOlder({
    trades: [trade(11), trade(10), trade(9, { price: 7 }), trade(8, { price: 7 })],
    next: 'on',
  })
  assert.deepEqual(shown(tape), ['0:11', '0:10', '0:9', '0:8'])
  assert.deepEqual(ticks(tape), ['up', 'down', 'same', null])
  assert.equal(tape.older()?.before, 'on')
  take(tape, run(10, 13))
  assert.equal(shown(tape)[0], '0:12')
  const again = tape.older()
  if (again !== null) tape.takeOlder({ trades: [], next: null })
  assert.equal(tape.older(), null)
})

test('trades of an earlier tape go below, whatever their places were', () => {
  const tape = createTape()
  take(tape, run(100, 102))
  const before = { ...trade(500), ts: trade(-7).ts }
  const same = { ...trade(100), ts: trade(-8).ts }
  tape.takeOlder({ trades: [before, same], next: null })
  assert.deepEqual(shown(tape), ['0:101', '0:100', '0:500', '0:100'])
})

test('what the stream skipped is not put below as older, though it is of the same moment', () => {
  const tape = createTape()
  const at = trade(7).ts
  take(tape, [{ ...trade(7), ts: at }])
  take(tape, [{ ...trade(9), ts: at }], 1)
  const asked = tape.older()
  const answer = [trade(9), trade(8), trade(7), trade(6)].map((each) => ({ ...each, ts: at }))
  if (asked !== null) tape.takeOlder({ trades: answer, next: null })
  assert.deepEqual(shown(tape), ['0:9', '… 1', '0:7', '0:6'])
})
