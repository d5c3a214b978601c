import type { Parts } from '../config/components.ts'
import type { BrokerState, JudgedTopic, TapeDescription } from '../config/topics.ts'
import { isFault } from '../flow/fault.ts'
import type { Outcome } from './outcome.ts'
import { heldBy } from './tape-check.ts'

/** Records are read by Fetch version 13, which Kafka has from 3.1 on. */
const FETCH_MIN = 13
const RIGHTS = ['describe', 'read', 'write', 'describe configs'] as const
const RIGHTS_DOC = 'Give this user the rights that docs/operating.md lists under “Rights”.'

/**
 * A tape on Kafka, in the order in which things depend on each other: its brokers, what this user may do, what
 * the topics' settings cost, what is on it and what that survives.
 */
export async function kafkaTape(parts: Parts): Promise<readonly Outcome[]> {
  const { describeTape, reachBrokers } = await import('../config/topics.ts')
  const outcomes = [...(await clear(parts))]
  try {
    outcomes.push(...(await brokers(parts, await reachBrokers(parts))))
  } catch (error) {
    return [...outcomes, refused('broker', error)]
  }
  try {
    const tape = await describeTape(parts)
    outcomes.push(...missing(tape.missing), ...rights(tape), ...tape.topics.flatMap(fitness))
    return tape.missing.length > 0 ? outcomes : [...outcomes, await contents(parts, tape)]
  } catch (error) {
    return [...outcomes, refused('rights', error)]
  }
}

function refused(name: string, error: unknown): Outcome {
  if (!isFault(error)) throw error
  const { message, remedy } = error
  return { name, word: 'fail', says: message, remedy }
}

async function brokers(parts: Parts, all: readonly BrokerState[]): Promise<readonly Outcome[]> {
  const name = 'broker'
  const count = all.length === 1 ? 'one broker' : `${all.length} brokers`
  const ill = all.flatMap(({ address, trouble, fetchMax }): readonly Outcome[] => {
    if (trouble !== null)
      return [
        {
          name,
          word: 'warn',
          says: trouble.message,
          remedy: `The cluster says that a broker is at ${address} (its advertised.listeners).`,
        },
      ]
    if ((fetchMax ?? 0) >= FETCH_MIN) return []
    return [
      {
        name,
        word: 'fail',
        says: `${address} is too old`,
        remedy: 'Use Apache Kafka 3.1 or newer.',
      },
    ]
  })
  if (ill.length > 0) return ill
  const says = `${count} answer${all.length === 1 ? 's' : ''}, ${await meeting(parts)}`
  return [{ name, word: 'ok', says }]
}

/** How this client comes to the brokers. */
async function meeting({ loaded, places }: Parts): Promise<string> {
  const { isEncrypted } = await import('../config/kafka-security.ts')
  const { settings } = loaded
  const sasl = settings['kafka.sasl']
  const user = places.tape.kind === 'kafka' ? places.tape.user : null
  const who = user === null ? 'a token' : user
  const as = sasl === null ? 'without a login' : `as ${who} (${sasl})`
  return `${isEncrypted(settings) ? 'over TLS' : 'without TLS'}, ${as}`
}

async function clear({ places, loaded }: Parts): Promise<readonly Outcome[]> {
  const { sendsSecretInTheClear } = await import('../config/kafka-security.ts')
  if (!sendsSecretInTheClear(places, loaded.settings)) return []
  const says = 'the password or token crosses the network in the clear'
  return [{ name: 'broker', word: 'warn', says, remedy: 'Set TICKLAKE_KAFKA_TLS=on.' }]
}

const missing = (names: readonly string[]): readonly Outcome[] =>
  names.map((name) => ({
    name: 'topic',
    word: 'skip',
    says: `${name} is not there yet; \`ticklake topic create\` or \`record\` makes it`,
  }))

function rights({ topics, mayJoin }: TapeDescription): readonly Outcome[] {
  const name = 'rights'
  const lacks = topics.flatMap(({ name, rights }) => {
    const missing = RIGHTS.filter((right) => !rights.has(right))
    const words = missing.map((right) => right.toUpperCase().replaceAll(' ', '_'))
    return words.length === 0 ? [] : [`${words.join(', ')} on topic ${name}`]
  })
  if (mayJoin?.record === false) lacks.push('READ on group ticklake-record-… (to record)')
  if (mayJoin?.land === false) lacks.push('READ on group ticklake-land-… (to land)')
  if (topics.length === 0) return []
  if (lacks.length === 0)
    return [
      { name, word: 'ok', says: 'to read, write and describe its topics, and to use its groups' },
    ]
  const unread = topics.some(({ rights }) => !rights.has('read'))
  const word = unread ? 'fail' : 'warn'
  return [{ name, word, says: `this user lacks ${lacks.join('; ')}`, remedy: RIGHTS_DOC }]
}

/** One line for each setting that costs something, and for partitions that are not as they should be. */
function fitness(topic: JudgedTopic): readonly Outcome[] {
  const name = 'topic'
  const { partitions } = topic
  const ill = topic.unfit.map(({ setting, value, costs, mend, grave }): Outcome => ({
    name,
    word: grave ? 'fail' : 'warn',
    says: `${topic.name}: ${setting} is ${value}: ${costs}`,
    remedy: mend,
  }))
  const headless = partitions.filter(({ leader }) => leader === null).length
  const lagging = partitions.filter(
    ({ replicas, inSync }) => inSync.length < replicas.length,
  ).length
  const remedy = 'See that all brokers run; `ticklake topic describe` shows which partitions.'
  const of = `of ${partitions.length} partitions`
  if (headless > 0)
    ill.push({ name, word: 'fail', says: `${topic.name}: no leader in ${headless} ${of}`, remedy })
  else if (lagging > 0)
    ill.push({
      name,
      word: 'warn',
      says: `${topic.name}: replicas are missing or behind in ${lagging} ${of}`,
      remedy,
    })
  if (ill.length > 0) return ill
  const count = partitions.length === 1 ? 'one partition' : `${partitions.length} partitions`
  return [{ name, word: 'ok', says: `${topic.name}: ${count}, all replicas in sync` }]
}

/** What is on it, and what that survives. */
async function contents(parts: Parts, { topics, brokers }: TapeDescription): Promise<Outcome> {
  const { promise } = topics[0] ?? { promise: '' }
  const { openTapeToRead } = await import('../config/tapes.ts')
  try {
    await using tape = await openTapeToRead(parts)
    const outcome = { name: 'tape', ...(await heldBy(parts, tape, promise)) }
    if (outcome.word !== 'ok' || brokers.length > 1) return outcome
    const remedy = 'What must survive the loss of a machine is recorded to three brokers or more.'
    return { ...outcome, word: 'warn', remedy }
  } catch (error) {
    return refused('tape', error)
  }
}
