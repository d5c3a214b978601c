import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { Trade } from '../../../../src/serve/contract/market.ts'
import { createTape, PENDING_MAX, SHOWN_MAX } from './tape.ts'

const START_MS = Date.parse('2026-11-20T15:00:00.000Z')
/** Trades of one moment: the lake's order within it is not the tape's. */
const SAME_MOMENT = 3

/** The i-th trade of a tape of two partitions. */
const trade = (i: number): Trade => {
  const ts = new Date(START_MS + Math.floor(i / SAME_MOMENT)).toISOString()
  return {
    id: `${i % 2}:${Math.floor(i / 2)}`,
    symbol: `S${i % 5}`,
    price: i % 7,
    volume: 1,
    conditions: null,
    session: 'regular',
    ts,
    received_at: ts,
  }
}
const placeOf = (id: string) => id.split(':').map(Number)
const run = (first: number, next: number) =>
  Array.from({ length: Math.max(0, next - first) }, (_, i) => trade(first + i))

const steps = fc.array(
  fc.oneof(
    fc.record({ does: fc.constant('batch' as const), count: fc.nat(400), skips: fc.nat(5) }),
    fc.record({ does: fc.constant('reconnect' as const), back: fc.nat(80), gap: fc.nat(30) }),
    fc.record({ does: fc.constantFrom('hold' as const, 'release' as const, 'older' as const) }),
  ),
  { maxLength: 60 },
)

test('whatever comes, is held, is lost or read back: each trade is once in the list, in the order of the tape', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const tape = createTape()
      let next = 5000
      for (const step of all) {
        switch (step.does) {
          case 'batch': {
            const first = next + step.skips
            next = first + step.count
            tape.take({ trades: run(first, next), skipped: step.count === 0 ? 0 : step.skips })
            break
          }
          case 'reconnect': {
            tape.interrupt({ updates: null })
            next += step.gap
            tape.take({ trades: run(Math.max(5000, next - step.back), next), skipped: 0 })
            break
          }
          case 'hold':
            tape.hold()
            break
          case 'release':
            tape.release()
            break
          case 'older': {
            const asked = tape.older()
            if (asked !== null) tape.takeOlder(lake(next, asked.before))
          }
        }
        check(tape.rows())
      }
    }),
  )
})

/** What the server answers: newest first, by time and then partition and offset. */
function lake(next: number, before: string | null) {
  const isBefore = (trade: Trade) =>
    before === null || (before.includes('/') ? after(trade, before) : trade.ts < before)
  const found = run(4000, next)
    .toSorted((a, b) => order(b, a))
    .filter(isBefore)
    .slice(0, 100)
  const last = found.at(-1)
  return { trades: found, next: last === undefined ? null : `${last.ts}/${last.id}` }
}

function order(a: Trade, b: Trade): number {
  const [aPartition = 0, aOffset = 0] = placeOf(a.id)
  const [bPartition = 0, bOffset = 0] = placeOf(b.id)
  return Date.parse(a.ts) - Date.parse(b.ts) || bPartition - aPartition || aOffset - bOffset
}
const after = (a: Trade, place: string): boolean => {
  const [ts = '', id = ''] = place.split('/')
  return order(a, { ...a, ts, id }) < 0
}

function check(rows: ReturnType<ReturnType<typeof createTape>['rows']>): void {
  assert.ok(rows.length <= SHOWN_MAX + PENDING_MAX)
  const keys = rows.map(({ key }) => key)
  assert.equal(new Set(keys).size, keys.length)
  const last = new Map<number, number>()
  for (const row of rows) {
    if (row.kind !== 'trade') continue
    const [partition = 0, offset = 0] = placeOf(row.trade.id)
    assert.ok(offset < (last.get(partition) ?? Infinity), `${row.key} is out of order`)
    last.set(partition, offset)
  }
}
