import { isIPv6 } from 'node:net'
import { Fault } from '../flow/fault.ts'
import type { Form } from './setting.ts'

/** One broker to ask first; an IPv6 host stands here without its brackets. */
export type KafkaBroker = { readonly host: string; readonly port: number }

/** A topic on a cluster; `address` is the canonical text, for logs and screens. */
export type KafkaAddress = {
  readonly brokers: readonly KafkaBroker[]
  readonly topic: string
  readonly user: string | null
  readonly address: string
}

const SCHEME = 'kafka://'
const FORM = `${SCHEME}[user@]host[:9092][,host2[:port]…][/topic]`
const DEFAULT_TOPIC = 'kafka_finnhub'
const DEFAULT_PORT = 9092
const PORT_MAX = 65_535
const HOST_CHARACTERS_MAX = 253 // of a DNS name
const HOST = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?$/i // names of containers may hold an underscore

/** The feed log lies beside the trades, in a topic of this ending. */
const FEED_LOG_SUFFIX = '_feed_log'
/** Of 249, Kafka's most; the feed log's ending needs its room. */
const TOPIC_CHARACTERS_MAX = 249 - FEED_LOG_SUFFIX.length
/** What Kafka takes as the name of a topic or of a static member of a group (its `Topic.validate`). */
export const KAFKA_NAME: Form = {
  pattern: /^(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}$/,
  says: 'a name other than . and .., of at most 249 letters, digits, dots, underscores and dashes',
}

/**
 * Reads `kafka://[user@]host[:9092][,host2[:port]…][/topic]`; the user is percent-decoded. Faults: `invalid`,
 * which never repeats what may be a password.
 */
export function parseKafkaAddress(text: string): KafkaAddress {
  const { user, authority, path } = split(text)
  const brokers = authority.split(',').map(parseBroker)
  const topic = path === null || path === '' ? DEFAULT_TOPIC : checkedTopic(path)
  return { brokers, topic, user, address: show({ brokers, topic, user }) }
}

function split(text: string): { user: string | null; authority: string; path: string | null } {
  const rest = text.replace(/^kafka:(\/\/)?/i, '')
  const at = rest.lastIndexOf('@')
  // Before all else, so that no other fault prints it; a password may hold a slash.
  if (rest.slice(0, Math.max(at, 0)).includes(':'))
    throw wrong('the Kafka address carries a password, which would be printed', {
      remedy: 'Give it by TICKLAKE_KAFKA_PASSWORD, and the user alone in the address.',
    })
  if (/[?#]/.test(rest))
    throw wrong('the Kafka address carries options after ? or #', {
      remedy: `Write ${FORM}; the rest is said by TICKLAKE_KAFKA_… (see docs/reference.md).`,
    })
  if (!text.startsWith(SCHEME)) throw wrong(`${JSON.stringify(text)} is no Kafka address`)
  const user = at < 0 ? null : parseUser(rest.slice(0, at))
  const [authority = '', ...path] = rest.slice(at + 1).split('/')
  return { user, authority, path: path.length === 0 ? null : path.join('/') }
}

function parseUser(written: string): string {
  const remedy = 'Write the user before the one @, percent-encoded: @ is %40, : is %3A.'
  if (written === '') throw wrong('the Kafka address has an @ and no user before it', { remedy })
  if (/[@/,]/.test(written))
    throw wrong(`the Kafka address names the user ${JSON.stringify(written)}`, { remedy })
  let user
  try {
    user = decodeURIComponent(written)
  } catch (cause) {
    throw wrong(`${JSON.stringify(written)} is not percent-encoded as UTF-8`, { remedy, cause })
  }
  if (/\p{Cc}/u.test(user)) throw wrong('the Kafka user holds a control character', { remedy })
  return user
}

/** Repeats no port that is none: where the host was forgotten, it is a password. */
function parseBroker(written: string): KafkaBroker {
  if (written === '')
    throw wrong('the Kafka address names no host, or has a comma without one', {
      remedy: `Write ${FORM}.`,
    })
  if (isIPv6(written))
    throw wrong(`the Kafka address names the IPv6 host ${written} without brackets`, {
      remedy: `Write [${written}], and a port, if any, behind the bracket.`,
    })
  const [, bracketed, bare = '', after] = /^(?:\[(.*)\]|([^:]*))(?::(.*))?$/.exec(written) ?? []
  const host = bracketed ?? bare
  const known = bracketed === undefined ? HOST.test(host) : isIPv6(host)
  if (!known || host.length > HOST_CHARACTERS_MAX)
    throw wrong(`the Kafka address names the host ${JSON.stringify(host)}`, {
      remedy: 'Write a name such as broker-1.example.com, or an address; IPv6 in brackets: [::1].',
    })
  const port = after === undefined ? DEFAULT_PORT : /^\d{1,5}$/.test(after) ? Number(after) : 0
  if (port < 1 || port > PORT_MAX)
    throw wrong(`what follows ${host}: in the Kafka address is no port`, {
      remedy: `Write a number from 1 to ${PORT_MAX}, or leave it out for ${DEFAULT_PORT}.`,
    })
  return { host: host.toLowerCase(), port }
}

/** Kafka's rule for names of topics, with room for the feed log's. */
function checkedTopic(topic: string): string {
  const refused = `the Kafka address names the topic ${JSON.stringify(topic)}`
  if (topic.length > TOPIC_CHARACTERS_MAX)
    throw wrong(`${refused}, of ${topic.length} characters`, {
      remedy: `Choose one of at most ${TOPIC_CHARACTERS_MAX}: the feed log is named TOPIC${FEED_LOG_SUFFIX}.`,
    })
  if (!KAFKA_NAME.pattern.test(topic))
    throw wrong(refused, { remedy: `A topic takes ${KAFKA_NAME.says}.` })
  if (topic.endsWith(FEED_LOG_SUFFIX))
    throw wrong(refused, {
      remedy: `Names that end in ${FEED_LOG_SUFFIX} are those of feed logs: name the topic of the trades.`,
    })
  return topic
}

/** The text from which the same address is read again. */
function show({ brokers, topic, user }: Omit<KafkaAddress, 'address'>): string {
  const hosts = brokers.map(({ host, port }) => `${isIPv6(host) ? `[${host}]` : host}:${port}`)
  return `${SCHEME}${user === null ? '' : `${encodeURIComponent(user)}@`}${hosts.join(',')}/${topic}`
}

const wrong = (
  message: string,
  { remedy = `Write ${FORM}.`, cause }: { remedy?: string; cause?: unknown } = {},
): Fault => new Fault('invalid', message, { remedy, cause })
