import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '../flow/clock.ts'
import { Fault, isFault } from '../flow/fault.ts'
import type { FeedEvent } from '../market/feed-events.ts'
import { patientAppend } from './patient-append.ts'

const full = () => new Fault('unavailable', 'the disk is full', { remedy: 'Free space.' })
const EVENTS: readonly FeedEvent[] = []

/** A tape that fails as often as `failures` says; `asleep` is called in each wait. */
function patient(failures: readonly Fault[], asleep: (waits: number) => void = () => undefined) {
  const left = [...failures]
  const taken: (readonly FeedEvent[])[] = []
  const told: string[] = []
  const waits: number[] = []
  const stop = new AbortController()
  let retries = 0
  const clock: Clock = {
    now: () => 0,
    monotonic: () => 0,
    sleep: async (ms) => {
      waits.push(ms)
      asleep(waits.length)
    },
  }
  const append = patientAppend(
    async (events) => {
      taken.push(events)
      const fault = left.shift()
      if (fault !== undefined) throw fault
    },
    {
      clock,
      signal: stop.signal,
      random: { next: () => 1, integer: () => 0 },
      log: (level, message) => void told.push(`${level}: ${message}`),
      metrics: { add: () => void (retries += 1), set: () => undefined },
    },
  )
  return { append, taken, told, waits, stop, retries: () => retries }
}

test('the same append is tried again until the tape takes it, with growing waits', async () => {
  const { append, taken, waits, retries } = patient([full(), full(), full()])
  await append(EVENTS)
  assert.deepEqual(taken, [EVENTS, EVENTS, EVENTS, EVENTS])
  assert.deepEqual(waits, [100, 200, 400])
  assert.equal(retries(), 3)
})

test('it is said once that the tape does not take records, and once that it does again', async () => {
  const { append, told } = patient([full(), full()])
  await append(EVENTS)
  await append(EVENTS)
  assert.deepEqual(told, [
    'error: the disk is full: what comes waits in memory',
    'info: the tape takes records again',
  ])
})

test('the end is met by one more try, whose failure is thrown', async () => {
  const { append, taken, stop } = patient(Array.from({ length: 9 }, full), (waits) => {
    if (waits === 2) stop.abort()
  })
  await assert.rejects(append(EVENTS), (error) => isFault(error, 'unavailable'))
  assert.equal(taken.length, 3)
})

test('what no wait can mend is thrown at once', async () => {
  const { append, taken } = patient([new Fault('invalid', 'another source', { remedy: '…' })])
  await assert.rejects(append(EVENTS), (error) => isFault(error, 'invalid'))
  assert.equal(taken.length, 1)
})
