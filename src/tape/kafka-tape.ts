import { Fault } from '../flow/fault.ts'
import type { FeedEvent, SessionEvent } from '../market/feed-events.ts'
import type { Keyed } from '../market/records.ts'
import { decodeEvent } from '../market/session-events.ts'
import { recordBytes } from '../market/records.ts'
import { recordsOf, refuseEvents, type Recorded } from './events.ts'
import { loneBatchBytes } from './kafka/batch-encoder.ts'
import { openCluster, type Cluster, type ClusterOptions, type Topic } from './kafka/cluster.ts'
import { codecsOf, type Codecs, type Compression } from './kafka/compression.ts'
import { kafkaLog } from './kafka/kafka-log.ts'
import { openProducer, type Producer } from './kafka/producer.ts'
import { oversized } from './kafka/oversized.ts'
import { openTopic, type OpenTopic } from './kafka/topic.ts'
import { ensureTopics, PLAN, settingsOfTopic, topicsOf, type TapeTopics } from './kafka/topics.ts'
import type { Log, Tape } from './tape.ts'

export type KafkaTapeOptions = ClusterOptions & {
  /** The topic of the trades; the feed log is `<topic>_feed_log`. */
  readonly topic: string
  /** `write` makes the topics where there are none and can append; `read` finds them and cannot. */
  readonly mode: 'read' | 'write'
  /** What the tape records; needed to write, and refused when the tape is bound to another. */
  readonly source?: string
  readonly compression?: Compression
  /** Static membership of this lander; see `kafka.instance`. */
  readonly instance?: string | null
}

/** Kafka's own limit of a batch, where this user may not ask for the topic's. */
const MESSAGE_BYTES_MAX = 1_048_588

/**
 * A tape in two Kafka topics. What `append` resolved has been acknowledged by all replicas in sync: it survives
 * what the cluster was set up to survive. One append is not one transaction: killed half-way, a part of it is on
 * the tape, each record once, and its stretch is a gap. A record that is larger than the topic takes is noted in
 * the feed log with its start. Faults: `unavailable` (no tape there yet, brokers away), `invalid` (not allowed,
 * another source), `corrupt` (the topic was deleted, or lost what it had acknowledged).
 */
export async function openKafkaTape(options: KafkaTapeOptions): Promise<Tape> {
  const { mode, topic, instance = null } = options
  await using opening = new AsyncDisposableStack()
  const cluster = opening.use(await openCluster(options))
  const names = topicsOf(topic)
  const found =
    mode === 'write' ? await ensureTopics(cluster, names) : await findTopics(cluster, names)
  const trades = openTopic(cluster, found.trades)
  const feed = openTopic(cluster, found.feed)
  const ended = new AbortController()
  const open = () => {
    if (ended.signal.aborted) throw closed(topic)
  }
  const codecs = codecsOf(cluster.library)
  const reading = { cluster, codecs, instance, closed: ended.signal, open }
  const logs = {
    trades: kafkaLog({ ...reading, topic: trades }),
    feed: kafkaLog({ ...reading, topic: feed }),
  }
  const boundTo = sourceOf(logs.feed)
  const appender =
    mode === 'write'
      ? opening.use(await openAppender(options, { cluster, codecs, trades, feed, boundTo }))
      : null
  const closing = opening.move()
  return {
    ...logs,
    source: async () => (open(), await boundTo()),
    append: async (events) => {
      open()
      if (appender === null) throw readOnly(topic)
      refuseEvents(events, options.source)
      await appender.append(events)
    },
    [Symbol.asyncDispose]: async () => {
      if (ended.signal.aborted) return
      ended.abort()
      await appender?.settled()
      await closing.disposeAsync()
    },
  }
}

/** Makes the feed log of a topic that is there, and waits for neither: for landers of other programs' topics. */
export async function ensureFeedLog(options: ClusterOptions, topic: string): Promise<void> {
  await using cluster = await openCluster(options)
  const names = topicsOf(topic)
  if ((await cluster.topic(names.trades)) === null) return
  if ((await cluster.topic(names.feed)) === null) await ensureTopics(cluster, names, PLAN)
}

async function findTopics(
  cluster: Cluster,
  names: TapeTopics,
): Promise<{ readonly trades: Topic; readonly feed: Topic }> {
  const [trades, feed] = await Promise.all([cluster.topic(names.trades), cluster.topic(names.feed)])
  if (trades !== null && feed !== null) return { trades, feed }
  const missing = trades === null ? names.trades : names.feed
  throw new Fault('unavailable', `topic ${missing} is not there`, {
    remedy: 'Start recording to it, or make it with `ticklake topic create`.',
  })
}

/** Asks the first event of the feed log once there is one; it never changes. */
function sourceOf(feed: Log): () => Promise<string | null> {
  let known: string | null = null
  return async () => {
    if (known !== null) return known
    const bounds = await feed.bounds()
    const until = new Map([...bounds].map(([at, { end }]) => [at, end]))
    for await (const run of feed.read(new Map(), until, new AbortController().signal)) {
      for (let i = 0; i < run.count; i++) {
        const event = decodeEvent(recordBytes(run, i))
        if (event !== null) return (known = event.source)
      }
    }
    return null
  }
}

type Appender = AsyncDisposable & {
  append(events: readonly FeedEvent[]): Promise<void>
  /** Resolves when no append is under way. */
  settled(): Promise<void>
}

type Places = {
  readonly cluster: Cluster
  readonly codecs: Codecs
  readonly trades: OpenTopic
  readonly feed: OpenTopic
  readonly boundTo: () => Promise<string | null>
}

async function openAppender(
  { source, topic, compression = 'zstd' }: KafkaTapeOptions,
  { cluster, codecs, trades, feed, boundTo }: Places,
): Promise<Appender> {
  if (source === undefined)
    throw new Fault('invalid', `topic ${topic} cannot be written without a source`, {
      remedy: 'Name the source, as in --source finnhub.',
    })
  let bound = await boundTo()
  refuseOther(bound, source, topic)
  await using opening = new AsyncDisposableStack()
  const producing = { cluster, codecs, compression }
  const tradesOut = opening.use(await openProducer({ ...producing, topic: trades }))
  const feedOut = opening.use(await openProducer({ ...producing, topic: feed }))
  const settings = await settingsOfTopic(cluster, topic)
  const bytesMax = Number(settings?.get('max.message.bytes') ?? MESSAGE_BYTES_MAX)
  const fits = ({ bytes, key }: { bytes: number; key: number }) =>
    loneBatchBytes(bytes, key, true) <= bytesMax
  const closing = opening.move()
  const pending = pendingAppends(tradesOut, feedOut)
  let speaker = { source, recorder: 'unknown', epoch: 0 }
  let last: Promise<void> = Promise.resolve()
  return {
    append: async (events) => {
      for (const event of events) if (event.kind === 'session') speaker = speakerOf(event.event)
      const binding = bound === null ? events.findIndex(({ kind }) => kind === 'records') : 0
      const appending = pending(events, () => ({
        ...oversized(recordsOf(events), { fits, speaker }),
        binding: Math.max(0, binding),
      }))
      last = appending.catch(() => undefined)
      await appending
      if (events.some(({ kind }) => kind === 'session')) bound = source
    },
    settled: () => last,
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}

const speakerOf = ({ source, recorder, epoch }: SessionEvent) => ({ source, recorder, epoch })

/** How many session events come before the first record: on a tape that is not bound yet they bind it first. */
type Appending = Recorded & { readonly binding: number }

/** What is still to be packed, step by step; what was packed waits in its producer. */
type Unfinished = {
  readonly events: readonly FeedEvent[]
  readonly steps: { readonly to: Producer; readonly blocks: readonly Keyed[] }[]
}

/**
 * Trades first, then the feed log, so that an `alive` vouches only for what is written; but what binds the tape
 * comes before any trade, for who lands must know whose they are. An append that failed `unavailable` is not
 * given up: its batches wait with their sequences, and the next call goes on with them; the same events are not
 * packed a second time.
 */
function pendingAppends(trades: Producer, feed: Producer) {
  let unfinished: Unfinished | null = null
  const finish = async ({ steps }: Unfinished) => {
    await feed.flush()
    await trades.flush()
    for (let step = steps.shift(); step !== undefined; step = steps.shift()) {
      step.to.pack(step.blocks)
      await step.to.flush()
    }
    unfinished = null
  }
  return async (events: readonly FeedEvent[], records: () => Appending): Promise<void> => {
    if (unfinished?.events === events) return finish(unfinished)
    if (unfinished !== null) await finish(unfinished)
    const { trades: blocks, session, binding } = records()
    const steps = [
      { to: feed, blocks: session.slice(0, binding) },
      { to: trades, blocks },
      { to: feed, blocks: session.slice(binding) },
    ]
    unfinished = { events, steps: steps.filter(({ blocks }) => blocks.length > 0) }
    await finish(unfinished)
  }
}

/** Another source's trades must never mix with these. */
function refuseOther(bound: string | null, source: string, topic: string): void {
  if (bound === source || bound === null) return
  throw new Fault('invalid', `topic ${topic} holds trades of ${bound}, not of ${source}`, {
    remedy: `Record ${source} to a topic of its own.`,
  })
}

const readOnly = (topic: string): Fault =>
  new Fault('invalid', `topic ${topic} was opened to read, not to append`, {
    remedy: 'Open it with mode write.',
  })

const closed = (topic: string): Fault =>
  new Fault('closed', `the tape in topic ${topic} was closed`, {
    remedy: 'Open it again to go on.',
  })
