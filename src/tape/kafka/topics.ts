import { Fault } from '../../flow/fault.ts'
import { retry } from '../../flow/retry.ts'
import type { Cluster, Topic } from './cluster.ts'
import { CODE, codeOf, kafkaFault } from './faults.ts'

const DAY_MS = 86_400_000
const CREATE_MS = 15_000
const RETRYING = { baseMs: 100, capMs: 1_000, triesMax: 15 } // a controller election; a topic that is being made
/** Config resources of the protocol. */
const TOPIC = 2

/** The two topics of a tape. */
export type TapeTopics = { readonly trades: string; readonly feed: string }

export const topicsOf = (trades: string): TapeTopics => ({ trades, feed: `${trades}_feed_log` })

/** How a topic is made; null: as the cluster allows, see `planOf`. */
export type TopicPlan = {
  readonly partitions: number
  readonly replication: number | null
  readonly retentionMs: number
}
export const PLAN: TopicPlan = { partitions: 8, replication: null, retentionMs: 7 * DAY_MS }
/** The feed log is some megabytes a day, and what `gaps` knows of times before the lake. */
const FEED_RETENTION_MS = 90 * DAY_MS
/** The largest frame that is split has 10 MB, so the largest record too. */
export const MESSAGE_BYTES_MAX = 12 * 1024 * 1024

/** Replication 3 where there are as many brokers; then one may be lost without a record or a pause. */
export const replicationOf = (plan: TopicPlan, brokers: number): number =>
  plan.replication ?? Math.min(3, brokers)
export const minInsyncOf = (replication: number): number => (replication >= 3 ? 2 : 1)

/** Both topics, each made where it is not. Says to the log what it made. */
export async function ensureTopics(
  cluster: Cluster,
  names: TapeTopics,
  plan: TopicPlan = PLAN,
): Promise<{ readonly trades: Topic; readonly feed: Topic }> {
  return {
    trades: await ensureTopic(cluster, names.trades, plan),
    feed: await ensureTopic(cluster, names.feed, feedPlanOf(plan)),
  }
}

/** The feed log beside trades of this plan: one partition, so that its events stay in order. */
export const feedPlanOf = (plan: TopicPlan): TopicPlan => ({
  ...plan,
  partitions: 1,
  retentionMs:
    plan.retentionMs < 0 ? plan.retentionMs : Math.max(plan.retentionMs, FEED_RETENTION_MS),
})

async function ensureTopic(cluster: Cluster, name: string, plan: TopicPlan): Promise<Topic> {
  return retry(
    async () => {
      const found = await cluster.topic(name)
      if (found !== null) return found
      await createTopic(cluster, name, plan)
      throw new Fault('unavailable', `topic ${name} is being made`, {
        remedy: 'It is there in a moment.',
      })
    },
    { ...RETRYING, clock: cluster.clock, random: cluster.random },
  )
}

/** The settings of a new topic, each with the reason that `topic create` tells. */
export function topicSettings(plan: TopicPlan, replication: number): readonly TopicSetting[] {
  return [
    {
      name: 'retention.ms',
      value: String(plan.retentionMs),
      why: 'what has not landed by then is lost to the lake',
    },
    {
      name: 'min.insync.replicas',
      value: String(minInsyncOf(replication)),
      why: 'a record counts as written when so many have it',
    },
    {
      name: 'unclean.leader.election.enable',
      value: 'false',
      why: 'a replica that missed records must never lead',
    },
    {
      name: 'cleanup.policy',
      value: 'delete',
      why: 'compaction would forget trades before they land',
    },
    {
      name: 'compression.type',
      value: 'producer',
      why: 'batches stay as the recorder packed them',
    },
    {
      name: 'message.timestamp.type',
      value: 'CreateTime',
      why: "the timestamp is the recorder's receive time",
    },
    {
      name: 'max.message.bytes',
      value: String(MESSAGE_BYTES_MAX),
      why: 'the largest trade of a frame that can be split fits',
    },
  ]
}
export type TopicSetting = { readonly name: string; readonly value: string; readonly why: string }

/** How many partitions and replicas a new topic has, with the reason. */
export function topicShape(
  { partitions }: TopicPlan,
  replication: number,
  isFeedLog: boolean,
): readonly TopicSetting[] {
  return [
    {
      name: 'partitions',
      value: String(partitions),
      why: isFeedLog
        ? 'the events of the session stay in order'
        : 'a symbol keeps its own; so many landers can share them',
    },
    {
      name: 'replication',
      value: String(replication),
      why: REPLICATION_WHY[Math.min(replication, 3)] ?? '',
    },
  ]
}

const REPLICATION_WHY: Readonly<Record<number, string>> = {
  1: 'one copy: the loss of its broker is the loss of its records',
  2: 'one broker may be lost while both are in sync',
  3: 'one broker may be lost without a record or a pause',
}

/** Makes one topic; where another was quicker that is as good. `dryRun`: brokers only say whether they would. */
export async function createTopic(
  cluster: Cluster,
  name: string,
  { dryRun = false, ...plan }: TopicPlan & { readonly dryRun?: boolean },
): Promise<'created' | 'exists'> {
  const { brokers } = await cluster.describe()
  const replication = replicationOf(plan, brokers)
  const configs = topicSettings(plan, replication).map(({ name, value }) => ({ name, value }))
  const { partitions } = plan
  const topic = {
    name,
    numPartitions: partitions,
    replicationFactor: replication,
    assignments: [],
    configs,
  }
  try {
    await cluster.lane.ask('any', {
      api: cluster.library.createTopicsV7.api,
      args: [[topic], CREATE_MS, dryRun],
      what: `make topic ${name}`,
    })
  } catch (error) {
    if (codeOf(error) === CODE.topicAlreadyExists) return 'exists'
    throw refusedTopic(error, name)
  }
  if (!dryRun) cluster.log('info', `made topic ${name}`, { partitions, replication })
  return 'created'
}

function refusedTopic(error: unknown, name: string): Fault {
  const fault = kafkaFault(error, `make topic ${name}`)
  const code = codeOf(error)
  const told = [CODE.policyViolation, 37, 38, 40].find((one) => one === code)
  if (fault.kind !== 'invalid' && told === undefined) return fault
  return new Fault('invalid', `${fault.message}${brokerWords(error)}`, {
    remedy:
      'Make it with `ticklake topic create` as a user who may, with other --partitions or --replication, or have an administrator make it.',
    cause: error,
  })
}

/** What the broker itself said, where it said more than a code. */
function brokerWords(error: unknown): string {
  if (typeof error !== 'object' || error === null) return ''
  const { serverErrorMessage, errors, cause } = error as Readonly<Record<string, unknown>>
  if (typeof serverErrorMessage === 'string') return `: ${serverErrorMessage}`
  const inner = Array.isArray(errors) ? errors : [cause]
  return inner.map(brokerWords).find((words) => words !== '') ?? ''
}

/** Settings of a topic in effect, by name; null: this user may not ask. */
export async function settingsOfTopic(
  cluster: Cluster,
  name: string,
): Promise<ReadonlyMap<string, string> | null> {
  try {
    const { results } = await cluster.lane.ask('any', {
      api: cluster.library.describeConfigsV4.api,
      args: [[{ resourceType: TOPIC, resourceName: name, configurationKeys: null }], false, false],
      what: `ask for the settings of topic ${name}`,
    })
    return new Map((results[0]?.configs ?? []).map(({ name, value }) => [name, value ?? '']))
  } catch (error) {
    const code = codeOf(error)
    if (code === CODE.topicAuthorizationFailed || code === CODE.clusterAuthorizationFailed)
      return null
    throw error
  }
}
