import { Fault } from '../../flow/fault.ts'
import { retry } from '../../flow/retry.ts'
import { logId, offset, partition, type LogId, type Partition } from '../../market/records.ts'
import type { Bounds } from '../tape.ts'
import type { Cluster, Topic } from './cluster.ts'
import { CODE, codeFault } from './faults.ts'

/** A broker that has just started may not know a topic yet; missing for longer, it was deleted. */
const MISSING_MS_MAX = 10_000
const RETRYING = { baseMs: 50, capMs: 1_000, triesMax: 12 } // about 8 s: a leader election, a broker's restart

/** A topic by its id, followed through elections and restarts. */
export type OpenTopic = {
  readonly id: LogId
  readonly name: string
  /** As it was last seen. */
  current(): Topic
  /** Asked for anew. Faults: `corrupt` when the topic was deleted, or deleted and made again. */
  refresh(): Promise<Topic>
  /** The earliest and the next offset of each partition; of what no open transaction can take back. */
  bounds(): Promise<ReadonlyMap<Partition, Bounds>>
}

/** Follows `found`; offsets are of this topic alone, so another of the same name is refused. */
export function openTopic(cluster: Cluster, found: Topic): OpenTopic {
  const { clock, random } = cluster
  let topic = found
  let missingSince: number | null = null
  const refresh = async (): Promise<Topic> => {
    const now = await cluster.topic(found.name)
    if (now === null) {
      missingSince ??= clock.monotonic()
      const longer = clock.monotonic() - missingSince > MISSING_MS_MAX
      throw longer ? deleted(found.name) : away(found.name)
    }
    missingSince = null
    if (now.id !== found.id) throw madeAgain(found, now)
    topic = now
    return now
  }
  const boundsNow = async () => {
    const [earliest, end] = await Promise.all([
      offsetsAt(cluster, topic, EARLIEST),
      offsetsAt(cluster, topic, LATEST),
    ])
    return new Map(
      topic.partitions.map((_, i): [Partition, Bounds] => [
        partition(i),
        { earliest: offset(earliest.get(i) ?? 0), end: offset(end.get(i) ?? 0) },
      ]),
    )
  }
  return {
    id: logId(found.id),
    name: found.name,
    current: () => topic,
    refresh,
    bounds: () =>
      retry(async () => (await refresh(), await boundsNow()), { ...RETRYING, clock, random }),
  }
}

/** Timestamps that stand for a place. */
export const EARLIEST = -2n
export const LATEST = -1n
const CONSUMER = -1
const READ_COMMITTED = 1

/** The offset at a timestamp of each partition. Faults as `Lane.ask`, also where one has no leader. */
async function offsetsAt(
  cluster: Cluster,
  topic: Topic,
  timestamp: bigint,
): Promise<ReadonlyMap<number, number>> {
  return new Map((await Promise.all(offsetsByLeader(cluster, topic, timestamp))).flat())
}

/** The offsets at a timestamp, asked of each leader: an answer holds pairs of partition and offset. */
export function offsetsByLeader(
  { library, lane }: Cluster,
  { name, partitions }: Topic,
  timestamp: bigint,
): readonly Promise<readonly (readonly [number, number])[]>[] {
  const what = `ask where topic ${name} begins and ends`
  return [...byLeader(partitions)].map(async ([leader, indexes]) => {
    if (leader === -1) throw codeFault(CODE.leaderNotAvailable, what)
    const wanted = indexes.map((partitionIndex) => ({
      partitionIndex,
      currentLeaderEpoch: -1,
      timestamp,
    }))
    const { topics } = await lane.ask(leader, {
      api: library.listOffsetsV7.api,
      args: [CONSUMER, READ_COMMITTED, [{ name, partitions: wanted }]],
      what,
      right: `DESCRIBE on topic ${name}`,
    })
    return topics
      .flatMap((topic) => topic.partitions)
      .map(({ partitionIndex, offset }) => [partitionIndex, Number(offset)] as const)
  })
}

/** Which partitions each broker leads; -1: nobody does. */
export const byLeader = (partitions: Topic['partitions']): ReadonlyMap<number, readonly number[]> =>
  Map.groupBy(partitions.keys(), (index) => partitions[index]?.leader ?? -1)

const away = (name: string): Fault =>
  new Fault('unavailable', `topic ${name} is not there`, { remedy: 'It is looked for again.' })

const deleted = (name: string): Fault =>
  new Fault('corrupt', `topic ${name} was deleted`, {
    remedy:
      'What had landed is in the lake. Make a new topic with `ticklake topic create`, then land it with --adopt-tape.',
  })

const madeAgain = ({ name, id }: Topic, now: Topic): Fault =>
  new Fault('corrupt', `topic ${name} was deleted and made again: ${now.id} is not ${id}`, {
    remedy:
      'Its offsets begin anew. Start again to use the new one; a lake that holds the old one takes it with `ticklake land --adopt-tape`.',
  })
