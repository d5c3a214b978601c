import { aborted, unlessAborted } from '../flow/aborted.ts'
import { assert, isFault } from '../flow/fault.ts'
import { backoffMs } from '../flow/retry.ts'
import { noLonger } from './shared-lease.ts'
import type { Lease, TakeLease } from './tape.ts'
import { openCluster, type ClusterOptions } from './kafka/cluster.ts'
import { codeOf } from './kafka/faults.ts'
import { groupMember, type Candidate, type Generation, type Member } from './kafka/member.ts'
import { ensureTopics, topicsOf } from './kafka/topics.ts'

/** A holder that is not heard of for this long is taken for dead and a standby takes over. */
const SESSION_MS = 8_000
/** A holder that has not heard for this long gives up: before anybody else can have been given the lease. */
const SILENCE_MS = 6_000
const HEARTBEAT_MS = 1_000
const REBALANCE_MS = 30_000
/** How often the holder looks at the clock. */
const WATCH_MS = 200
const WAITING = { baseMs: 500, capMs: 10_000 }
const ONLY = 0

export type KafkaLeaseOptions = ClusterOptions & {
  /** The topic of the trades. */
  readonly topic: string
}

/**
 * The right to be the one recorder of a topic, for any number of machines: the one partition of a consumer group
 * named by the topic's id. Who is stopped, cut off or dead for 6 s loses it, and says so itself if it can; 2 s
 * later a standby may have it. While every broker refuses connections nobody can be given it, and it is kept.
 */
export function kafkaLease(options: KafkaLeaseOptions): TakeLease {
  return async (signal) => {
    await using opening = new AsyncDisposableStack()
    const cluster = opening.use(await openCluster(options))
    const names = topicsOf(options.topic)
    const { trades } = await patiently(options, signal, async () => {
      await cluster.describe() // at once: making topics tries for a while
      return await ensureTopics(cluster, names)
    })
    const state: { epoch: number } = { epoch: 0 }
    const member = opening.use(
      groupMember({
        cluster,
        group: `ticklake-record-${trades.id}`,
        topic: names.feed,
        sessionMs: SESSION_MS,
        rebalanceMs: REBALANCE_MS,
        heartbeatMs: HEARTBEAT_MS,
        instance: null,
        user: () => Buffer.from(String(state.epoch)),
        assign: async (members) => new Map([[holderOf(members), [ONLY]]]),
      }),
    )
    const generation = await granted(member, state, { options, signal })
    const closing = opening.move()
    const lease = leaseOf(member, { state, generation, clock: options.clock })
    return {
      ...lease,
      [Symbol.asyncDispose]: async () => {
        await lease[Symbol.asyncDispose]()
        await closing.disposeAsync()
      },
    }
  }
}

/** Waits out brokers that are away, as a standby must; says so once. */
async function patiently<T>(
  { clock, random, log }: KafkaLeaseOptions,
  signal: AbortSignal,
  act: () => Promise<T>,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    if (signal.aborted) throw noLonger()
    try {
      return await unlessAborted(act(), signal, noLonger)
    } catch (error) {
      if (!isFault(error, 'unavailable')) throw error
      if (attempt === 0) log('warn', `${error.message}: waiting for it`)
      await clock.sleep(backoffMs(WAITING, attempt, random), signal)
    }
  }
}

/** Whoever has the lease keeps it: the greatest epoch; else any, always the same. */
function holderOf(members: readonly Candidate[]): string {
  const epochOf = ({ user }: Candidate) => Number(Buffer.from(user).toString()) || 0
  const [first] = members.toSorted((a, b) => epochOf(b) - epochOf(a) || (a.id < b.id ? -1 : 1))
  assert(first !== undefined, 'a group without members was to be assigned')
  return first.id
}

type Epoch = { epoch: number }

/** Waits until the group gives this member the partition, and notes its epoch there, fenced by the generation. */
async function granted(
  member: Member,
  state: Epoch,
  { options, signal }: { options: KafkaLeaseOptions; signal: AbortSignal },
): Promise<Generation> {
  for (;;) {
    if (signal.aborted) throw noLonger()
    const generation = await member.join(signal)
    if (!generation.partitions.includes(ONLY)) {
      await aborted(AbortSignal.any([generation.moved, signal]))
      continue
    }
    try {
      const last = Number(await member.committed(ONLY)) || 0
      const epoch = Math.max(last + 1, Math.floor(options.clock.now() / 1_000))
      await member.commit(generation, [{ partition: ONLY, offset: 0, note: String(epoch) }])
      state.epoch = epoch
      return generation
    } catch (error) {
      if (isFault(error, 'invalid')) throw error
      if (codeOf(error) === null && !isFault(error, 'unavailable')) throw error
      // The group has moved on meanwhile, or its coordinator has: join again.
    }
  }
}

function leaseOf(
  member: Member,
  { state, generation, clock }: Holding,
): Lease & { readonly epoch: number } {
  const lost = new AbortController()
  const over = new AbortController()
  let heardWallMs = clock.now()
  let heardMs = member.heardMs()
  const holds = (): boolean => {
    if (lost.signal.aborted) return false
    const heard = member.heardMs()
    if (heard !== heardMs) [heardMs, heardWallMs] = [heard, clock.now()]
    // The monotonic clock stands still while a machine sleeps, the wall clock does not.
    const silent = Math.max(clock.monotonic() - (heard ?? 0), clock.now() - heardWallMs)
    if (silent < SILENCE_MS) return true
    lost.abort()
    return false
  }
  const watch = async () => {
    while (!over.signal.aborted && holds()) await clock.sleep(WATCH_MS, over.signal)
  }
  const stay = async () => {
    let current = generation
    const ends = AbortSignal.any([over.signal, lost.signal])
    while (!ends.aborted) {
      await aborted(AbortSignal.any([current.moved, ends]))
      if (ends.aborted) return
      if (!member.known()) return lost.abort() // its place was given away
      current = await member.join(ends)
      if (!current.partitions.includes(ONLY)) return lost.abort()
    }
  }
  const keeping = Promise.all([watch(), stay().catch(() => lost.abort())])
  return {
    epoch: state.epoch,
    lost: lost.signal,
    holds,
    [Symbol.asyncDispose]: async () => {
      over.abort()
      await keeping
    },
  }
}

type Holding = {
  readonly state: Epoch
  readonly generation: Generation
  readonly clock: KafkaLeaseOptions['clock']
}
