import assert from 'node:assert/strict'
import { test } from 'node:test'
import { steppedClock } from '../../test/fixtures/stepped-clock.ts'
import { createLatency } from './latency.ts'

test('percentiles are of the last minute, within a step', () => {
  const clock = steppedClock()
  const latency = createLatency(clock)
  assert.equal(latency.percentiles(), null)
  for (let ms = 1; ms <= 1000; ms++) latency.add(ms)
  const { p50, p99 } = latency.percentiles() ?? { p50: NaN, p99: NaN }
  assert.ok(Math.abs(p50 - 500) < 45, String(p50))
  assert.ok(Math.abs(p99 - 990) < 90, String(p99))
  clock.advance(30_000)
  latency.add(-5)
  assert.notEqual(latency.percentiles()?.p50, 1)
  clock.advance(30_500)
  assert.deepEqual(latency.percentiles(), { p50: 1, p99: 1 })
  clock.advance(61_000)
  assert.equal(latency.percentiles(), null)
})
