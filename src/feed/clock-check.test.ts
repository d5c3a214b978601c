import assert from 'node:assert/strict'
import { test } from 'node:test'
import { steppedClock } from '../../test/fixtures/stepped-clock.ts'
import { isFault } from '../flow/fault.ts'
import { noMetrics } from '../flow/metrics.ts'
import type { Records } from '../market/records.ts'
import { createClockCheck, tradeTimeMs } from './clock-check.ts'

const HOUR_MS = 3_600_000
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text))

function tradeAt(timeMs: number): Records {
  const bytes = bytesOf(`{"p":1,"s":"A","t":${timeMs},"v":1}`)
  return {
    count: 1,
    bytes,
    ends: Uint32Array.of(bytes.length),
    receivedMs: Float64Array.of(0),
    redelivered: new Uint8Array(1),
  }
}

const given = () => {
  const clock = steppedClock()
  const lines: string[] = []
  const check = createClockCheck(clock, (_level, message) => lines.push(message), noMetrics)
  const trades = (aheadMs: number, times: number) => {
    for (let i = 0; i < times; i++) {
      clock.advance(200)
      check.atTrades(tradeAt(clock.now() + aheadMs))
    }
  }
  return { clock, lines, check, trades }
}

test('trades an hour ahead, one after the other, tell that our clock is wrong', () => {
  const { check, trades } = given()
  check.atHandshake(null)
  trades(HOUR_MS, 19)
  assert.throws(
    () => trades(HOUR_MS, 1),
    (error) => isFault(error, 'invalid') && /clock is 60 min behind the trades/.test(error.message),
  )
})

test('one good trade between bad ones clears our clock', () => {
  const { check, trades } = given()
  check.atHandshake(null)
  for (let i = 0; i < 5; i++) {
    trades(HOUR_MS, 19)
    trades(-50, 1)
  }
})

test('trades ahead of a clock that the server agreed with are only warned about', () => {
  const { check, clock, trades, lines } = given()
  check.atHandshake(clock.now())
  trades(HOUR_MS, 50)
  assert.ok(lines.length > 0)
})

test('…unless the clock was set since', () => {
  const { check, clock, trades } = given()
  check.atHandshake(clock.now())
  clock.setWall(clock.now() - HOUR_MS)
  assert.throws(() => trades(HOUR_MS, 20))
})

test('trades of the past say nothing of our clock', () => {
  const { check, trades, lines } = given()
  check.atHandshake(null)
  trades(-500 * HOUR_MS, 50)
  assert.deepEqual(lines, [])
})

test('a time is read only where it stands plainly', () => {
  assert.equal(tradeTimeMs(bytesOf('{"s":"A","t": 1795446000000 ,"v":1}')), 1_795_446_000_000)
  assert.equal(tradeTimeMs(bytesOf('{"s":"A","t":1.5e12}')), null)
  assert.equal(tradeTimeMs(bytesOf('{"s":"A"}')), null)
})
