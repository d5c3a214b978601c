import { isIPv6 } from 'node:net'
import { isFault, type Fault } from '../../flow/fault.ts'
import type { Address, Cluster, PartitionState, Topic } from './cluster.ts'
import { responseOf } from './faults.ts'
import { settingsOfTopic } from './topics.ts'
import { byLeader, EARLIEST, LATEST, offsetsByLeader } from './topic.ts'

/** A broker, and whether it was reached. */
export type BrokerState = {
  readonly id: number
  readonly address: string
  /** The newest version of Fetch that it speaks; null: it was not reached. */
  readonly fetchMax: number | null
  /** Why it was not reached. */
  readonly trouble: Fault | null
}

export type PartitionDescription = {
  readonly partition: number
  /** Null: it has none now, and can be neither written nor read. */
  readonly leader: number | null
  readonly replicas: readonly number[]
  readonly inSync: readonly number[]
  /** Records [earliest, end) can be read; null: its leader did not say. */
  readonly earliest: number | null
  readonly end: number | null
  /** Of the leader's copy; null: this user may not ask. */
  readonly bytes: number | null
}

export type TopicDescription = {
  readonly name: string
  readonly id: string
  readonly partitions: readonly PartitionDescription[]
  /** In effect, by name; null: this user may not ask. */
  readonly settings: ReadonlyMap<string, string> | null
  /** What this user may do with it. */
  readonly rights: ReadonlySet<Right>
}

/** What a user may do, as bits of the protocol's `authorized_operations`. */
const RIGHTS = {
  read: 3,
  write: 4,
  create: 5,
  describe: 8,
  'describe configs': 10,
} as const
export type Right = keyof typeof RIGHTS

export const rightsIn = (bits: number): ReadonlySet<Right> =>
  new Set((Object.keys(RIGHTS) as Right[]).filter((right) => (bits & (1 << RIGHTS[right])) !== 0))

const CLIENT = 'ticklake'
const FETCH = 1

/** Every broker of the cluster, each asked what it speaks. Faults as `Lane.ask` where none can be reached. */
export async function describeBrokers(cluster: Cluster): Promise<readonly BrokerState[]> {
  await cluster.describe() // their addresses
  const { brokers } = await metadataOf(cluster, [])
  return await Promise.all(
    brokers
      .toSorted((a, b) => a.nodeId - b.nodeId)
      .map(async ({ nodeId: id, host, port }): Promise<BrokerState> => {
        const address = addressText({ host, port })
        try {
          const { apiKeys } = await cluster.lane.ask(id, {
            api: cluster.library.apiVersionsV3.api,
            args: [CLIENT, '1'],
            what: `ask broker ${id} what it speaks`,
          })
          const fetch = apiKeys.find(({ apiKey }) => apiKey === FETCH)
          return { id, address, fetchMax: fetch?.maxVersion ?? 0, trouble: null }
        } catch (error) {
          if (!isFault(error)) throw error
          return { id, address, fetchMax: null, trouble: error }
        }
      }),
  )
}

export const addressText = ({ host, port }: Address): string =>
  `${isIPv6(host) ? `[${host}]` : host}:${port}`

/** A topic as an operator sees it; null: there is none. Faults: `invalid` where this user may not even see it. */
export async function describeTopic(
  cluster: Cluster,
  name: string,
): Promise<TopicDescription | null> {
  const topic = await cluster.topic(name)
  if (topic === null) return null
  const [{ topics }, earliest, end, sizes, settings] = await Promise.all([
    metadataOf(cluster, [name]),
    offsetsAt(cluster, topic, EARLIEST),
    offsetsAt(cluster, topic, LATEST),
    sizesOf(cluster, topic),
    settingsOfTopic(cluster, name),
  ])
  const found = topics[0]
  const partitions = (found?.partitions ?? [])
    .toSorted((a, b) => a.partitionIndex - b.partitionIndex)
    .map(({ partitionIndex: partition, leaderId, replicaNodes, isrNodes }) => ({
      partition,
      leader: leaderId === -1 ? null : leaderId,
      replicas: replicaNodes,
      inSync: isrNodes,
      earliest: earliest.get(partition) ?? null,
      end: end.get(partition) ?? null,
      bytes: sizes.get(`${leaderId} ${partition}`) ?? null,
    }))
  const rights = rightsIn(found?.topicAuthorizedOperations ?? 0)
  return { name, id: topic.id, partitions, settings, rights }
}

/** With what this user may do; a partition without a leader is no reason to know nothing. */
async function metadataOf(cluster: Cluster, names: string[]) {
  const { api } = cluster.library.metadataV12
  type Metadata = Awaited<ReturnType<typeof api.async>>
  try {
    const args: [string[], boolean, boolean] = [names, false, true]
    return await cluster.lane.ask('any', { api, args, what: `ask about ${names.join()}` })
  } catch (error) {
    const answer = responseOf(error) as Metadata | undefined
    if (answer === undefined) throw error
    return answer
  }
}

/** The offset at a timestamp of each partition whose leader answers. */
const offsetsAt = async (
  cluster: Cluster,
  topic: Topic,
  timestamp: bigint,
): Promise<ReadonlyMap<number, number>> =>
  new Map((await answered(offsetsByLeader(cluster, topic, timestamp))).flat())

/** Bytes of each replica, by `broker partition`; empty where this user may not ask. */
async function sizesOf(
  { library, lane }: Cluster,
  { name, partitions }: Topic,
): Promise<ReadonlyMap<string, number>> {
  const wanted = [{ name, partitions: partitions.map((_, index) => index) }]
  const asked = leadersOf(partitions).map(async (broker) => {
    const { results } = await lane.ask(broker, {
      api: library.describeLogDirsV2.api,
      args: [wanted],
      what: `ask for the size of topic ${name}`,
    })
    return results
      .flatMap(({ topics }) => topics)
      .flatMap(({ partitions }) => partitions)
      .map(({ partitionIndex, partitionSize }): [string, number] => [
        `${broker} ${partitionIndex}`,
        Number(partitionSize),
      ])
  })
  return new Map((await answered(asked)).flat())
}

const leadersOf = (partitions: readonly PartitionState[]): readonly number[] =>
  [...byLeader(partitions).keys()].filter((leader) => leader !== -1)

/** Those that did; what a broker refuses or is too busy for is only not known then. */
export async function answered<T>(asked: readonly Promise<T>[]): Promise<readonly T[]> {
  const settled = await Promise.allSettled(asked)
  return settled.flatMap((outcome) => {
    if (outcome.status === 'fulfilled') return [outcome.value]
    if (isFault(outcome.reason)) return []
    throw outcome.reason
  })
}
