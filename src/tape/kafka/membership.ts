import { Fault, isFault } from '../../flow/fault.ts'
import type { Asking, Cluster, Lane } from './cluster.ts'
import { CODE, codeOf } from './faults.ts'
import type { Generation, MemberOptions } from './member.ts'
import { decodeAssignment, encodeAssignment, encodeSubscription, userOf } from './subscription.ts'

const PROTOCOL = 'ticklake'
const GROUP = 0 // the kind of coordinator

/** What a member knows of itself; requests and their answers move it. */
export type MemberState = {
  coordinator: number | null
  /** '' until the coordinator gave one. */
  id: string
  generation: number
  moved: AbortController
  heardMs: number | null
  joining: boolean
  /** Another process came under the same instance name. */
  fenced: boolean
}

/** Not yet in any group. */
export const outside = (): MemberState => ({
  coordinator: null,
  id: '',
  generation: -1,
  moved: new AbortController(),
  heardMs: null,
  joining: false,
  fenced: false,
})

export type Membership = MemberOptions & {
  /** For joins, which wait for the others. */
  readonly joining: Lane
  /** For all that must not wait behind a join. */
  readonly beating: Lane
  readonly state: MemberState
}

/** One heartbeat, and what its answer says of the membership. */
export async function beat(member: Membership): Promise<void> {
  const { cluster, group, instance, state, beating } = member
  const sentMs = cluster.clock.monotonic()
  const { generation, id } = state
  const args: [string, number, string, string | null] = [group, generation, id, instance]
  const what = `stay in group ${group}`
  try {
    await toCoordinator(member, beating, { api: cluster.library.heartbeatV4.api, args, what })
    state.heardMs = sentMs
  } catch (error) {
    const code = codeOf(error)
    if (code === null) {
      // No broker runs: nobody can be given this member's place.
      if (await cluster.allRefuse()) state.heardMs = sentMs
      return
    }
    if (code === CODE.rebalanceInProgress) state.heardMs = sentMs // known and alive; it should join again
    if (state.generation !== generation || state.joining) return // of a membership that is over
    if (isOut(code)) state.id = ''
    state.fenced ||= code === CODE.fencedInstance
    if (MOVED.has(code) || isOut(code)) state.moved.abort()
  }
}

const MOVED: ReadonlySet<number> = new Set([CODE.rebalanceInProgress, CODE.illegalGeneration])

/** One try to join; null: the group moved on meanwhile. */
export async function joinOnce(asking: Membership): Promise<Generation | null> {
  const { cluster, group, topic, instance, sessionMs, rebalanceMs, joining, state, user } = asking
  const { joinGroupV9, syncGroupV5 } = cluster.library
  if (state.fenced) throw fenced(group, instance)
  try {
    const metadata = encodeSubscription(topic, user())
    const joined = await toCoordinator(asking, joining, {
      api: joinGroupV9.api,
      args: [
        group,
        sessionMs,
        rebalanceMs,
        state.id,
        instance,
        'consumer',
        [{ name: PROTOCOL, metadata }],
      ],
      what: `join group ${group}`,
    })
    state.id = joined.memberId
    const candidates = joined.members.map(({ memberId, metadata }) => ({
      id: memberId,
      user: userOf(metadata),
    }))
    const assigns = joined.leader === joined.memberId && !joined.skipAssignment
    const shares = assigns ? await asking.assign(candidates) : new Map<string, number[]>()
    const assignments = [...shares].map(([memberId, partitions]) => ({
      memberId,
      assignment: encodeAssignment({ topic, partitions }),
    }))
    const { generationId, memberId, protocolType, protocolName } = joined
    const sentMs = cluster.clock.monotonic()
    const { assignment } = await toCoordinator(asking, joining, {
      api: syncGroupV5.api,
      args: [group, generationId, memberId, instance, protocolType, protocolName, assignments],
      what: `be assigned partitions in group ${group}`,
    })
    state.generation = generationId
    state.moved = new AbortController()
    state.heardMs = Math.max(state.heardMs ?? sentMs, sentMs)
    const partitions = decodeAssignment(assignment, topic)
    return { id: generationId, member: memberId, partitions, moved: state.moved.signal }
  } catch (error) {
    const code = codeOf(error)
    const given = code === CODE.memberIdRequired ? memberIn(error) : null
    if (given !== null) state.id = given
    else if (code === CODE.fencedInstance) throw fenced(group, instance)
    else if (isOut(code)) state.id = ''
    else if (code !== CODE.rebalanceInProgress && code !== CODE.illegalGeneration) throw error
    return null
  }
}

/** The id that the coordinator gives a new member along with the order to come again under it. */
function memberIn(error: unknown): string | null {
  if (typeof error !== 'object' || error === null) return null
  const { response, cause } = error as Readonly<Record<string, unknown>>
  const id = (response as Readonly<Record<string, unknown>> | undefined)?.['memberId']
  return typeof id === 'string' && id !== '' ? id : memberIn(cause)
}

/** Asks the group's coordinator; who that is, is asked again when it has moved or is away. */
export async function toCoordinator<A extends unknown[], R>(
  { cluster, group, state }: Membership,
  lane: Lane,
  asking: Asking<A, R>,
): Promise<R> {
  state.coordinator ??= await coordinatorOf(cluster, group)
  try {
    return await lane.ask(state.coordinator, { right: rightOn(group), ...asking })
  } catch (error) {
    const code = codeOf(error)
    const moved = code === CODE.notCoordinator || code === CODE.coordinatorNotAvailable
    if (moved || (code === null && isFault(error, 'unavailable'))) state.coordinator = null
    throw error
  }
}

const rightOn = (group: string): string => `READ on group ${group}`

async function coordinatorOf(cluster: Cluster, group: string): Promise<number> {
  const { coordinators } = await cluster.lane.ask('any', {
    api: cluster.library.findCoordinatorV4.api,
    args: [GROUP, [group]],
    what: `find the coordinator of group ${group}`,
    right: rightOn(group),
  })
  const found = coordinators[0]
  await cluster.describe() // its address
  if (found !== undefined) return found.nodeId
  throw new Fault('unavailable', `group ${group} has no coordinator`, {
    remedy: 'It is asked for again.',
  })
}

/** Leaves the group, so that the others need not wait for the session to end. */
export async function leave(member: Membership): Promise<void> {
  const { cluster, group, state, beating } = member
  const members = [{ memberId: state.id, reason: 'stopped' }]
  await toCoordinator(member, beating, {
    api: cluster.library.leaveGroupV5.api,
    args: [group, members],
    what: `leave group ${group}`,
  }).catch(() => undefined) // the session ends by itself then
}

const isOut = (code: number | null): boolean =>
  code === CODE.unknownMember || code === CODE.fencedInstance

const fenced = (group: string, instance: string | null): Fault =>
  new Fault('invalid', `another process is in group ${group} as ${instance}`, {
    remedy: 'Give each process its own TICKLAKE_KAFKA_INSTANCE, or leave it out.',
  })

/** The wait for a group was given up. */
export const left = (group: string): Fault =>
  new Fault('closed', `group ${group} was left`, { remedy: 'Join again to go on.' })
