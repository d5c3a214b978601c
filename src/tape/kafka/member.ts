import { unlessAborted } from '../../flow/aborted.ts'
import { isFault } from '../../flow/fault.ts'
import { backoffMs } from '../../flow/retry.ts'
import type { Cluster } from './cluster.ts'
import { codeOf, isPassing } from './faults.ts'
import {
  beat,
  joinOnce,
  leave,
  left,
  outside,
  toCoordinator,
  type Membership,
} from './membership.ts'

const BACKOFF = { baseMs: 50, capMs: 2_000 }

/** A member as the one that assigns sees it. */
export type Candidate = { readonly id: string; readonly user: Uint8Array }

export type MemberOptions = {
  readonly cluster: Cluster
  readonly group: string
  readonly topic: string
  /** A member not heard of for this long is taken for dead, ms. */
  readonly sessionMs: number
  /** How long the others wait for a member that finishes its turn, ms. */
  readonly rebalanceMs: number
  readonly heartbeatMs: number
  /** A restart under this name within the session keeps its partitions; null: every start is a new member. */
  readonly instance: string | null
  /** What the one that assigns is told of this member, asked at each join. */
  readonly user: () => Uint8Array
  /** Shares the partitions out; called on one member of each generation. */
  readonly assign: (
    members: readonly Candidate[],
  ) => Promise<ReadonlyMap<string, readonly number[]>>
}

/** Membership from one join to the next. */
export type Generation = {
  readonly id: number
  readonly member: string
  readonly partitions: readonly number[]
  /** Aborts when the group moves on: finish what is under way, then join again. */
  readonly moved: AbortSignal
}

/**
 * A member of a group by Kafka's classic protocol. Partitions move only between a member's `join`s, so a turn can
 * be finished before others go on with its partitions, within `rebalanceMs`.
 */
export type Member = AsyncDisposable & {
  /** The next generation. Faults: `closed` when `signal` aborts, `unavailable`, `invalid`. */
  join(signal: AbortSignal): Promise<Generation>
  /** When the last heartbeat that was answered had been sent, by the monotonic clock, ms; null: never. */
  heardMs(): number | null
  /** Stores offsets in the group's name; fenced by the generation. Throws as `ask`. */
  commit(generation: Generation, offsets: readonly Committed[]): Promise<void>
  /** What was stored last for a partition; null: nothing. */
  committed(partition: number): Promise<string | null>
  /** Whether the group still counts this member in, as far as was heard. */
  known(): boolean
  /** The partitions are to be shared out anew, as when there are more of them. */
  stir(): void
}
export type Committed = {
  readonly partition: number
  readonly offset: number
  readonly note: string | null
}

export function groupMember(options: MemberOptions): Member {
  const { cluster, group, instance, sessionMs, rebalanceMs, heartbeatMs } = options
  const { clock, random } = cluster
  const state = outside()
  const over = new AbortController()
  const member: Membership = {
    ...options,
    state,
    joining: cluster.openLane({ requestMs: rebalanceMs + 10_000 }),
    beating: cluster.openLane({ requestMs: Math.max(1_000, Math.floor(sessionMs / 3)) }),
  }
  const heartbeats = async () => {
    while (!over.signal.aborted) {
      await clock.sleep(heartbeatMs, over.signal)
      if (!over.signal.aborted && state.id !== '' && state.generation !== -1) await beat(member)
    }
  }
  const beating = heartbeats()
  return {
    heardMs: () => state.heardMs,
    known: () => state.id !== '',
    stir: () => state.moved.abort(),
    join: async (signal) => {
      state.joining = true
      try {
        for (let attempt = 0; ; attempt++) {
          if (signal.aborted || over.signal.aborted) throw left(group)
          try {
            const joined = await unlessAborted(joinOnce(member), signal, () => left(group))
            if (joined !== null) return joined
          } catch (error) {
            if (!mayPass(error)) throw error
            await clock.sleep(backoffMs(BACKOFF, attempt, random), signal)
          }
        }
      } finally {
        state.joining = false
      }
    },
    commit: (generation, offsets) => storeOffsets(member, generation, offsets),
    committed: (partition) => noteAt(member, partition),
    [Symbol.asyncDispose]: async () => {
      if (over.signal.aborted) return
      over.abort()
      state.moved.abort()
      await beating
      if (state.id !== '' && instance === null) await leave(member)
      await member.joining[Symbol.asyncDispose]()
      await member.beating[Symbol.asyncDispose]()
    },
  }
}

async function storeOffsets(
  member: Membership,
  generation: Generation,
  offsets: readonly Committed[],
): Promise<void> {
  const { cluster, group, instance, topic, beating } = member
  const partitions = offsets.map(({ partition, offset, note }) => ({
    partitionIndex: partition,
    committedOffset: BigInt(offset),
    committedLeaderEpoch: -1,
    committedMetadata: note,
  }))
  const { id, member: memberId } = generation
  await toCoordinator(member, beating, {
    api: cluster.library.offsetCommitV8.api,
    args: [group, id, memberId, instance, [{ name: topic, partitions }]],
    what: `store offsets of group ${group}`,
  })
}

async function noteAt(member: Membership, partition: number): Promise<string | null> {
  const { cluster, group, topic, beating } = member
  const topics = [{ name: topic, partitionIndexes: [partition] }]
  const { groups } = await toCoordinator(member, beating, {
    api: cluster.library.offsetFetchV8.api,
    args: [[{ groupId: group, memberId: null, memberEpoch: -1, topics }], true],
    what: `ask for the offsets of group ${group}`,
  })
  return groups[0]?.topics[0]?.partitions[0]?.metadata ?? null
}

const mayPass = (error: unknown): boolean => {
  const code = codeOf(error)
  return isFault(error, 'unavailable') || (code !== null && isPassing(code))
}
