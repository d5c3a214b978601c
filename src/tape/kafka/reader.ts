import { aborted } from '../../flow/aborted.ts'
import { Fault, isFault } from '../../flow/fault.ts'
import { backoffMs } from '../../flow/retry.ts'
import { offset, type Offset, type Partition, type Run } from '../../market/records.ts'
import { decodeBlob, nextAfter } from './batch-decoder.ts'
import type { Codecs } from './compression.ts'
import type { Cluster, Lane } from './cluster.ts'
import { CODE, codeFault, isPassing } from './faults.ts'
import { fetchApi, type Answer, type FetchApi, type Fetched } from './fetch.ts'
import { outOfRange, type Ranges } from './ranges.ts'
import type { OpenTopic } from './topic.ts'

/** Compressed; a fetch that is decoded while the next one is on its way holds about ten times this. */
const FETCH_BYTES_MAX = 8 * 1024 * 1024
const PARTITION_BYTES_MAX = 1024 * 1024
/** A batch that is larger than was asked for is asked for again with this: the broker's own limit is below. */
const LARGE_BYTES_MAX = 128 * 1024 * 1024
/** How long a broker may wait for news; also how late an abort may be noticed by it. */
const WAIT_MS = 500
const BACKOFF = { baseMs: 50, capMs: 1_000 }
/** Brokers that are away for longer end the reading with `unavailable`. */
const PATIENCE_MS = 15_000

export type Reading = {
  readonly cluster: Cluster
  readonly topic: OpenTopic
  readonly codecs: Codecs
  readonly ranges: Ranges
  /** Told of each answer: how far behind the log's end the reader is. */
  readonly onFetched?: (fetched: { partition: number; behind: number }) => void
}

type Place = {
  readonly partition: Partition
  readonly until: Offset
  /** Where the next run begins: the end of the last one. */
  first: Offset
  /** What is fetched next. */
  from: Offset
}

/**
 * The records of the ranges as runs, contiguous in each partition, as they can be had: each leader is asked
 * for the next ones while these are decoded. A fetch without a record that counts is a run without records. Ends
 * when every range is read, or quietly when `signal` aborts.
 */
export async function* readRuns(reading: Reading, signal: AbortSignal): AsyncGenerator<Run> {
  const { cluster, topic, ranges } = reading
  const places = new Map(
    [...ranges].map(([partition, { from, until }]): [number, Place] => [
      partition,
      { partition, until, first: from, from },
    ]),
  )
  await using lane = cluster.openLane({ requestMs: WAIT_MS + 10_000 })
  // At once, also where the reader never comes back for more.
  signal.addEventListener('abort', () => void lane[Symbol.asyncDispose](), { once: true })
  const fetching = { ...reading, lane, api: fetchApi(cluster.library), places }
  const asked = new Map<number, Promise<Round>>()
  const over = aborted(signal).then(() => null)
  let failing: { readonly since: number; attempt: number } | null = null
  while (!signal.aborted && unread(places).length > 0) {
    ask(fetching, asked)
    const round = await Promise.race([over, ...asked.values()])
    if (round === null) return
    asked.delete(round.leader)
    const passed = outcomeOf(reading, round)
    if (passed !== null) {
      failing ??= { since: cluster.clock.monotonic(), attempt: 0 }
      if (cluster.clock.monotonic() - failing.since > PATIENCE_MS) throw passed
      await cluster.clock.sleep(backoffMs(BACKOFF, failing.attempt++, cluster.random), signal)
      await topic.refresh().catch((error: unknown) => {
        if (!isFault(error, 'unavailable')) throw error
      })
      continue
    }
    failing = null
    const blobs = await advance(fetching, round)
    ask(fetching, asked) // the next ones come while these are decoded
    for (const blob of blobs) yield* runsOf(fetching, blob)
  }
}

/** For errors. */
const readingOf = ({ name }: OpenTopic) => ({
  what: `read topic ${name}`,
  right: `READ on topic ${name}`,
})

type Fetching = Reading & {
  readonly lane: Lane
  readonly api: FetchApi
  readonly places: ReadonlyMap<number, Place>
}
type Round = { readonly leader: number; readonly answer: Answer | Fault }

const unread = (places: ReadonlyMap<number, Place>): readonly Place[] =>
  [...places.values()].filter(({ from, until }) => from < until)

/** Asks each leader that is not being asked for what is still unread of its partitions. */
function ask({ topic, lane, api, places }: Fetching, asked: Map<number, Promise<Round>>): void {
  const { partitions } = topic.current()
  const led = Map.groupBy(unread(places), ({ partition }) => partitions[partition]?.leader ?? -1)
  for (const [leader, mine] of led) {
    if (asked.has(leader)) continue
    const wanted = mine.map(({ partition, from }) => ({ partition, from }))
    const limits = {
      waitMs: WAIT_MS,
      bytesMax: FETCH_BYTES_MAX,
      partitionBytesMax: PARTITION_BYTES_MAX,
    }
    const { what, right } = readingOf(topic)
    const answer =
      leader === -1
        ? Promise.reject(codeFault(CODE.leaderNotAvailable, what))
        : lane.ask(leader, { api, args: [topic.id, wanted, limits], what, right })
    asked.set(
      leader,
      answer.then(
        (given) => ({ leader, answer: given }),
        (error: unknown) => ({ leader, answer: isFault(error) ? error : bug(error) }),
      ),
    )
  }
}

/** Null: the round can be used. A fault that may pass is given, any other is thrown. */
function outcomeOf({ topic }: Reading, { answer }: Round): Fault | null {
  if (answer instanceof Fault) {
    if (answer.kind === 'unavailable') return answer
    throw answer
  }
  const codes = [answer.code, ...answer.partitions.map(({ code }) => code)]
  const code = codes.find((one) => one !== 0 && one !== CODE.offsetOutOfRange)
  if (code === undefined) return null
  const { what, right } = readingOf(topic)
  const fault = codeFault(code, what, right)
  // Another id under the same name is found by the refresh that follows.
  if (isPassing(code) || code === CODE.unknownTopicId || code === CODE.inconsistentTopicId)
    return fault
  throw fault
}

type Blob = Fetched & { readonly blob: Uint8Array; readonly from: Offset }

/** Moves each place behind what came, from the batches' heads alone; answers what is to be decoded. */
async function advance(fetching: Fetching, { answer, leader }: Round): Promise<readonly Blob[]> {
  const blobs: Blob[] = []
  if (answer instanceof Fault) return blobs
  for (const fetched of answer.partitions) {
    const place = fetching.places.get(fetched.partition)
    if (place === undefined) continue
    if (fetched.code === CODE.offsetOutOfRange) throw await outOfRange(fetching.topic, place)
    const whole = fetched.blob === null ? fetched : await wholeOf(fetching, { fetched, leader })
    const next = whole.blob === null ? null : nextAfter(whole.blob)
    if (whole.blob !== null && next !== null) {
      blobs.push({ ...whole, blob: whole.blob, from: place.from })
      place.from = offset(Math.min(Math.max(next, place.from), place.until))
    }
    const behind = Math.max(0, fetched.stable - place.from)
    fetching.onFetched?.({ partition: fetched.partition, behind })
  }
  return blobs
}

/** What was fetched; a first batch that did not fit is fetched again, whole. */
async function wholeOf(
  { lane, api, topic, places }: Fetching,
  { fetched, leader }: { fetched: Fetched; leader: number },
): Promise<Fetched> {
  if (fetched.blob === null || nextAfter(fetched.blob) !== null) return fetched
  const from = places.get(fetched.partition)?.from ?? offset(0)
  const limits = {
    waitMs: WAIT_MS,
    bytesMax: LARGE_BYTES_MAX,
    partitionBytesMax: LARGE_BYTES_MAX,
  }
  const wanted = [{ partition: fetched.partition, from }]
  const { partitions } = await lane.ask(leader, {
    api,
    args: [topic.id, wanted, limits],
    ...readingOf(topic),
  })
  return partitions[0] ?? { ...fetched, blob: null }
}

function* runsOf({ topic, codecs, places }: Fetching, fetched: Blob): Generator<Run> {
  const place = places.get(fetched.partition)
  if (place === undefined) return
  const { first, until, partition } = place
  const range = { first, from: fetched.from, until, aborted: fetched.aborted, codecs }
  const { runs, next, damage } = decodeBlob(fetched.blob, { log: topic.id, partition }, range)
  release(fetched.blob)
  for (const run of runs) {
    place.first = run.next
    yield run
  }
  if (damage !== null) throw damage
  // Markers and what transactions took back: a position moves over them, or it would never reach the end.
  if (place.first >= next) return
  const log = topic.id
  yield { ...NO_RECORDS, log, partition, first: place.first, next }
  place.first = next
}

/**
 * Gives the memory of what was decoded back at once; runs hold copies. The collector comes late for bytes outside
 * its heap: a reader that catches up would hold 700 MB instead of 260.
 */
function release({ buffer, length }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === length) buffer.transfer(0)
}

const NO_RECORDS = {
  count: 0,
  bytes: new Uint8Array(0),
  ends: new Uint32Array(0),
  receivedMs: new Float64Array(0),
  redelivered: new Uint8Array(0),
  delta: new Uint32Array(0),
}

const bug = (error: unknown): Fault =>
  new Fault('bug', `reading Kafka failed: ${String(error)}`, {
    remedy: 'Report this with the stack.',
    cause: error,
  })
