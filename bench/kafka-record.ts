import { fileURLToPath } from 'node:url'
import { withoutKafka } from '../stack/kafka/needs.ts'
import { PYTHON, withoutReaders } from '../test/readers/python.ts'
import type { BenchOptions, BenchRow } from './bench.ts'
import {
  BATCH_BYTES,
  javaProperties,
  javaRow,
  measured,
  rowOf,
  startBroker,
  type BenchBroker,
} from './kafka.ts'

/** One producer into one topic. */
type Producing = { readonly broker: BenchBroker; readonly trades: number; readonly codec: string }

/**
 * Ready blocks → a topic of eight partitions, acks=all and idempotent, beside other clients into the same broker;
 * and the whole way from a WebSocket server in another process.
 */
export async function benchKafkaRecord({ trades }: BenchOptions): Promise<BenchRow[]> {
  const why = withoutKafka()
  if (why !== false) {
    console.error(`kafka-record is skipped: ${why}`)
    return []
  }
  await using broker = await startBroker()
  const rows: BenchRow[] = []
  for (const codec of ['none', 'lz4', 'zstd'])
    rows.push(await ours({ broker, trades, codec }, 'append', 'record: blocks → Kafka tape'))
  for (const codec of ['none', 'zstd']) rows.push(await java({ broker, trades, codec }))
  const noPython = withoutReaders('confluent_kafka')
  if (noPython !== false) console.error(`librdkafka is skipped: ${noPython}`)
  else for (const codec of ['none', 'zstd']) rows.push(await librdkafka({ broker, trades, codec }))
  for (const codec of ['none', 'zstd']) rows.push(await library({ broker, trades, codec }))
  const whole = { broker, trades, codec: 'zstd' }
  rows.push(await ours(whole, 'socket', 'record: socket → Kafka tape'))
  return rows
}

async function ours(
  { broker, trades, codec }: Producing,
  act: 'append' | 'socket',
  name: string,
): Promise<BenchRow> {
  const { bootstrap } = broker.kafka
  const task = { act, name: `${name}, ${codec}`, bootstrap, trades, compression: codec }
  const topic = await broker.makeTopic()
  return await broker.beside(() => measured('kafka-ours.ts', { ...task, topic }))
}

async function java({ broker, trades, codec }: Producing): Promise<BenchRow> {
  const { kafka, payloadFile } = broker
  const properties = javaProperties(codec)
  const topic = await broker.makeTopic()
  const tool = kafka.console.performance
  return await broker.beside(() =>
    javaRow(`record: records → Kafka by Java, ${codec}`, () =>
      tool.produce(topic, trades, { payloadFile, properties }),
    ),
  )
}

async function librdkafka({ broker, trades, codec }: Producing): Promise<BenchRow> {
  const { kafka, payloadFile } = broker
  const topic = await broker.makeTopic()
  const name = `record: records → Kafka by librdkafka, ${codec}`
  const task = ['produce', kafka.bootstrap, topic, String(trades), name]
  const file = fileURLToPath(new URL('librdkafka.py', import.meta.url))
  const args = [file, ...task, codec, String(BATCH_BYTES), payloadFile]
  return await broker.beside(() => rowOf(PYTHON, args))
}

async function library({ broker, trades, codec }: Producing): Promise<BenchRow> {
  const { bootstrap } = broker.kafka
  const name = `record: records → Kafka by @platformatic/kafka, ${codec}`
  const task = { act: 'produce', name, bootstrap, trades, compression: codec }
  const topic = await broker.makeTopic()
  return await broker.beside(() => measured('kafka-library.ts', { ...task, topic }))
}
