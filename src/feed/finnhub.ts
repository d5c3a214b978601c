import type { Clock } from '../flow/clock.ts'
import { assert } from '../flow/fault.ts'
import type { Logger } from '../flow/log.ts'
import type { Metrics } from '../flow/metrics.ts'
import type { Random } from '../flow/random.ts'
import type { FeedEvent } from '../market/feed-events.ts'
import { createClockCheck } from './clock-check.ts'
import { startConnection, type Connection, type ConnectionLimits } from './connection.ts'
import { forgo, type Dropped, type Forgone } from './dropped.ts'
import type { Feed, Watchlist } from './feed.ts'
import { createFrameSplitter } from './finnhub-frames.ts'
import { keyedUrl, redactorOf, shownUrl, told, waitBefore } from './finnhub-handshake.ts'
import { openSocket } from './finnhub-socket.ts'
import { createInlet, type Inlet } from './inlet.ts'
import { sessionOf, type Recorder, type Say } from './session.ts'
import { sparseLog } from './sparse-log.ts'

export const FINNHUB_URL = 'wss://ws.finnhub.io'

export type FeedLimits = ConnectionLimits & {
  /** What may wait between the socket and the reader, bytes; past it whole frames are dropped. */
  readonly queueBytesMax: number
  /** A connection that lived this long ends the growth of the waits, ms. */
  readonly steadyMs: number
}
const LIMITS: FeedLimits = {
  symbolsMax: 50, // the free plan
  handshakeMs: 15_000, // an upgrade may hang for ever
  silenceMs: 150_000, // two pings of the feed and a half
  aliveMs: 5_000,
  queueBytesMax: 64 * 1024 * 1024, // some four seconds of the busiest second a whole US tape has had
  steadyMs: 60_000, // a key that is used twice drops both connections well before
}

export type FinnhubOptions = Recorder & {
  /** ws:// or wss://, without the key. */
  readonly url: string
  /** Read for each handshake, shown nowhere; null: the feed needs no key. */
  readonly token: (() => string) | null
  readonly watchlist: Watchlist
  /** Aborts when the lease is gone: the socket is closed at once and what waits is dropped. */
  readonly lost: AbortSignal
  /** Asked before each block is passed on: a process that was stopped wakes before any timer of its lease. */
  readonly holds?: () => boolean
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly metrics: Metrics
  readonly limits?: Partial<FeedLimits>
}

/**
 * The Finnhub WebSocket feed, and every server that speaks its protocol. Begins with `lease_taken`, ends
 * with `closed` when `signal` aborts, with `dropped`, `closed` and `lease_lost` when the lease is gone.
 * Connections that end or fail are made anew, with waits; throws `invalid` when the key is refused or the
 * clock is off by an hour.
 */
export function finnhubFeed(options: FinnhubOptions): Feed {
  let opened = false
  return {
    open: (signal) => {
      assert(!opened, 'a feed was opened twice')
      opened = true
      return listen(options, signal)
    },
  }
}

async function* listen(
  options: FinnhubOptions,
  signal: AbortSignal,
): AsyncGenerator<readonly FeedEvent[]> {
  const { lost, holds = () => !lost.aborted, metrics } = options
  const limits = { ...LIMITS, ...options.limits }
  const say = sessionOf(options, options.clock)
  const log = redactedLog(options)
  const inlet = createInlet({
    bytesMax: limits.queueBytesMax,
    say,
    metrics,
    onDropped: (stretch, over) => tellDropped(log, stretch, over),
  })
  const left = new AbortController() // the reader went away
  inlet.say('lease_taken')
  const running = run({ ...options, limits, log, inlet }, AbortSignal.any([signal, left.signal]))
  let forgone: Forgone = { stretch: null, closed: null }
  try {
    for await (const event of inlet.events) {
      if (!holds()) forgone = forgo(forgone, event)
      else yield [event]
    }
    if (lost.aborted) yield farewell(forgone, say)
  } finally {
    left.abort()
    await running
  }
}

/** What a recorder says that lost its lease: nothing that it buffered, only that it is missing. */
function farewell({ stretch, closed }: Forgone, say: Say): readonly FeedEvent[] {
  const cause = 'lease lost'
  const events = [
    ...(stretch === null ? [] : [say('dropped', { from: stretch.from, to: stretch.to, cause })]),
    ...(closed === null ? [] : [closed]),
    say('lease_lost', { cause }),
  ]
  return events.map((event) => ({ kind: 'session', event }))
}

type Run = Omit<FinnhubOptions, 'limits'> & {
  readonly limits: FeedLimits
  readonly inlet: Inlet
}

/** Connects for ever; ends the inlet when the signal or the lease ends, or with what no retry can mend. */
async function run(feed: Run, signal: AbortSignal): Promise<void> {
  const stop = new AbortController()
  let failure: { error: unknown } | null = null
  const onFatal = (error: unknown) => {
    failure ??= { error }
    stop.abort()
  }
  const over = AbortSignal.any([signal, feed.lost, stop.signal])
  let current: Connection | null = null
  const watching = follow(feed.watchlist, () => current, over).catch(onFatal)
  const check = createClockCheck(feed.clock, sparseLog(feed.log, feed.clock), feed.metrics)
  try {
    const dial = await dialling(feed, { check, onFatal })
    for (let attempt = 0; !over.aborted;) {
      current = dial()
      const stopNow = () => current?.close(...partingWords(feed, failure))
      over.addEventListener('abort', stopNow, { once: true })
      if (over.aborted) stopNow()
      const { end, livedMs } = await current.ended
      over.removeEventListener('abort', stopNow)
      if (over.aborted) break
      if (livedMs >= feed.limits.steadyMs) attempt = 0
      const url = shownUrl(feed.url)
      const waitMs = waitBefore(end, { attempt, random: feed.random, url })
      attempt += 1
      feed.metrics.add('ticklake_feed_reconnects_total', 1)
      feed.log('warn', `not connected to ${url}: ${told(end)}`, { retry_ms: Math.round(waitMs) })
      await feed.clock.sleep(waitMs, over)
    }
  } catch (error) {
    onFatal(error)
  }
  stop.abort()
  await watching
  const failed = failure as { error: unknown } | null // assigned in a callback, which narrowing cannot see
  if (failed === null) feed.inlet.end()
  else feed.inlet.fail(failed.error)
}

const partingWords = (feed: Run, failure: unknown): [string, 'abrupt'?] => {
  if (feed.lost.aborted) return ['lease lost', 'abrupt'] // the next holder's socket would drop both
  return [failure === null ? 'stopped' : 'failed']
}

type Dialling = {
  readonly check: ReturnType<typeof createClockCheck>
  readonly onFatal: (error: unknown) => void
}

/** How one connection after the other is made; the WebSocket library loads here, on first use. */
async function dialling(feed: Run, { check, onFatal }: Dialling): Promise<() => Connection> {
  keyedUrl(feed.url, null) // a wrong address is told before anything else
  const { WebSocket } = await import('ws')
  const { clock, metrics, limits, inlet } = feed
  const split = createFrameSplitter()
  const log = sparseLog(feed.log, clock)
  return () => {
    const token = feed.token?.() ?? null
    const redact = redactorOf(token)
    const url = keyedUrl(feed.url, token)
    const open = (hooks: Parameters<typeof openSocket>[1]) =>
      openSocket({ Socket: WebSocket, url, clock, redact }, hooks)
    const wanted = () => feed.watchlist.current()
    const parts = { open, inlet, split, check, wanted, limits, clock, log, metrics }
    return startConnection({ ...parts, redact, onFatal })
  }
}

async function follow(
  watchlist: Watchlist,
  current: () => Connection | null,
  signal: AbortSignal,
): Promise<void> {
  for await (const _list of watchlist.changes(signal)) current()?.follow()
}

/** Every line of the feed passes here, so that no key gets out by a way that nobody thought of. */
function redactedLog({ log, token }: FinnhubOptions): Logger {
  return (level, message, fields = {}) => {
    const redact = redactorOf(token?.() ?? null)
    const clean = Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'string' ? redact(value) : value,
    ])
    log(level, redact(message), Object.fromEntries(clean))
  }
}

function tellDropped(log: Logger, { frames, trades, from, to }: Dropped, over: boolean): void {
  if (!over) return log('warn', 'the tape is slow: frames are being dropped')
  log('warn', 'frames were dropped while the tape was slow', { frames, trades, ms: to - from })
}
