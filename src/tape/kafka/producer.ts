import { assert, Fault, isFault } from '../../flow/fault.ts'
import { backoffMs } from '../../flow/retry.ts'
import type { Keyed } from '../../market/records.ts'
import { batchEncoder, type BatchEncoder } from './batch-encoder.ts'
import type { Codecs, Compression } from './compression.ts'
import type { Cluster, Lane } from './cluster.ts'
import { CODE, codeFault, codeText, isPassing } from './faults.ts'
import { homeOf } from './partitioner.ts'
import { produceApi, type Acknowledged, type ProduceApi, type Sent } from './produce.ts'
import type { OpenTopic } from './topic.ts'

/** Uncompressed; small enough that a topic with Kafka's own limit (1 MB a batch) takes them. */
const BATCH_BYTES_MAX = 512 * 1024
/** A broker remembers the last five batches of a producer in a partition: more on their way could be repeated. */
const WINDOW = 5
const BACKOFF = { baseMs: 50, capMs: 1_000 }
/** How long one call tries before it says that the brokers are away; what was not acknowledged stays. */
const PATIENCE_MS = 5_000
const ACK_MS = 10_000
/** How often it is asked whether the topic is still the same. */
const CHECK_MS = 10_000

export type ProducerOptions = {
  readonly cluster: Cluster
  readonly topic: OpenTopic
  readonly codecs: Codecs
  readonly compression: Compression
}

/**
 * Writes records to one topic, verbatim: acks=all, idempotent, the order of each partition kept. What is not
 * acknowledged is sent again as the same bytes under the same sequence, so nothing is written twice.
 */
export type Producer = {
  /** Packs records into batches behind those that wait; the caller may reuse its arrays. */
  pack(blocks: readonly Keyed[]): void
  /**
   * Resolves when all that was packed is acknowledged. Faults: `unavailable` (brokers away: call it again),
   * `invalid` (not allowed, too large), `corrupt` (the topic lost what it had acknowledged).
   */
  flush(): Promise<void>
}

/** A batch on its way: its bytes never change, whatever happens to the brokers. */
type Packed = Sent & { acknowledged: boolean }
type Identity = { readonly producerId: bigint; readonly producerEpoch: number }

export async function openProducer(options: ProducerOptions): Promise<Producer & AsyncDisposable> {
  const { cluster, topic, compression, codecs } = options
  const { partitions } = topic.current() // a symbol keeps its partition for as long as this producer lives
  const identity = await identify(cluster, topic.name)
  const lane = cluster.openLane()
  const sequences = new Int32Array(partitions.length)
  const encoders = partitions.map(() =>
    batchEncoder({ compression, bytesMax: BATCH_BYTES_MAX, codecs }),
  )
  const waiting: Packed[][] = partitions.map(() => [])
  const finish = (home: number, encoder: BatchEncoder) => {
    if (encoder.count === 0) return
    const baseSequence = sequences[home] ?? 0
    sequences[home] = following(baseSequence, encoder.count)
    const batch = encoder.finish({ ...identity, baseSequence })
    waiting[home]?.push({ partition: home, batch, acknowledged: false })
  }
  const checked = { ms: cluster.clock.monotonic() }
  const sending = { ...options, lane, api: produceApi(cluster.library), waiting, checked }
  const homes = homesOf(partitions.length)
  return {
    pack: (blocks) => {
      for (const block of blocks) {
        const keys = block.keys.map((key) => homes(key))
        for (let i = 0; i < block.count; i++) {
          const { home, bytes } = keys[block.key[i] ?? 0] ?? homes('')
          const encoder = encoders[home]
          assert(encoder !== undefined, 'a key has no home')
          if (encoder.add(block, i, bytes)) continue
          finish(home, encoder)
          encoder.add(block, i, bytes)
        }
      }
      for (const [home, encoder] of encoders.entries()) finish(home, encoder)
    },
    flush: () => flush(sending),
    [Symbol.asyncDispose]: () => lane[Symbol.asyncDispose](),
  }
}

/** Where each key goes, asked once a key. */
function homesOf(partitions: number): (key: string) => { home: number; bytes: Uint8Array } {
  const known = new Map<string, { home: number; bytes: Uint8Array }>()
  return (key) => {
    const found = known.get(key)
    if (found !== undefined) return found
    const bytes = new Uint8Array(Buffer.from(key))
    const made = { home: homeOf(bytes, partitions), bytes }
    known.set(key, made)
    return made
  }
}

/** Sequences are 31 bits wide and begin again at 0. */
const following = (sequence: number, count: number): number => (sequence + count) % 2 ** 31

async function identify(
  { lane, library, clock, random }: Cluster,
  topic: string,
): Promise<Identity> {
  for (let attempt = 0; ; attempt++) {
    try {
      const { producerId, producerEpoch } = await lane.ask('any', {
        api: library.initProducerIdV4.api,
        args: [null, 0],
        what: 'get a producer id',
        right: `WRITE on topic ${topic}`,
      })
      return { producerId, producerEpoch }
    } catch (error) {
      if (!isFault(error, 'unavailable') || attempt >= 10) throw error
      await clock.sleep(backoffMs(BACKOFF, attempt, random)) // right after a start it is loading
    }
  }
}

type Sending = ProducerOptions & {
  readonly lane: Lane
  readonly api: ProduceApi
  readonly waiting: Packed[][]
  readonly checked: { ms: number }
}

async function flush(sending: Sending): Promise<void> {
  const { cluster, waiting, topic } = sending
  let since = cluster.clock.monotonic()
  await notAnother(sending)
  for (let attempt = 0; waiting.some((batches) => batches.length > 0);) {
    const before = left(waiting)
    const trouble = await sendAll(sending)
    for (const batches of waiting) dropAcknowledged(batches)
    if (trouble === null) continue
    if (left(waiting) < before) [since, attempt] = [cluster.clock.monotonic(), 0]
    if (cluster.clock.monotonic() - since > PATIENCE_MS) throw trouble
    await cluster.clock.sleep(backoffMs(BACKOFF, attempt++, cluster.random))
    await topic.refresh().catch((error: unknown) => {
      if (!isFault(error, 'unavailable')) throw error
    })
  }
}

/** A topic that was made again under the same name would take what is meant for the old one. */
async function notAnother({ topic, checked, cluster }: Sending): Promise<void> {
  if (cluster.clock.monotonic() - checked.ms < CHECK_MS) return
  try {
    await topic.refresh()
    checked.ms = cluster.clock.monotonic()
  } catch (error) {
    if (!isFault(error, 'unavailable')) throw error
  }
}

const left = (waiting: readonly Packed[][]): number =>
  waiting.reduce((sum, batches) => sum + batches.length, 0)

function dropAcknowledged(batches: Packed[]): void {
  const first = batches.findIndex(({ acknowledged }) => !acknowledged)
  batches.splice(0, first === -1 ? batches.length : first)
}

/** Sends all that waits to the leaders of its partitions; null, or what went wrong and may pass. */
async function sendAll(sending: Sending): Promise<Fault | null> {
  const { topic, waiting } = sending
  const { partitions } = topic.current()
  const full = waiting.filter((batches) => batches.length > 0)
  const led = Map.groupBy(full, ([first]) => partitions[first?.partition ?? -1]?.leader ?? -1)
  const outcomes = await Promise.all([...led].map(([to, mine]) => sendTo(sending, to, mine)))
  return outcomes.find((outcome) => outcome !== null) ?? null
}

/**
 * To one leader, a request with one batch of each partition after the other, up to five on their way. After the
 * first failure none follows; all that were sent are waited for before anything is sent again.
 */
async function sendTo(
  sending: Sending,
  leader: number,
  partitions: readonly Packed[][],
): Promise<Fault | null> {
  if (leader === -1)
    return codeFault(CODE.leaderNotAvailable, `write to topic ${sending.topic.name}`)
  const failed: { passing: Fault | null; fatal: { error: unknown } | null } = {
    passing: null,
    fatal: null,
  }
  const flying = new Set<Promise<void>>()
  const rounds = Math.max(...partitions.map((batches) => batches.length))
  for (let round = 0; round < rounds; round++) {
    if (failed.passing !== null || failed.fatal !== null) break
    const sent = partitions.flatMap((batches) => batches[round] ?? [])
    const flight = sendOnce(sending, leader, sent)
      .then((passing) => void (failed.passing ??= passing))
      .catch((error: unknown) => void (failed.fatal ??= { error }))
      .finally(() => flying.delete(flight))
    flying.add(flight)
    if (flying.size >= WINDOW) await Promise.race(flying)
  }
  await Promise.all(flying)
  if (failed.fatal !== null) throw failed.fatal.error
  if (failed.passing !== null) sending.lane.cut(leader)
  return failed.passing
}

async function sendOnce(
  { cluster, lane, api, topic, waiting }: Sending,
  leader: number,
  sent: readonly Packed[],
): Promise<Fault | null> {
  const what = `write to topic ${topic.name}`
  const right = `WRITE on topic ${topic.name}`
  const began = cluster.clock.monotonic()
  let answers: readonly Acknowledged[]
  try {
    answers = await lane.ask(leader, { api, args: [topic.name, sent, ACK_MS], what, right })
  } catch (error) {
    if (isFault(error, 'unavailable')) return error
    throw error
  }
  const seconds = (cluster.clock.monotonic() - began) / 1_000
  cluster.metrics.set('ticklake_kafka_produce_seconds', seconds, { topic: topic.name })
  let trouble: Fault | null = null
  for (const { partition, code } of answers) {
    const batch = sent.find((one) => one.partition === partition)
    if (batch === undefined) continue
    batch.acknowledged = code === 0 || code === CODE.duplicateSequence
    if (batch.acknowledged) continue
    const isNext = waiting[partition]?.find(({ acknowledged }) => !acknowledged) === batch
    const fault = isPassing(code) ? codeFault(code, what) : refused(code, { what, right, isNext })
    if (fault.kind !== 'unavailable') throw fault
    trouble ??= fault
  }
  return trouble
}

/** What a code means that asking again does not mend. `isNext`: all before this batch is acknowledged. */
function refused(code: number, { what, right, isNext }: Refusing): Fault {
  const said = `cannot ${what}: ${codeText(code)}`
  if (code === CODE.outOfOrderSequence && !isNext) return codeFault(code, what) // the one before it failed
  if (code === CODE.outOfOrderSequence)
    return new Fault('corrupt', said, {
      remedy:
        'The topic lost records that it had acknowledged; a start goes on behind them, and `ticklake verify` says what is missing. See docs/operating.md on replication.',
    })
  if (code === CODE.messageTooLarge || code === CODE.recordListTooLarge)
    return new Fault('invalid', said, {
      remedy:
        'Raise max.message.bytes of the topic to what `ticklake topic describe` advises, then start again.',
    })
  if (FENCED.has(code))
    return new Fault('corrupt', said, { remedy: 'Start again: a new producer is then made.' })
  return codeFault(code, what, right)
}
type Refusing = { readonly what: string; readonly right: string; readonly isNext: boolean }

const FENCED: ReadonlySet<number> = new Set([
  CODE.invalidProducerEpoch,
  CODE.producerFenced,
  CODE.unknownProducerId,
])
