import { readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { Fault, isFault } from '../flow/fault.ts'
import type { Lease, Tape, TakeLease } from '../tape/tape.ts'
import { partsOf, type Parts } from './components.ts'
import type { Security } from '../tape/kafka/security.ts'
import { kafkaSecurity } from './kafka-security.ts'
import type { Loaded } from './load.ts'
import { isSimulated, type Places } from './places.ts'

/** The tape, to append to; made where there is none. Hold the recorder's lease. */
export async function openTapeToWrite(parts: Parts): Promise<Tape> {
  const { places, clock, log } = parts
  const { tape, source } = places
  if (tape.kind === 'sqlite') {
    const { openSqliteTape } = await import('../tape/sqlite-tape.ts')
    return openSqliteTape({ dir: tape.dir, mode: 'write', source, clock, log })
  }
  const { openKafkaTape } = await import('../tape/kafka-tape.ts')
  const compression = parts.loaded.settings['kafka.compression']
  return openKafkaTape({
    ...clusterOf(parts),
    topic: tape.topic,
    mode: 'write',
    source,
    compression,
  })
}

/** `tape`, whose append waits out what may pass (a full disk, a lock, brokers away) until `signal` aborts. */
export async function patientTape(parts: Parts, tape: Tape, signal: AbortSignal): Promise<Tape> {
  const { patientAppend } = await import('../tape/patient-append.ts')
  return { ...tape, append: patientAppend(tape.append, { ...parts, signal }) }
}

/** The tape, to read and to trim. Faults: `unavailable` while there is none. */
export async function openTapeToRead(parts: Parts): Promise<Tape> {
  const { places, clock, log, loaded } = parts
  const { tape } = places
  if (tape.kind === 'kafka') {
    const { openKafkaTape } = await import('../tape/kafka-tape.ts')
    const instance = loaded.settings['kafka.instance']
    return openKafkaTape({ ...clusterOf(parts), topic: tape.topic, mode: 'read', instance })
  }
  const { openSqliteTape } = await import('../tape/sqlite-tape.ts')
  try {
    return await openSqliteTape({ dir: tape.dir, mode: 'read', clock, log })
  } catch (error) {
    if (!isFault(error, 'unavailable')) throw error
    throw new Fault('unavailable', error.message, { remedy: whatElse(parts), cause: error })
  }
}

const PLACING = ['data', 'source', 'feed', 'tape'] as const

/**
 * For commands that only ask: where the settings name no tape, and none is where they would put it, but one other
 * folder holds one, it is that one. A simulated one is not taken for that of a key.
 */
export function partsToAsk(loaded: Loaded): Parts {
  const parts = partsOf(loaded)
  const [other, ...more] = otherData(parts.places)
  const named = PLACING.some((name) => loaded.settings[name] !== null)
  if (named || other === undefined || more.length > 0 || hasTape(parts.places)) return parts
  const source = basename(other)
  if (isSimulated(source) && loaded.settings['finnhub.token'] !== null) return parts
  return partsOf({ ...loaded, settings: { ...loaded.settings, data: other, source } })
}

/** The tape, or null where there is none on this machine and the settings name a lake that can be asked alone. */
export async function openTapeIfThere(parts: Parts): Promise<Tape | null> {
  const { places, loaded } = parts
  const { tape, source, feed } = loaded.settings
  const choose = source === null && feed === null && otherData(places).length > 0
  const expected = hasTape(places) || tape !== null || choose || !namesLake(parts)
  return expected ? await openTapeToRead(parts) : null
}

/** The settings name no tape: `partsToAsk` found it. */
export const isFound = ({ loaded: { settings, origins } }: Parts): boolean =>
  settings.data !== null && origins.get('data') === 'default'

/** The settings name a lake or a catalog: it lies where they say, whether there is a tape here or not. */
export const namesLake = ({ loaded: { settings } }: Parts): boolean =>
  settings.lake !== null || settings.catalog !== null

const hasTape = ({ tape }: Places): boolean =>
  tape.kind === 'kafka' || names(tape.dir).includes('tape.db')

/** Makes what a lander needs of a tape that others write: the feed log of a topic without a recorder of ours. */
export async function prepareTapeToLand(parts: Parts): Promise<void> {
  const { tape } = parts.places
  if (tape.kind === 'sqlite') return
  const { ensureFeedLog } = await import('../tape/kafka-tape.ts')
  await ensureFeedLog(clusterOf(parts), tape.topic)
}

/** By the settings that they were read from: who was let in by them before is known by it. */
const securities = new WeakMap<Loaded, Security>()

/** Where and how the brokers are met. */
export function clusterOf(parts: Parts) {
  const { places, loaded, clock, random, log, metrics } = parts
  const { tape } = places
  if (tape.kind !== 'kafka')
    throw new Fault('invalid', `the tape ${tape.address} is not on Kafka`, {
      remedy: 'Name it with --tape kafka://HOST:9092/TOPIC.',
    })
  const security = securities.get(loaded) ?? kafkaSecurity(loaded)
  securities.set(loaded, security)
  return { brokers: tape.brokers, security, clock, random, log, metrics }
}

/** Where else there is something, when there is no tape. */
function whatElse(parts: Parts): string {
  const start = 'Start recording with `ticklake up`'
  const others = otherData(parts.places)
  if (others.length === 0 && namesLake(parts))
    return 'This needs the tape: run it where `ticklake up` records, or name the tape with --data or --tape. `ticklake sql` and `ticklake ls` ask the lake without it.'
  return others.length === 0
    ? `${start}, or name the folder with --data.`
    : `${start}, or choose one of those that are there: ${others.map((dir) => `--data ${dir}`).join(', ')}.`
}

/** Other folders that hold a tape: those in the one that was named, and those beside it. */
export const otherData = ({ data }: Places): readonly string[] =>
  [data, dirname(data)]
    .flatMap((parent) => names(parent).map((name) => join(parent, name)))
    .filter((dir) => dir !== data && names(join(dir, 'tape')).includes('tape.db'))

const names = (dir: string): readonly string[] => {
  try {
    return readdirSync(dir)
  } catch {
    return []
  }
}

/** The right to be the one recorder, or the one lander, of the tape. On Kafka landers share it: each has it. */
export const leaseOf =
  (parts: Parts, role: 'recorder' | 'lander'): TakeLease =>
  async (signal) => {
    const { places, clock } = parts
    const { tape } = places
    if (tape.kind === 'sqlite') {
      const { sqliteLease } = await import('../tape/sqlite-lease.ts')
      return sqliteLease({ dir: tape.dir, role, clock })(signal)
    }
    if (role === 'lander') return shared()
    const { kafkaLease } = await import('../tape/kafka-lease.ts')
    return kafkaLease({ ...clusterOf(parts), topic: tape.topic })(signal)
  }

const shared = (): Lease => ({
  epoch: 0,
  lost: new AbortController().signal,
  holds: () => true,
  [Symbol.asyncDispose]: async () => undefined,
})
