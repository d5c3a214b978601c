import { systemClock } from '../../src/flow/clock.ts'
import { systemRandom } from '../../src/flow/random.ts'
import { retry } from '../../src/flow/retry.ts'
import { openCluster } from '../../src/tape/kafka/cluster.ts'
import { clusterAt } from '../../stack/meeting.ts'

/** Gives a topic some more partitions, unless it has `most`. */
export async function addPartitions(
  bootstrap: string,
  { topic, more, most }: { readonly topic: string; readonly more: number; readonly most: number },
): Promise<void> {
  await using cluster = await openCluster(clusterAt(bootstrap))
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
