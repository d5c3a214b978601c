import { assert, Fault, isFault } from '../flow/fault.ts'
import type { BrokerState, TopicDescription } from '../tape/kafka/describe.ts'
import type { Unfit } from '../tape/kafka/fitness.ts'
import type { GroupDescription, LeaseHolder } from '../tape/kafka/groups.ts'
import type { Cluster } from '../tape/kafka/cluster.ts'
import type { TapeTopics, TopicSetting } from '../tape/kafka/topics.ts'
import type { Parts } from './components.ts'
import { clusterOf } from './tapes.ts'

export type { BrokerState, GroupDescription, LeaseHolder, TopicSetting, Unfit }

/** What an operator asks for; null: as ticklake makes them. */
export type Wanted = {
  readonly partitions: number | null
  readonly replication: number | null
  /** -1: for ever. */
  readonly retentionMs: number | null
  /** Brokers say whether they would; nothing is made. */
  readonly dryRun: boolean
}

/** What became of one topic of the tape. */
export type TopicOutcome =
  | { readonly name: string; readonly made: readonly TopicSetting[] }
  | ({ readonly name: string; readonly partitions: number } & Judgement)

/** What a topic that is there costs. */
export type Judgement = {
  readonly unfit: readonly Unfit[]
  /** The command that changes every setting that can be; null: there is none to change. */
  readonly command: string | null
}

/**
 * Makes the topics of the tape that are not there, and judges those that are. Faults: `invalid` (no tape on
 * Kafka, no right to, refused by the brokers), `unavailable`.
 */
export const makeTopics = (parts: Parts, wanted: Wanted): Promise<readonly TopicOutcome[]> =>
  once(() => make(parts, wanted))

async function make(parts: Parts, wanted: Wanted): Promise<readonly TopicOutcome[]> {
  const { createTopic, ensureTopics, feedPlanOf, PLAN, replicationOf, topicSettings, topicShape } =
    await import('../tape/kafka/topics.ts')
  const { describeTopic } = await import('../tape/kafka/describe.ts')
  const { changeCommand, deviations, unfitSettings } = await import('../tape/kafka/fitness.ts')
  await using tape = await openTopics(parts)
  const { cluster, bootstrap, names } = tape
  const { brokers } = await cluster.describe()
  const plan = {
    partitions: wanted.partitions ?? PLAN.partitions,
    replication: wanted.replication ?? PLAN.replication,
    retentionMs: wanted.retentionMs ?? PLAN.retentionMs,
  }
  const planned = [
    { name: names.trades, isFeedLog: false, plan },
    { name: names.feed, isFeedLog: true, plan: feedPlanOf(plan) },
  ]
  const outcomes: TopicOutcome[] = []
  for (const { name, isFeedLog, plan } of planned) {
    const found = await describeTopic(cluster, name)
    if (found === null) {
      await createTopic(cluster, name, { ...plan, dryRun: wanted.dryRun })
      const replication = replicationOf(plan, brokers)
      const shape = topicShape(plan, replication, isFeedLog)
      outcomes.push({ name, made: [...shape, ...topicSettings(plan, replication)] })
      continue
    }
    const asked = isFeedLog ? { ...wanted, partitions: null, retentionMs: null } : wanted
    const other = deviations(found, asked)
    const rest = unfitSettings({ topic: found, isFeedLog, brokers }).filter(({ setting }) =>
      other.every((one) => one.setting !== setting),
    )
    const unfit = [...other, ...rest]
    const command = changeCommand(unfit, bootstrap)
    outcomes.push({ name, partitions: found.partitions.length, unfit, command })
  }
  if (!wanted.dryRun) await ensureTopics(cluster, names, plan) // a broker may not know of them yet
  return outcomes
}

export type JudgedTopic = TopicDescription &
  Judgement & {
    /** What an acknowledged record survives. */
    readonly promise: string
  }

/** The tape as its brokers see it. */
export type TapeDescription = {
  readonly brokers: readonly BrokerState[]
  /** Those that are there, the trades first. */
  readonly topics: readonly JudgedTopic[]
  readonly missing: readonly string[]
  /** The groups that land it, as far as this user may see them, with the topic that each lands. */
  readonly landing: readonly (GroupDescription & { readonly topic: string })[]
  /** Null: nobody records, or this user may not ask. */
  readonly recorder: LeaseHolder | null
  /** Whether this user may use the groups of recorders and of landers; null: there is no topic yet. */
  readonly mayJoin: { readonly record: boolean; readonly land: boolean } | null
}

/** Every broker of the cluster. Faults: `invalid` (no tape on Kafka, a login refused), `unavailable`. */
export const reachBrokers = (parts: Parts): Promise<readonly BrokerState[]> =>
  once(async () => {
    const { describeBrokers } = await import('../tape/kafka/describe.ts')
    await using tape = await openTopics(parts)
    return await describeBrokers(tape.cluster)
  })

/** Asks all brokers, changes nothing. Faults: `invalid` (no tape on Kafka, not allowed), `unavailable`. */
export const describeTape = (parts: Parts): Promise<TapeDescription> => once(() => describe(parts))

async function describe(parts: Parts): Promise<TapeDescription> {
  const { describeBrokers, describeTopic } = await import('../tape/kafka/describe.ts')
  const { changeCommand, promiseOf, unfitSettings } = await import('../tape/kafka/fitness.ts')
  const { landGroups, leaseHolder, mayJoin } = await import('../tape/kafka/groups.ts')
  await using tape = await openTopics(parts)
  const { cluster, bootstrap, names } = tape
  const brokers = await describeBrokers(cluster)
  const reached = brokers.filter(({ trouble }) => trouble === null).map(({ id }) => id)
  const trades = await describeTopic(cluster, names.trades)
  const feed = await describeTopic(cluster, names.feed)
  const there = [trades, feed].filter((topic) => topic !== null)
  const topics = there.map((topic) => {
    const unfit = unfitSettings({ topic, isFeedLog: topic === feed, brokers: brokers.length })
    const command = changeCommand(unfit, bootstrap)
    return { ...topic, unfit, command, promise: promiseOf(topic) }
  })
  const landing = await Promise.all(
    there.map(async ({ name: topic }) =>
      (await landGroups(cluster, topic, reached)).map((group) => ({ ...group, topic })),
    ),
  )
  const lease = trades && { id: trades.id, feed: names.feed }
  return {
    brokers,
    topics,
    missing: [...(trades ? [] : [names.trades]), ...(feed ? [] : [names.feed])],
    landing: landing.flat(),
    recorder: lease && (await leaseHolder(cluster, lease)),
    mayJoin: lease && (await mayJoin(cluster, lease)),
  }
}

/** Who records; null: nobody, as far as is known. Faults as `describeTape`. */
export async function recorderOf(parts: Parts): Promise<LeaseHolder | null> {
  const { leaseHolder } = await import('../tape/kafka/groups.ts')
  await using tape = await openTopics(parts)
  const { cluster, names } = tape
  const trades = await cluster.topic(names.trades)
  return trades === null ? null : await leaseHolder(cluster, { id: trades.id, feed: names.feed })
}

type Opened = AsyncDisposable & {
  readonly cluster: Cluster
  readonly names: TapeTopics
  readonly bootstrap: string
}

async function openTopics(parts: Parts): Promise<Opened> {
  const { tape } = parts.places
  const options = clusterOf(parts)
  assert(tape.kind === 'kafka', 'a tape elsewhere has no cluster')
  const { openCluster } = await import('../tape/kafka/cluster.ts')
  const { addressText } = await import('../tape/kafka/describe.ts')
  const { topicsOf } = await import('../tape/kafka/topics.ts')
  const cluster = await openCluster(options)
  return {
    cluster,
    names: topicsOf(tape.topic),
    bootstrap: options.brokers.slice(0, 1).map(addressText).join(','),
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  }
}

/** Nothing tries again here: a person does. */
async function once<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (!isFault(error, 'unavailable')) throw error
    const remedy = 'See that the brokers run and can be reached from here, then ask again.'
    throw new Fault('unavailable', error.message, { remedy, cause: error })
  }
}
