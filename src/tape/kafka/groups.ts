import { retry } from '../../flow/retry.ts'
import type { Cluster } from './cluster.ts'
import { answered, rightsIn, type Right } from './describe.ts'
import { CODE, codeOf } from './faults.ts'
import { decodeAssignment } from './subscription.ts'

const GROUP = 0 // the kind of coordinator
const RETRYING = { baseMs: 100, capMs: 500, triesMax: 6 } // right after a start its coordinator is loading
/** How landers begin the names of their groups. */
const LAND_PREFIX = 'ticklake-land-'
/** The group that is the recorder's lease; see `kafkaLease`. */
const leaseGroupOf = (topicId: string): string => `ticklake-record-${topicId}`

export type MemberDescription = {
  readonly id: string
  /** Its static name; null: it has none. */
  readonly instance: string | null
  readonly host: string
  readonly partitions: readonly number[]
}
export type GroupDescription = {
  readonly id: string
  /** Stable, PreparingRebalance, CompletingRebalance, Empty or Dead. */
  readonly state: string
  readonly members: readonly MemberDescription[]
  /** What was committed last for each partition. */
  readonly committed: ReadonlyMap<number, { readonly offset: number; readonly note: string | null }>
  readonly rights: ReadonlySet<Right>
}

/** A group's dealings with one topic; null: this user may not ask. */
export async function describeGroup(
  cluster: Cluster,
  id: string,
  topic: string,
): Promise<GroupDescription | null> {
  try {
    return await retry(() => describeOnce(cluster, id, topic), { ...RETRYING, ...cluster })
  } catch (error) {
    if (codeOf(error) === CODE.groupAuthorizationFailed) return null
    throw error
  }
}

async function describeOnce(
  cluster: Cluster,
  id: string,
  topic: string,
): Promise<GroupDescription> {
  const { library, lane } = cluster
  const coordinator = await coordinatorOf(cluster, id)
  const { groups } = await lane.ask(coordinator, {
    api: library.describeGroupsV5.api,
    args: [[id], true],
    what: `ask about group ${id}`,
  })
  const group = groups[0]
  const { groups: stored } = await lane.ask(coordinator, {
    api: library.offsetFetchV8.api,
    args: [[{ groupId: id, memberId: null, memberEpoch: -1, topics: null }], false],
    what: `ask for the offsets of group ${id}`,
  })
  const offsets = stored[0]?.topics.find(({ name }) => name === topic)?.partitions ?? []
  return {
    id,
    state: group?.groupState ?? 'Dead',
    members: (group?.members ?? []).map((member) => ({
      id: member.memberId,
      instance: member.groupInstanceId ?? null,
      host: member.clientHost.replace(/^\//, ''),
      partitions: decodeAssignment(member.memberAssignment, topic).toSorted((a, b) => a - b),
    })),
    committed: new Map(
      offsets.map(({ partitionIndex, committedOffset, metadata }) => [
        partitionIndex,
        { offset: Number(committedOffset), note: metadata ?? null },
      ]),
    ),
    rights: rightsIn(group?.authorizedOperations ?? 0),
  }
}

async function coordinatorOf(cluster: Cluster, id: string): Promise<number> {
  const { coordinators } = await cluster.lane.ask('any', {
    api: cluster.library.findCoordinatorV4.api,
    args: [GROUP, [id]],
    what: `find the coordinator of group ${id}`,
  })
  await cluster.describe() // its address
  return coordinators[0]?.nodeId ?? -1
}

/** The groups that land a topic, as far as this user may see them. */
export async function landGroups(
  cluster: Cluster,
  topic: string,
  brokers: readonly number[],
): Promise<readonly GroupDescription[]> {
  const listed = await answered(
    brokers.map((broker) =>
      cluster.lane.ask(broker, {
        api: cluster.library.listGroupsV4.api,
        args: [[], []],
        what: `ask broker ${broker} for its groups`,
      }),
    ),
  )
  const ids = listed
    .flatMap(({ groups }) => groups)
    .map(({ groupId }) => groupId)
    .filter((id) => id.startsWith(LAND_PREFIX))
  const groups = await answered(ids.toSorted().map((id) => describeGroup(cluster, id, topic)))
  return groups.flatMap((group) => {
    const members = group?.members.some(({ partitions }) => partitions.length > 0) === true
    return group !== null && (members || group.committed.size > 0) ? [group] : []
  })
}

/** Who is the one recorder; null: nobody, or the group is choosing. */
export type LeaseHolder = {
  readonly host: string
  /** What a holder later has is greater; about the second, since 1970, at which it took the lease. */
  readonly epoch: number | null
}

/** The holder of a topic's recorder lease, which is partition 0 of the feed log. Faults as `Lane.ask`. */
export async function leaseHolder(
  cluster: Cluster,
  { id, feed }: { readonly id: string; readonly feed: string },
): Promise<LeaseHolder | null> {
  const group = await describeGroup(cluster, leaseGroupOf(id), feed)
  const holder = group?.members.find(({ partitions }) => partitions.includes(0))
  if (group === null || holder === undefined) return null
  const note = Number(group.committed.get(0)?.note)
  return { host: holder.host, epoch: Number.isInteger(note) && note > 0 ? note : null }
}

/** Whether this user may use the group of a topic's recorders, and groups named as those of landers. */
export async function mayJoin(
  cluster: Cluster,
  { id, feed }: { readonly id: string; readonly feed: string },
): Promise<{ readonly record: boolean; readonly land: boolean }> {
  const may = async (group: string) =>
    (await describeGroup(cluster, group, feed))?.rights.has('read') === true
  return { record: await may(leaseGroupOf(id)), land: await may(`${LAND_PREFIX}probe`) }
}
