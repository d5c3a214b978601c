import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { systemClock } from '../../src/flow/clock.ts'
import { silent } from '../../src/flow/log.ts'
import { noMetrics } from '../../src/flow/metrics.ts'
import { systemRandom } from '../../src/flow/random.ts'
import { recordBytes } from '../../src/market/records.ts'
import { patientAppend } from '../../src/tape/patient-append.ts'
import type { Tape } from '../../src/tape/tape.ts'
import { startKafka, type Kafka } from '../../stack/kafka.ts'
import { withoutKafka } from '../../stack/kafka/needs.ts'
import { blockOf, ends, never } from '../conformance/tape-samples.ts'
import { administer, makePlace, MS_MAX, type Place } from './kafka-world.ts'

const SYMBOLS = Array.from({ length: 40 }, (_, i) => `S${i}`)
const encoder = new TextEncoder()

/** Records `first` to `next` - 1, of forty symbols in turn. */
const block = (first: number, next: number) =>
  blockOf(
    Array.from({ length: next - first }, (_, i) => {
      const symbol = SYMBOLS[(first + i) % SYMBOLS.length] ?? ''
      return { symbol, bytes: encoder.encode(`{"p":1,"s":"${symbol}","t":1,"v":${first + i}}`) }
    }),
  )

/** As the recorder appends: what the tape does not take is tried again, the same. */
const patient = (tape: Tape) =>
  patientAppend(tape.append, {
    signal: never,
    clock: systemClock,
    random: systemRandom,
    log: silent,
    metrics: noMetrics,
  })

/** Appends blocks until `enough`, a pause after each; answers how many records were acknowledged. */
async function appendUntil(
  tape: Tape,
  { size = 200, pauseMs = 5 }: { readonly size?: number; readonly pauseMs?: number },
  enough: (sent: number) => boolean,
): Promise<number> {
  const append = patient(tape)
  let sent = 0
  for (; !enough(sent); sent += size) {
    await append([block(sent, sent + size)])
    if (pauseMs > 0) await delay(pauseMs)
  }
  return sent
}

/** Each of `count` records is on the tape exactly once, and each symbol's in the order of their numbers. */
async function isWhole(tape: Tape, count: number): Promise<void> {
  const times = new Uint8Array(count)
  const last = new Map<string, number>()
  const until = ends(await tape.trades.bounds())
  for await (const run of tape.trades.read(new Map(), until, never))
    for (let i = 0; i < run.count; i++) {
      const text = Buffer.from(recordBytes(run, i)).toString()
      const [, symbol = '', number = ''] = /"s":"(S\d+)".*"v":(\d+)/.exec(text) ?? []
      const value = Number(number)
      assert.ok(value > (last.get(symbol) ?? -1), `${symbol}: ${value} after ${last.get(symbol)}`)
      last.set(symbol, value)
      times[value] = (times[value] ?? 0) + 1
    }
  const missing = times.filter((n) => n === 0).length
  assert.deepEqual([missing, times.filter((n) => n > 1).length], [0, 0], 'missing, repeated')
}

/** Much of it is waiting, so both clusters run at once. */
const AT_ONCE = { skip: withoutKafka(), timeout: MS_MAX, concurrency: true }

/** …each with one test at a time. */
const IN_TURN = { concurrency: 1 }

// What is at stake here is the client's: how it answers the loss of connections and leaders (Kafka 4 alone).
describe('a tape on Kafka', AT_ONCE, () => {
  describe('brokers that go away', IN_TURN, () => {
    let kafka: Kafka
    before(async () => void (kafka = await startKafka({ version: '4', brokers: 3, heapMb: 256 })))
    after(() => kafka[Symbol.asyncDispose]())

    /** The broker that leads the most partitions. */
    const leaderOf = async ({ topic }: Place): Promise<number> => {
      const metadata = await administer(kafka, (admin) => admin.metadata({ topics: [topic] }))
      const leaders = metadata.topics.get(topic)?.partitions.map(({ leader }) => leader) ?? []
      return leaders.toSorted((a, b) => a - b)[Math.floor(leaders.length / 2)] ?? 0
    }

    it('lose, repeat and reorder nothing while leaders are killed under load', async (t) => {
      const place = await makePlace(kafka, { partitions: 6 })
      await using tape = await place.open()
      let over = false
      const appending = appendUntil(tape, {}, () => over)
      appending.catch(() => undefined)
      for (let round = 0; round < 2; round++) {
        await delay(1_000)
        const victim = kafka.broker(await leaderOf(place))
        await victim.kill()
        await delay(3_000)
        await victim.start()
      }
      await delay(1_000)
      over = true
      const sent = await appending
      t.diagnostic(`${sent} records`)
      await isWhole(tape, sent)
    })

    it('make an append wait while too few replicas are in sync, and it is written once', async (t) => {
      const place = await makePlace(kafka, {
        partitions: 3,
        config: { 'min.insync.replicas': '3' },
      })
      await using tape = await place.open()
      await patient(tape)([block(0, 100)])
      await kafka.broker(2).kill()
      await delay(3_000) // until the cluster has noticed
      let done = false
      const appending = patient(tape)([block(100, 200)]).then(() => (done = true))
      await delay(7_000)
      assert.equal(done, false)
      const failing = kafka.broker(2).start()
      const began = performance.now()
      await failing
      await appending
      t.diagnostic(`${Math.round(performance.now() - began)} ms after the start`)
      await isWhole(tape, 200)
    })
  })

  describe('a network that fails', IN_TURN, () => {
    let kafka: Kafka
    before(async () => void (kafka = await startKafka({ version: '4', proxied: true })))
    after(() => kafka[Symbol.asyncDispose]())

    it('cut every 150 ms, 300 thousand records are there once and in order', async (t) => {
      const place = await makePlace(kafka, { partitions: 8 })
      await using tape = await place.open()
      const { proxy } = kafka.broker(1)
      const cutting = setInterval(() => proxy.cut(), 150)
      try {
        const began = performance.now()
        await appendUntil(tape, { size: 2_000, pauseMs: 0 }, (sent) => sent >= 300_000)
        t.diagnostic(`${Math.round(performance.now() - began)} ms`)
      } finally {
        clearInterval(cutting)
      }
      await isWhole(tape, 300_000)
    })

    it('frozen for 20 s, nothing is lost or written twice', async (t) => {
      const place = await makePlace(kafka, { partitions: 8 })
      await using tape = await place.open()
      const { proxy } = kafka.broker(1)
      let over = false
      const appending = appendUntil(tape, {}, () => over)
      await delay(500)
      proxy.freeze(true)
      await delay(20_000)
      proxy.freeze(false)
      await delay(1_000)
      over = true
      const began = performance.now()
      const sent = await appending
      t.diagnostic(`${sent} records; ${Math.round(performance.now() - began)} ms to the end`)
      await isWhole(tape, sent)
    })
  })
})
