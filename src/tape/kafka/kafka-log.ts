import { aborted } from '../../flow/aborted.ts'
import { assert, Fault, isFault } from '../../flow/fault.ts'
import { partition, type Offset, type Partition, type Run } from '../../market/records.ts'
import { checkResume } from '../resume.ts'
import type { Group, Log, Starts } from '../tape.ts'
import type { Codecs } from './compression.ts'
import type { Cluster } from './cluster.ts'
import { groupMember, type Candidate, type Generation, type Member } from './member.ts'
import { readLag } from './read-lag.ts'
import { rangesOf } from './ranges.ts'
import { readRuns } from './reader.ts'
import { settingsOfTopic } from './topics.ts'
import type { OpenTopic } from './topic.ts'

/** A lander that is not heard of for this long is taken for dead, and the others get its partitions. */
const SESSION_MS = 10_000
const HEARTBEAT_MS = 1_000
/** How long the others wait for a lander that finishes its commit before they go on without it. */
const REBALANCE_MS = 60_000
/** How often it is looked whether the topic has more partitions, or was made again. */
const LOOK_MS = 10_000
const DELETE_MS = 15_000

export type KafkaLogOptions = {
  readonly cluster: Cluster
  readonly topic: OpenTopic
  readonly codecs: Codecs
  /** The static name of this lander; see `kafka.instance`. */
  readonly instance: string | null
  /** Aborts when the tape is closed; `open` then throws. */
  readonly closed: AbortSignal
  readonly open: () => void
}

/** One topic as a log of the tape port. */
export function kafkaLog(options: KafkaLogOptions): Log {
  const { topic, open, cluster } = options
  const landing = new Map<string, Landing>()
  const log: Log = {
    id: topic.id,
    bounds: async () => (open(), await topic.bounds()),
    read: (from, until, signal) => read(options, { from, until }, signal),
    turns: (group, signal) => turns({ ...options, log, landing, group }, signal),
    landed: async (group, positions) => {
      const found = landing.get(group)
      if (found === undefined || positions.size === 0) return
      const offsets = [...positions].map(([partition, { next }]) => ({
        partition,
        offset: next,
        note: null,
      }))
      await found.member.commit(found.generation, offsets).catch((error: unknown) => {
        cluster.log('debug', 'the group’s offsets were not stored', { error: String(error) })
      })
    },
    trim: async (before) => (open(), await trim(options, before)),
  }
  return log
}

type Range = { readonly from: Starts; readonly until: Starts | 'follow' }

async function* read(
  options: KafkaLogOptions,
  { from, until }: Range,
  signal: AbortSignal,
): AsyncGenerator<Run, void, undefined> {
  const { topic, open, closed } = options
  const at = new Map<Partition, Offset>(from)
  while (!signal.aborted) {
    open()
    const ranges = rangesOf(topic, await topic.bounds(), { from: at, until })
    const watch = until === 'follow' ? partitionWatch(options, ranges.size, signal) : null
    const ends = [signal, closed, ...(watch === null ? [] : [watch.grown])]
    try {
      for await (const run of readRuns({ ...options, ranges }, AbortSignal.any(ends))) {
        at.set(run.partition, run.next)
        yield run
      }
    } finally {
      await watch?.[Symbol.asyncDispose]()
    }
    if (!signal.aborted) open()
    if (until !== 'follow') return
  }
}

/** Looks now and then whether there are more partitions than `count`. */
function partitionWatch(
  { topic, cluster }: KafkaLogOptions,
  count: number,
  signal: AbortSignal,
): AsyncDisposable & { readonly grown: AbortSignal } {
  const grown = new AbortController()
  const over = new AbortController()
  const ends = AbortSignal.any([over.signal, signal])
  const look = async () => {
    while (!ends.aborted && !grown.signal.aborted) {
      await cluster.clock.sleep(LOOK_MS, ends)
      if (ends.aborted) return
      const now = await topic.refresh().catch(() => null) // the reader meets it
      if (now !== null && now.partitions.length > count) grown.abort()
    }
  }
  const looking = look()
  return {
    grown: grown.signal,
    [Symbol.asyncDispose]: async () => {
      over.abort()
      await looking
    },
  }
}

type Landing = { readonly member: Member; readonly generation: Generation }
type Turning = KafkaLogOptions & {
  readonly log: Log
  readonly group: Group
  readonly landing: Map<string, Landing>
}

/** While one turn is read the group waits for it: the next `join` is only sent when that is over. */
async function* turns(
  turning: Turning,
  signal: AbortSignal,
): AsyncGenerator<AsyncIterable<Run>, void, undefined> {
  const { cluster, topic, group, instance, landing, closed } = turning
  if (signal.aborted) return
  await using member = groupMember({
    cluster,
    group: group.id,
    topic: topic.name,
    sessionMs: SESSION_MS,
    rebalanceMs: REBALANCE_MS,
    heartbeatMs: HEARTBEAT_MS,
    instance,
    user: () => new Uint8Array(0),
    assign: async (members) => shares(members, (await topic.refresh()).partitions.length),
  })
  try {
    while (!signal.aborted) {
      const over = new AbortController()
      try {
        yield turn({ ...turning, member }, AbortSignal.any([signal, over.signal, closed]))
      } finally {
        over.abort() // a reader that kept the turn ends quietly
      }
    }
  } finally {
    landing.delete(group.id)
  }
}

/** Failures to start are met by the turn's reader, who knows whether another turn may follow. */
async function* turn(
  turning: Turning & { readonly member: Member },
  signal: AbortSignal,
): AsyncGenerator<Run, void, undefined> {
  const { member, topic, cluster, log, group, landing } = turning
  turning.open()
  await refuseCompacted(cluster, topic.name)
  const generation = await joined(member, signal)
  if (generation === null) return
  const mine = generation.partitions.map(partition)
  const positions = await group.start(mine)
  landing.set(group.id, { member, generation })
  await checkResume(log, positions, cluster.log)
  const starts = new Map([...positions].map(([at, { next }]) => [at, next]))
  const bounds = await topic.bounds()
  const owned = new Map([...bounds].filter(([at]) => mine.includes(at)))
  const ranges = rangesOf(topic, owned, { from: starts, until: 'follow' })
  await using watch = partitionWatch(turning, bounds.size, signal)
  const moved = AbortSignal.any([signal, generation.moved, watch.grown])
  const lag = readLag(cluster, topic.name)
  if (ranges.size === 0) await aborted(moved)
  else
    for await (const run of readRuns({ ...turning, ranges, onFetched: lag.fetched }, moved)) {
      lag.given(run)
      yield run
    }
  lag.over()
  if (watch.grown.aborted) member.stir()
}

async function joined(member: Member, signal: AbortSignal): Promise<Generation | null> {
  try {
    return await member.join(signal)
  } catch (error) {
    if (isFault(error, 'closed') && signal.aborted) return null
    throw error
  }
}

/** Partition i goes to member i modulo their number, members in the order of their ids. */
function shares(
  members: readonly Candidate[],
  partitions: number,
): ReadonlyMap<string, readonly number[]> {
  const ids = members.map(({ id }) => id).toSorted()
  assert(ids.length > 0, 'a group without members was to be assigned')
  return new Map(
    ids.map((id, k) => [
      id,
      Array.from({ length: partitions }, (_, i) => i).filter((i) => i % ids.length === k),
    ]),
  )
}

async function refuseCompacted(cluster: Cluster, name: string): Promise<void> {
  const settings = await settingsOfTopic(cluster, name)
  if (settings?.get('cleanup.policy')?.includes('compact') !== true) return
  throw new Fault('invalid', `topic ${name} is compacted (cleanup.policy=compact)`, {
    remedy:
      'Compaction forgets trades before they land. Set cleanup.policy=delete on it, or name another topic with --tape.',
  })
}

/** Has the brokers forget records below `before`; partitions that it does not name keep all. */
async function trim({ cluster, topic }: KafkaLogOptions, before: Starts): Promise<void> {
  const bounds = await topic.bounds()
  const cuts = [...before].flatMap(([at, limit]) => {
    const bound = bounds.get(at)
    const cut = Math.min(limit, bound?.end ?? 0)
    const leader = topic.current().partitions[at]?.leader
    if (bound === undefined || leader === undefined || cut <= bound.earliest) return []
    return [{ leader, partitionIndex: at, offset: BigInt(cut) }]
  })
  for (const [leader, mine] of Map.groupBy(cuts, ({ leader }) => leader)) {
    const partitions = mine.map(({ partitionIndex, offset }) => ({ partitionIndex, offset }))
    await cluster.lane.ask(leader, {
      api: cluster.library.deleteRecordsV2.api,
      args: [[{ name: topic.name, partitions }], DELETE_MS],
      what: `trim topic ${topic.name}`,
      right: `DELETE on topic ${topic.name}`,
    })
  }
}
