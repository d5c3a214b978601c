import { systemClock } from '../../src/flow/clock.ts'
import { silent } from '../../src/flow/log.ts'
import { noMetrics } from '../../src/flow/metrics.ts'
import { systemRandom } from '../../src/flow/random.ts'
import { retry } from '../../src/flow/retry.ts'
import { openCluster } from '../../src/tape/kafka/cluster.ts'
import { OPEN } from '../../src/tape/kafka/security.ts'

/** Gives a topic some more partitions, unless it has `most`. */
export async function addPartitions(
  bootstrap: string,
  { topic, more, most }: { readonly topic: string; readonly more: number; readonly most: number },
): Promise<void> {
  const brokers = bootstrap.split(',').map((address) => {
    const [host = '', port] = address.split(':')
    return { host, port: Number(port) }
  })
  const around = { clock: systemClock, random: systemRandom, log: silent, metrics: noMetrics }
  await using cluster = await openCluster({ ...around, brokers, security: OPEN })
  const trying = {
    baseMs: 200,
    capMs: 1_000,
    triesMax: 20,
    clock: systemClock,
    random: systemRandom,
  }
  await retry(async () => {
    const found = await cluster.topic(topic)
    const count = (found?.partitions.length ?? most) + more
    if (count > most) return
    await cluster.lane.ask('any', {
      api: cluster.library.createPartitionsV3.api,
      args: [[{ name: topic, count, assignments: null }], 10_000, false],
      what: `add partitions to ${topic}`,
    })
  }, trying)
}
