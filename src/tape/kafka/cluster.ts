import { createConnection } from 'node:net'
import type { Clock } from '../../flow/clock.ts'
import type { Logger } from '../../flow/log.ts'
import type { Metrics } from '../../flow/metrics.ts'
import type { Random } from '../../flow/random.ts'
import { codeOf, CODE, isPassing, responseOf } from './faults.ts'
import { laneOf } from './lane.ts'
import type { Security } from './security.ts'
import { loadKafka, type Api, type Connection, type KafkaLibrary } from './wire.ts'

/** An answer that takes longer means a dead broker or network: the connection is closed and made anew. */
const REQUEST_MS = 15_000
/** A host that is there and runs no broker says so at once. */
const REFUSAL_MS = 1_000

export type Address = { readonly host: string; readonly port: number }

/** What every part of the adapter is made of. */
export type Surroundings = {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly metrics: Metrics
}

export type ClusterOptions = Surroundings & {
  /** Where to ask first; the brokers themselves tell of the others. */
  readonly brokers: readonly Address[]
  readonly security: Security
}

export type PartitionState = { readonly leader: number; readonly replicas: number }
/** A topic as the brokers see it at one moment; `leader` is -1 while there is none. */
export type Topic = {
  readonly name: string
  /** The topic's UUID: a topic that is deleted and made again has another. */
  readonly id: string
  readonly partitions: readonly PartitionState[]
}

/** Connections of its own, one a broker: a request that waits on a lane holds up only that lane. */
export type Lane = AsyncDisposable & {
  /** Asks one broker, or any that answers. Faults as `kafkaFault`. */
  ask<A extends unknown[], R>(to: number | 'any', asking: Asking<A, R>): Promise<R>
  /** The connection to a broker, made where there is none. */
  connection(to: number | 'any'): Promise<Connection>
  /** Closes the connection to a broker at once, with what is on its way: its outcome is then unknown. */
  cut(to: number): void
}
export type Asking<A extends unknown[], R> = {
  readonly api: Api<A, R>
  readonly args: A
  /** What this does, for errors: `read topic trades`. */
  readonly what: string
  /** What a user needs for it: `READ on topic trades`. */
  readonly right?: string
}

export type Cluster = AsyncDisposable &
  ClusterOptions & {
    readonly library: KafkaLibrary
    /** For short questions, shared by all. */
    readonly lane: Lane
    openLane(limits?: { readonly requestMs?: number }): Lane
    /** The topic as it is now, asked for anew; null: there is none. */
    topic(name: string): Promise<Topic | null>
    /** Whether every broker that is known refuses connections: its host is there, and no broker runs on it. */
    allRefuse(): Promise<boolean>
    /** Id, and how many brokers there are now. */
    describe(): Promise<{ readonly id: string; readonly brokers: number }>
  }

/** Kafka brokers behind the library's connections; nothing is asked before the first question. */
export async function openCluster(options: ClusterOptions): Promise<Cluster> {
  const library = await loadKafka()
  const known = new Map<number, Address>()
  const lanes = new Set<Lane>()
  const openLane = ({ requestMs = REQUEST_MS } = {}): Lane => {
    const lane = laneOf({ library, options, known, requestMs }, () => lanes.delete(lane))
    lanes.add(lane)
    return lane
  }
  const lane = openLane()
  const metadata = async (topics: string[], what: string) => {
    const right = topics.length === 0 ? {} : { right: `DESCRIBE on topic ${topics.join(', ')}` }
    const args = [topics, false, false] as const
    const asking = { api: library.metadataV12.api, args, what, ...right }
    const { brokers, clusterId, topics: found } = await askMetadata(lane, asking)
    for (const { nodeId, host, port } of brokers) known.set(nodeId, { host, port })
    return { brokers, clusterId, found }
  }
  return {
    ...options,
    library,
    lane,
    openLane,
    topic: async (name) => {
      const { found } = await metadata([name], `ask about topic ${name}`)
      return topicOf(name, found[0])
    },
    allRefuse: async () => {
      const refusals = await Promise.all(
        [...options.brokers, ...known.values()].map((address) => refuses(address)),
      )
      return refusals.every(Boolean)
    },
    describe: async () => {
      const { brokers, clusterId } = await metadata([], 'ask about the cluster')
      return { id: clusterId ?? '', brokers: brokers.length }
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...lanes].map((one) => one[Symbol.asyncDispose]()))
    },
  }
}

const refuses = ({ host, port }: Address): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection({ host, port, timeout: REFUSAL_MS })
    const answer = (refused: boolean) => () => (socket.destroy(), resolve(refused))
    socket.once('connect', answer(false))
    socket.once('timeout', answer(false))
    socket.once('error', (error: NodeJS.ErrnoException) => answer(error.code === 'ECONNREFUSED')())
  })

type MetadataApi = KafkaLibrary['metadataV12']['api']
type Metadata = Awaited<ReturnType<MetadataApi['async']>>

/** Metadata is an answer also where a topic or partition of it has an error. */
async function askMetadata(
  lane: Lane,
  asking: {
    readonly api: MetadataApi
    readonly args: readonly [string[] | null, boolean, boolean]
    readonly what: string
    readonly right?: string
  },
): Promise<Metadata> {
  try {
    return await lane.ask('any', { ...asking, args: [...asking.args] })
  } catch (error) {
    const response = responseOf(error) as Metadata | undefined
    const code = codeOf(error)
    if (response === undefined || code === null || !isPassing(code)) throw error
    return response
  }
}

function topicOf(name: string, found: Metadata['topics'][number] | undefined): Topic | null {
  if (found === undefined || found.errorCode === CODE.unknownTopicOrPartition) return null
  const partitions = found.partitions
    .toSorted((a, b) => a.partitionIndex - b.partitionIndex)
    .map(({ leaderId, replicaNodes }) => ({ leader: leaderId, replicas: replicaNodes.length }))
  if (partitions.length === 0) return null // it is being made, or unmade
  return { name, id: found.topicId, partitions }
}
