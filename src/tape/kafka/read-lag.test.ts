import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../flow/clock.ts'
import { logId, offset, partition, type Run } from '../../market/records.ts'
import { readLag } from './read-lag.ts'

const run = (at: number, ...receivedMs: number[]): Run => ({
  log: logId('a'),
  partition: partition(at),
  first: offset(0),
  next: offset(receivedMs.length),
  delta: new Uint32Array(receivedMs.length),
  count: receivedMs.length,
  bytes: new Uint8Array(0),
  ends: new Uint32Array(receivedMs.length),
  receivedMs: Float64Array.from(receivedMs),
  redelivered: new Uint8Array(receivedMs.length),
})

test('the lag of each partition is told in records and seconds, and is none once all was fetched', () => {
  const told = new Map<string, number>()
  const clock = { ...systemClock, now: () => 60_000 }
  const metrics = {
    add: () => undefined,
    set: (name: string, value: number, labels = {}) =>
      void told.set(
        `${name.replace('ticklake_kafka_read_lag_', '')} ${JSON.stringify(labels)}`,
        value,
      ),
  }
  const of = (unit: string, at: number) => told.get(`${unit} {"topic":"t","partition":"${at}"}`)
  const lag = readLag({ metrics, clock }, 't')
  lag.fetched({ partition: 0, behind: 70 })
  lag.fetched({ partition: 1, behind: 0 })
  assert.deepEqual([of('records', 0), of('seconds', 0)], [70, 0])
  lag.given(run(0, 10_000, 20_000))
  lag.given(run(1, 30_000))
  assert.deepEqual([of('records', 0), of('seconds', 0)], [70, 40])
  assert.deepEqual([of('records', 1), of('seconds', 1)], [0, 0])
  lag.fetched({ partition: 0, behind: 0 })
  assert.deepEqual([of('records', 0), of('seconds', 0)], [0, 0])
  lag.fetched({ partition: 1, behind: 5 })
  assert.equal(of('seconds', 1), 30)
  lag.over()
  assert.deepEqual([of('records', 1), of('seconds', 1)], [0, 0])
})
