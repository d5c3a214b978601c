import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { systemClock } from '../flow/clock.ts'
import { isFault } from '../flow/fault.ts'
import { noMetrics } from '../flow/metrics.ts'
import { systemRandom } from '../flow/random.ts'
import { OPEN } from './kafka/security.ts'
import { kafkaLease } from './kafka-lease.ts'

const UNUSED_PORT = 1
const GIVEN_UP_MS_MAX = 1_000
/** Less than making the topics is tried for. */
const TOLD_MS_MAX = 5_000

const leaseAt = (port: number, told: string[] = []) =>
  kafkaLease({
    brokers: [{ host: '127.0.0.1', port }],
    security: OPEN,
    topic: 't',
    clock: systemClock,
    random: systemRandom,
    log: (_level, message) => void told.push(message),
    metrics: noMetrics,
  })

/** Gives up when `moment` has come; answers how long that took. */
async function givenUp(take: ReturnType<typeof leaseAt>, moment: Promise<void>): Promise<number> {
  const giveUp = new AbortController()
  const waiting = take(giveUp.signal)
  waiting.catch(() => undefined)
  await moment
  const began = performance.now()
  giveUp.abort()
  await assert.rejects(waiting, (error) => isFault(error, 'closed'))
  return performance.now() - began
}

test('brokers that are away are waited for, which is said at once and given up at once', async () => {
  const told: string[] = []
  const moment = (async () => {
    const deadline = performance.now() + TOLD_MS_MAX
    while (told.length === 0 && performance.now() < deadline) await systemClock.sleep(20)
  })()
  assert.ok((await givenUp(leaseAt(UNUSED_PORT, told), moment)) < GIVEN_UP_MS_MAX)
  assert.match(told.join('\n'), /cannot reach the broker 127\.0\.0\.1:1: .*waiting for it/)
})

test('the wait for a broker that does not answer is given up at once', async () => {
  await using mute = createServer((socket) => socket.on('error', () => undefined).resume())
  const met = once(mute, 'connection').then(() => undefined)
  mute.listen(0, '127.0.0.1')
  await once(mute, 'listening')
  const { port } = mute.address() as { port: number }
  assert.ok((await givenUp(leaseAt(port), met)) < GIVEN_UP_MS_MAX)
})
