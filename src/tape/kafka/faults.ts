import { Fault, isFault } from '../../flow/fault.ts'

/** Error codes of the Kafka protocol that decide something here (kafka.apache.org/protocol, Error Codes). */
export const CODE = {
  offsetOutOfRange: 1,
  unknownTopicOrPartition: 3,
  leaderNotAvailable: 5,
  notLeader: 6,
  requestTimedOut: 7,
  messageTooLarge: 10,
  networkException: 13,
  coordinatorLoading: 14,
  coordinatorNotAvailable: 15,
  notCoordinator: 16,
  recordListTooLarge: 18,
  notEnoughReplicas: 19,
  notEnoughReplicasAfterAppend: 20,
  illegalGeneration: 22,
  inconsistentGroupProtocol: 23,
  unknownMember: 25,
  rebalanceInProgress: 27,
  topicAuthorizationFailed: 29,
  groupAuthorizationFailed: 30,
  clusterAuthorizationFailed: 31,
  unsupportedSaslMechanism: 33,
  illegalSaslState: 34,
  unsupportedVersion: 35,
  topicAlreadyExists: 36,
  notController: 41,
  policyViolation: 44,
  outOfOrderSequence: 45,
  duplicateSequence: 46,
  invalidProducerEpoch: 47,
  kafkaStorage: 56,
  saslAuthenticationFailed: 58,
  unknownProducerId: 59,
  fencedLeaderEpoch: 74,
  unknownLeaderEpoch: 75,
  offsetNotAvailable: 78,
  memberIdRequired: 79,
  fencedInstance: 82,
  producerFenced: 90,
  unknownTopicId: 100,
  inconsistentTopicId: 103,
} as const

/** Leaders, coordinators or replicas that are on the move: ask for metadata again and retry. */
const PASSING: ReadonlySet<number> = new Set([
  CODE.unknownTopicOrPartition,
  CODE.leaderNotAvailable,
  CODE.notLeader,
  CODE.requestTimedOut,
  CODE.networkException,
  CODE.coordinatorLoading,
  CODE.coordinatorNotAvailable,
  CODE.notCoordinator,
  CODE.notEnoughReplicas,
  CODE.notEnoughReplicasAfterAppend,
  CODE.notController,
  CODE.kafkaStorage,
  CODE.fencedLeaderEpoch,
  CODE.unknownLeaderEpoch,
  CODE.offsetNotAvailable,
  9, // REPLICA_NOT_AVAILABLE
  51, // CONCURRENT_TRANSACTIONS
  89, // THROTTLING_QUOTA_EXCEEDED
])
export const isPassing = (code: number): boolean => PASSING.has(code)

const NOT_ALLOWED: ReadonlySet<number> = new Set([
  CODE.topicAuthorizationFailed,
  CODE.groupAuthorizationFailed,
  CODE.clusterAuthorizationFailed,
])

/** The protocol's error code in an error of the library, however deep; null: it carries none. */
export function codeOf(error: unknown): number | null {
  if (typeof error !== 'object' || error === null) return null
  const { apiCode, errors, cause } = error as Readonly<Record<string, unknown>>
  if (typeof apiCode === 'number') return apiCode
  for (const inner of Array.isArray(errors) ? errors : []) {
    const code = codeOf(inner)
    if (code !== null) return code
  }
  return codeOf(cause)
}

/** What a broker answered although it reported an error; undefined where there was no answer. */
export const responseOf = (error: unknown): unknown => {
  if (typeof error !== 'object' || error === null) return undefined
  const { response, cause } = error as Readonly<Record<string, unknown>>
  return response ?? responseOf(cause)
}

const WORDS: Readonly<Record<number, string>> = {
  [CODE.offsetOutOfRange]: 'that offset is not in the log',
  [CODE.unknownTopicOrPartition]: 'no such topic or partition',
  [CODE.leaderNotAvailable]: 'the partition has no leader',
  [CODE.notLeader]: 'the leader has moved',
  [CODE.requestTimedOut]: 'the broker ran out of time',
  [CODE.messageTooLarge]: 'a batch is larger than the topic takes',
  [CODE.coordinatorLoading]: 'the coordinator is loading',
  [CODE.coordinatorNotAvailable]: 'the coordinator is not there',
  [CODE.notCoordinator]: 'the coordinator has moved',
  [CODE.notEnoughReplicas]: 'fewer replicas are in sync than min.insync.replicas asks for',
  [CODE.notEnoughReplicasAfterAppend]: 'replicas went out of sync while it was written',
  [CODE.illegalGeneration]: 'the group has moved on',
  [CODE.unknownMember]: 'the group no longer knows this member',
  [CODE.rebalanceInProgress]: 'the group is rebalancing',
  [CODE.topicAuthorizationFailed]: 'this user may not use the topic',
  [CODE.groupAuthorizationFailed]: 'this user may not use the group',
  [CODE.clusterAuthorizationFailed]: 'this user may not do that in the cluster',
  [CODE.unsupportedSaslMechanism]: 'the broker does not offer that SASL mechanism',
  [CODE.illegalSaslState]: 'the broker asks for no login there',
  [CODE.saslAuthenticationFailed]: 'the broker refused the user or the password',
  [CODE.unsupportedVersion]: 'the broker is too old for this request',
  [CODE.outOfOrderSequence]: 'a batch before this one is missing from the log',
  [CODE.kafkaStorage]: 'the broker cannot use its disk',
  [CODE.fencedInstance]: 'another process uses the same kafka.instance',
  [CODE.unknownTopicId]: 'no topic of that id',
}

/** A code in words, with the code. */
export const codeText = (code: number): string => `${WORDS[code] ?? 'the broker refused'} (${code})`

/**
 * An error of the library as a Fault: `invalid` for settings that a broker refuses, `unavailable` for what may
 * pass. `what` says what was tried, as in `read topic trades`; `right` what a user needs for it, as in `READ on
 * topic trades`. The protocol's code stays readable by `codeOf`.
 */
export function kafkaFault(error: unknown, what: string, right: string | null = null): Fault {
  if (isFault(error)) return error
  const code = codeOf(error)
  const text = deepest(error)
  const said = `cannot ${what}: ${code === null ? text : codeText(code)}`
  const fault = (kind: Fault['kind'], remedy: string) =>
    new Fault(kind, said, { remedy, cause: error })
  const refused = refusedLogin(error, said)
  if (refused !== null) return refused
  if (/requires TLS/.test(text)) return fault('invalid', 'Set TICKLAKE_KAFKA_TLS=on.')
  if (/certificate|self-signed|altnames/i.test(text))
    return fault('invalid', 'Name the CA of the brokers by TICKLAKE_KAFKA_TLS_CA.')
  if (code !== null && NOT_ALLOWED.has(code))
    return fault('invalid', `Give this user ${right ?? 'the rights'}; docs/operating.md lists all.`)
  if (code === CODE.unsupportedVersion || hasCode(error, 'PLT_KFK_UNSUPPORTED_API'))
    return fault('invalid', 'Use Apache Kafka 3.1 or newer.')
  return fault('unavailable', 'It is tried again; see that the brokers run and can be reached.')
}

/** How a broker refuses a token: not by a code, but by what it sends back. */
export const REFUSED_TOKEN = 'the broker refused the token'
export const isRefusedToken = ({ message }: Fault): boolean => message.includes(REFUSED_TOKEN)

/** A login that a broker refused; null: it did not, as when the connection was lost during a login. */
function refusedLogin(error: unknown, said: string): Fault | null {
  const login = withCode(error, 'PLT_KFK_AUTHENTICATION')
  if (login === null) return null
  const code = codeOf(login)
  if (code === null && !deepest(login).startsWith(REFUSED_TOKEN)) return null
  const fault = (message: string, remedy: string) =>
    new Fault('invalid', message, { remedy, cause: error })
  if (code === null)
    return fault(said, 'Renew TICKLAKE_KAFKA_TOKEN, or what TICKLAKE_KAFKA_TOKEN_FILE holds.')
  if (code === CODE.illegalSaslState)
    return fault(said, 'Unset TICKLAKE_KAFKA_SASL, or name a port of the brokers with a login.')
  if (code !== CODE.unsupportedSaslMechanism)
    return fault(said, 'Correct the user in the address, or TICKLAKE_KAFKA_PASSWORD.')
  const offered = mechanismsIn(login) ?? []
  return fault(
    `${said}, it offers ${offered.join(', ')}`,
    'Set TICKLAKE_KAFKA_SASL to one of these.',
  )
}

/** What a broker offers where it refuses a mechanism; null: that is not what it says. */
export function mechanismsIn(error: unknown): readonly string[] | null {
  const response = responseOf(error) as { readonly mechanisms?: unknown } | undefined
  const mechanisms = response?.mechanisms
  return Array.isArray(mechanisms) ? mechanisms.map(String).toSorted() : null
}

/** A Fault for an error code in a partition's answer. */
export function codeFault(code: number, what: string, right: string | null = null): Fault {
  return kafkaFault(Object.assign(new Error(`error ${code}`), { apiCode: code }), what, right)
}

const hasCode = (error: unknown, code: string): boolean => withCode(error, code) !== null

/** The library's error of that code, in an error or below it; null: there is none. */
function withCode(error: unknown, code: string): object | null {
  if (typeof error !== 'object' || error === null) return null
  const { code: own, errors, cause } = error as Readonly<Record<string, unknown>>
  if (own === code) return error
  for (const inner of Array.isArray(errors) ? [...errors, cause] : [cause]) {
    const found = withCode(inner, code)
    if (found !== null) return found
  }
  return null
}

/** The message at the bottom: what went wrong, without what was built on it. */
function deepest(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const inner = error.cause ?? (error as { errors?: readonly unknown[] }).errors?.[0]
  return inner instanceof Error ? deepest(inner) : error.message
}
