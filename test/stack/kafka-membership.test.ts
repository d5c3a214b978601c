import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { isFault } from '../../src/flow/fault.ts'
import { openKafkaTape } from '../../src/tape/kafka-tape.ts'
import type { Tape } from '../../src/tape/tape.ts'
import { withoutKafka } from '../../stack/kafka/needs.ts'
import { startKafka, type Kafka } from '../../stack/kafka.ts'
import { alive, numbered, SOURCE } from '../conformance/tape-samples.ts'
import { makePlace, type Place } from './kafka-world.ts'

const GROUP = 'landers'
const skip = withoutKafka()

for (const version of ['4', '3'] as const)
  describe(`static members of a group on Kafka ${version}`, { skip }, () => {
    let kafka: Kafka
    before(async () => (kafka = await startKafka({ version })))
    after(() => kafka[Symbol.asyncDispose]())

    const open = ({ around, topic }: Place, instance: string) =>
      openKafkaTape({ ...around, topic, mode: 'read', source: SOURCE, instance })

    /** A topic with a few records, which stay. */
    const written = async () => {
      const place = await makePlace(kafka, { partitions: 8 })
      await using writer = await place.open()
      await writer.append([numbered(0, 10), alive(10)])
      return place
    }

    test('a restart within the session keeps its partitions and disturbs nobody', async () => {
      const place = await written()
      await using other = await open(place, 'b')
      const staying = follow(other)
      const first = await open(place, 'a')
      const before = follow(first)
      await until(() => [before, staying].map(({ owned }) => owned().length).join() === '4,4')
      const turns = staying.turns()
      const mine = before.owned()
      await before.stop()
      await first[Symbol.asyncDispose]() // says no farewell: its session goes on
      await using again = await open(place, 'a')
      const afterwards = follow(again)
      await until(() => afterwards.owned().length === 4)
      assert.deepEqual(afterwards.owned(), mine)
      await delay(1_500) // a rebalance would show within a heartbeat
      assert.equal(staying.turns(), turns)
      await afterwards.stop()
      await staying.stop()
    })

    test('two processes under one name are told so', async () => {
      const place = await written()
      await using one = await open(place, 'a')
      const fenced = follow(one)
      await until(() => fenced.owned().length === 8)
      await using two = await open(place, 'a')
      const taking = follow(two)
      await until(() => taking.owned().length === 8)
      const error = await fenced.ended
      assert.ok(isFault(error, 'invalid'), String(error))
      assert.match(error.remedy, /TICKLAKE_KAFKA_INSTANCE/)
      await taking.stop()
    })
  })

/** Takes turns until stopped, and tells what it was given. */
function follow(tape: Tape) {
  const stop = new AbortController()
  let owned: readonly number[] = []
  let turns = 0
  const start = async (mine: readonly number[]) => {
    owned = mine
    turns += 1 // with what is owned, or a look at both would find one of before
    return new Map()
  }
  const reading = async () => {
    for await (const turn of tape.trades.turns({ id: GROUP, start }, stop.signal)) {
      try {
        for await (const run of turn) assert.ok(owned.includes(run.partition))
      } catch (error) {
        if (!isFault(error, 'unavailable')) throw error // a broker that has not heard of the topic yet
      }
    }
  }
  let failed: unknown = null
  const ended = reading().then(
    () => null,
    (error: unknown) => (failed = error),
  )
  return {
    /** Fails where the reading did. */
    owned: () => {
      assert.equal(failed, null, 'the reading ended')
      return owned
    },
    turns: () => turns,
    ended,
    stop: async () => {
      stop.abort()
      assert.equal(await ended, null)
    },
  }
}

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; !holds(); i++) {
    assert.ok(i < 600, 'it did not come to pass within 30 s')
    await delay(50)
  }
}
