import { randomUUID } from 'node:crypto'
import { after, describe } from 'node:test'
import { systemClock } from '../../src/flow/clock.ts'
import { silent } from '../../src/flow/log.ts'
import { noMetrics } from '../../src/flow/metrics.ts'
import { systemRandom } from '../../src/flow/random.ts'
import { openCluster } from '../../src/tape/kafka/cluster.ts'
import { OPEN } from '../../src/tape/kafka/security.ts'
import { createTopic, topicsOf } from '../../src/tape/kafka/topics.ts'
import { openKafkaTape } from '../../src/tape/kafka-tape.ts'
import { startKafka } from '../../stack/kafka.ts'
import { tapeConformance } from '../conformance/tape.ts'
import type { OpenOptions, TapeWorld } from '../conformance/tape-world.ts'

/** Tests write records of 1970: a topic that forgets nothing by age keeps them. */
const FOR_EVER = { replication: null, retentionMs: -1 }

for (const version of ['4', '3'] as const) {
  const kafka = await startKafka({ version })
  describe(`Kafka ${version}`, () => {
    after(() => kafka[Symbol.asyncDispose]())
    const brokers = kafka.brokers.map(({ port }) => ({ host: '127.0.0.1', port }))
    const around = {
      brokers,
      security: OPEN,
      clock: systemClock,
      random: systemRandom,
      log: silent,
      metrics: noMetrics,
    }
    const world = (partitions: number) => async (): Promise<TapeWorld> => {
      const topic = `tape_${randomUUID()}`
      const { trades, feed } = topicsOf(topic)
      await using cluster = await openCluster(around)
      await createTopic(cluster, trades, { ...FOR_EVER, partitions })
      await createTopic(cluster, feed, { ...FOR_EVER, partitions: 1 })
      return {
        open: ({ mode = 'write', source = 'simulator' }: OpenOptions = {}) =>
          openKafkaTape({ ...around, topic, mode, source }),
        [Symbol.asyncDispose]: async () => undefined,
      }
    }
    tapeConformance(`a topic of Kafka ${version} with one partition`, {
      world: world(1),
      partitions: 1,
      claims: 'group',
    })
    tapeConformance(`a topic of Kafka ${version} with eight partitions`, {
      world: world(8),
      partitions: 8,
      claims: 'group',
    })
  })
}
