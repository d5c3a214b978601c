import type { TopicDescription } from './describe.ts'
import { MESSAGE_BYTES_MAX, PLAN } from './topics.ts'

/** What a setting of a topic costs a tape, and what mends it. */
export type Unfit = {
  readonly topic: string
  readonly setting: string
  readonly value: string
  readonly costs: string
  /** `name=value` that does not cost this; null: no single setting mends it. */
  readonly change: string | null
  /** What to do, in words. */
  readonly mend: string
  /** Landing cannot go on with it. */
  readonly grave: boolean
}

export type Judged = {
  readonly topic: TopicDescription
  /** The feed log needs one partition, so that its events stay in order. */
  readonly isFeedLog: boolean
  readonly brokers: number
}

/** With less, a lander that is away for a night loses records. */
const RETENTION_MS_MIN = 86_400_000
/** With so many replicas, two of them in sync, one broker may be lost without a record or a pause. */
const REPLICAS = 3
const MORE_REPLICAS = 'See docs/operating.md, “More replicas”.'

/** The least number of replicas of any of its partitions. */
export const replicasOf = ({ partitions }: TopicDescription): number =>
  partitions.reduce((least, { replicas }) => Math.min(least, replicas.length), Infinity)

/** Settings in effect that cost a tape something; none where this user may not ask for them. */
export const unfitSettings = (judged: Judged): readonly Unfit[] =>
  [...copies(judged), ...contents(judged)].map((one) => ({
    topic: judged.topic.name,
    grave: false,
    change: null,
    ...one,
    mend: one.mend ?? `Set ${one.change}: \`ticklake topic describe\` shows the command.`,
  }))

type Found = Pick<Unfit, 'setting' | 'value' | 'costs'> &
  Partial<Pick<Unfit, 'change' | 'mend' | 'grave'>>

/** How many brokers have a record. */
function copies({ topic, brokers }: Judged): readonly Found[] {
  const found: Found[] = []
  const replicas = replicasOf(topic)
  if (replicas < Math.min(REPLICAS, brokers))
    found.push({
      setting: 'replication',
      value: String(replicas),
      costs:
        replicas === 1
          ? 'one copy: its records are lost with its broker, and while that is away none is written'
          : 'a broker that is lost leaves one copy, and the next loss loses records',
      mend: MORE_REPLICAS,
    })
  const written = topic.settings?.get('min.insync.replicas')
  if (written === undefined) return found
  const least = Math.min(Number(written), replicas) // as brokers take it, since 3.8 at the latest
  const setting = { setting: 'min.insync.replicas', value: written }
  const two = replicas >= REPLICAS ? { change: 'min.insync.replicas=2' } : { mend: MORE_REPLICAS }
  if (least === replicas && least > 1)
    found.push({
      ...setting,
      ...two,
      costs: 'that is all replicas: while any broker is away nothing is recorded',
    })
  else if (least === 1 && replicas >= REPLICAS)
    found.push({
      ...setting,
      ...two,
      costs: 'a record counts as written when one broker has it, and is lost with that one',
    })
  return found
}

/** A setting whose values do not depend on the others. */
type Rule = {
  readonly setting: string
  readonly isIll: (value: string) => boolean
  readonly costs: string
  /** The value that does not cost this. */
  readonly fit: string
  readonly grave?: boolean
}

const RULES: readonly Rule[] = [
  {
    setting: 'cleanup.policy',
    isIll: (value) => value.includes('compact'),
    costs: 'compaction forgets records before they land: `land` refuses the topic',
    fit: 'delete',
    grave: true,
  },
  {
    setting: 'unclean.leader.election.enable',
    isIll: (value) => value === 'true',
    costs: 'a replica that missed records may lead: they are lost, and landing stops',
    fit: 'false',
  },
  {
    setting: 'message.timestamp.type',
    isIll: (value) => value === 'LogAppendTime',
    costs: 'the time at which the recorder received a trade is lost',
    fit: 'CreateTime',
  },
  {
    setting: 'retention.ms',
    isIll: (value) => Number(value) >= 0 && Number(value) < RETENTION_MS_MIN,
    costs: 'less than a day: what has not landed by then is lost to the lake',
    fit: String(PLAN.retentionMs),
  },
  {
    setting: 'retention.bytes',
    isIll: (value) => Number(value) >= 0,
    costs: 'a partition that is full forgets its oldest records, landed or not',
    fit: '-1',
  },
  {
    setting: 'max.message.bytes',
    isIll: (value) => Number(value) < MESSAGE_BYTES_MAX,
    costs: 'of a larger record only the start is kept, in the feed log, and it shows as a gap',
    fit: String(MESSAGE_BYTES_MAX),
  },
  {
    setting: 'compression.type',
    isIll: (value) => value !== 'producer',
    costs: 'the broker packs each batch again, at the cost of its processor',
    fit: 'producer',
  },
]

/** What becomes of a record. */
function contents({ topic, isFeedLog }: Judged): readonly Found[] {
  const { settings, partitions } = topic
  const found = RULES.flatMap(({ setting, isIll, costs, fit, grave = false }): readonly Found[] => {
    const value = settings?.get(setting)
    if (value === undefined || !isIll(value)) return []
    return [{ setting, value, costs, change: `${setting}=${fit}`, grave }]
  })
  if (!isFeedLog || partitions.length === 1) return found
  const split: Found = {
    setting: 'partitions',
    value: String(partitions.length),
    costs: 'events keep their order within a partition only: gaps may be wrong',
    mend: 'Delete it while nothing records: it is made anew. Then `ticklake land --adopt-tape`.',
  }
  return [split, ...found]
}

/** What an acknowledged record survives, in words. */
export function promiseOf(topic: TopicDescription): string {
  const replicas = replicasOf(topic)
  if (replicas === 1)
    return 'one copy: survives the death of the broker’s process, not of its machine'
  const said = topic.settings?.get('min.insync.replicas')
  if (said === undefined)
    return `acks=all on ${replicas} replicas; how many are in sync is not told`
  const least = Math.min(Number(said), replicas)
  const unclean = topic.settings?.get('unclean.leader.election.enable') === 'true'
  const but = unclean ? ', but for an unclean election' : ''
  const on = `acks=all on ${replicas} replicas, min ${least} in sync`
  if (least === 1) return `${on}: survives a lost broker only while another is in sync${but}`
  const lost = least === 2 ? 'one broker' : `${least - 1} brokers`
  return `${on}: survives the loss of ${lost}${but}`
}

/** Where a topic that is there is not as it was asked for; null: not asked. */
export function deviations(
  topic: TopicDescription,
  asked: {
    readonly partitions: number | null
    readonly replication: number | null
    readonly retentionMs: number | null
  },
): readonly Unfit[] {
  const partitions = topic.partitions.length
  const compared = [
    {
      setting: 'partitions',
      value: String(partitions),
      wanted: asked.partitions,
      mend:
        (asked.partitions ?? 0) > partitions
          ? 'See docs/operating.md, “More partitions”.'
          : 'Partitions never become fewer: name another topic.',
    },
    {
      setting: 'replication',
      value: String(replicasOf(topic)),
      wanted: asked.replication,
      mend: MORE_REPLICAS,
    },
    {
      setting: 'retention.ms',
      value: topic.settings?.get('retention.ms'),
      wanted: asked.retentionMs,
      change: `retention.ms=${asked.retentionMs}`,
      mend: `Set retention.ms=${asked.retentionMs}.`,
    },
  ]
  return compared.flatMap(({ wanted, value, ...one }): readonly Unfit[] => {
    if (value === undefined || wanted === null || value === String(wanted)) return []
    const costs = `it is not the ${wanted} that you asked for`
    return [{ topic: topic.name, value, costs, grave: false, change: null, ...one }]
  })
}

/** The one command that makes all changes of a topic; null: there are none. */
export function changeCommand(unfit: readonly Unfit[], bootstrap: string): string | null {
  const changes = unfit.flatMap(({ change }) => change ?? [])
  const [first] = unfit
  if (first === undefined || changes.length === 0) return null
  return `kafka-configs.sh --bootstrap-server ${bootstrap} --alter --topic ${first.topic} --add-config ${changes.join(',')}`
}
