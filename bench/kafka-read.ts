import { fileURLToPath } from 'node:url'
import { withoutKafka } from '../stack/kafka/needs.ts'
import { PYTHON, withoutReaders } from '../test/readers/python.ts'
import type { BenchOptions, BenchRow } from './bench.ts'
import { javaRow, measured, rowOf, startBroker, type BenchBroker } from './kafka.ts'

/** A filled topic. */
type Filled = {
  readonly broker: BenchBroker
  readonly topic: string
  readonly trades: number
  readonly codec: string
}

/** A topic of eight partitions → columns, beside other clients that read the same topic and decode nothing. */
export async function benchKafkaRead({ trades }: BenchOptions): Promise<BenchRow[]> {
  const why = withoutKafka()
  if (why !== false) {
    console.error(`kafka-read is skipped: ${why}`)
    return []
  }
  await using broker = await startBroker()
  const noPython = withoutReaders('confluent_kafka')
  if (noPython !== false) console.error(`librdkafka is skipped: ${noPython}`)
  const rows: BenchRow[] = []
  for (const codec of ['none', 'zstd']) {
    const topic = await broker.makeTopic()
    await broker.fill(topic, { trades, codec })
    const filled = { broker, topic, codec, trades }
    rows.push(await node(filled, 'kafka-ours.ts', ['read', 'read: Kafka tape → columns']))
    rows.push(await java(filled))
    if (noPython === false) rows.push(await librdkafka(filled))
    const library = 'read: Kafka → records by @platformatic/kafka'
    rows.push(await node(filled, 'kafka-library.ts', ['consume', library]))
    rows.push(await node(filled, 'kafka-library.ts', ['parse', `${library} and JSON.parse`]))
  }
  return rows
}

async function node(
  { broker, topic, trades, codec }: Filled,
  module: string,
  [act, name]: readonly [string, string],
): Promise<BenchRow> {
  const { bootstrap } = broker.kafka
  const task = { act, name: `${name}, ${codec}`, bootstrap, topic, trades }
  return await broker.beside(() => measured(module, task))
}

const java = ({ broker, topic, trades, codec }: Filled): Promise<BenchRow> =>
  broker.beside(() =>
    javaRow(`read: Kafka → records by Java, ${codec}`, () =>
      broker.kafka.console.performance.consume(topic, trades),
    ),
  )

async function librdkafka({ broker, topic, trades, codec }: Filled): Promise<BenchRow> {
  const name = `read: Kafka → records by librdkafka, ${codec}`
  const file = fileURLToPath(new URL('librdkafka.py', import.meta.url))
  const args = [file, 'consume', broker.kafka.bootstrap, topic, String(trades), name]
  return await broker.beside(() => rowOf(PYTHON, args))
}
