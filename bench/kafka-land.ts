import { withoutKafka } from '../stack/kafka/needs.ts'
import type { BenchOptions, BenchRow } from './bench.ts'
import { measured, startBroker } from './kafka.ts'

const PARTITIONS = [1, 4, 8]
/** More than is landed: the last roll then closes because it is full, not because a second has passed. */
const SURPLUS = 1.06

/** Topics of 1, 4 and 8 partitions, zstd → visible rows by one lander; a SQLite tape of as many trades beside. */
export async function benchKafkaLand({ trades }: BenchOptions): Promise<BenchRow[]> {
  const why = withoutKafka()
  if (why !== false) {
    console.error(`kafka-land is skipped: ${why}`)
    return []
  }
  await using broker = await startBroker()
  const { bootstrap } = broker.kafka
  const sqlite = { act: 'landSqlite', name: 'land: SQLite tape → visible rows, beside' }
  const rows = [await measured('kafka-ours.ts', { ...sqlite, bootstrap, topic: '', trades })]
  for (const partitions of PARTITIONS) {
    const topic = await broker.makeTopic(partitions)
    await broker.fill(topic, { trades: Math.ceil(trades * SURPLUS), codec: 'zstd' })
    const name = `land: Kafka tape → visible rows, ${partitions} partition${partitions === 1 ? '' : 's'}`
    const task = { act: 'land', name, bootstrap, topic, trades }
    rows.push(await broker.beside(() => measured('kafka-ours.ts', task)))
  }
  return rows
}
