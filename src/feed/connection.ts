import type { Clock } from '../flow/clock.ts'
import type { Logger } from '../flow/log.ts'
import type { Metrics } from '../flow/metrics.ts'
import type { ClockCheck } from './clock-check.ts'
import type { FeedSocket, SocketHooks } from './finnhub-socket.ts'
import type { SocketEnd } from './finnhub-handshake.ts'
import type { createFrameSplitter } from './finnhub-frames.ts'
import type { Inlet, OddFrame } from './inlet.ts'
import { createSubscriptions, type Subscriptions } from './subscriptions.ts'

const SAMPLE_BYTES_MAX = 64 * 1024 // of a frame that cannot be read goes to the feed log

export type ConnectionLimits = {
  /** Symbols one connection may ask for, by the feed's plan. */
  readonly symbolsMax: number
  /** The handshake must be done within this, ms. */
  readonly handshakeMs: number
  /** Without any frame for this long the socket is taken for dead, ms. */
  readonly silenceMs: number
  /** How often `alive` is said, and the silence looked at, ms. */
  readonly aliveMs: number
}

export type ConnectionParts = {
  readonly open: (hooks: SocketHooks) => FeedSocket
  readonly inlet: Inlet
  readonly split: ReturnType<typeof createFrameSplitter>
  readonly check: ClockCheck
  readonly wanted: () => readonly string[]
  readonly limits: ConnectionLimits
  readonly clock: Clock
  /** Frames may repeat a message endlessly: this log says it now and then. */
  readonly log: Logger
  readonly metrics: Metrics
  readonly redact: (text: string) => string
  /** What no retry can mend; the connection is closed and the feed ends with it. */
  readonly onFatal: (error: unknown) => void
}

/** One connection from handshake to end. */
export type Connection = {
  /** Subscribes and unsubscribes to follow the list of wanted symbols. */
  follow(): void
  close(cause: string, abrupt?: 'abrupt'): void
  readonly ended: Promise<Ended>
}
export type Ended = { readonly end: SocketEnd; readonly livedMs: number }

export function startConnection(parts: ConnectionParts): Connection {
  const { inlet, limits, clock, metrics } = parts
  const over = new AbortController()
  const subscriptions = createSubscriptions(limits.symbolsMax)
  let openedMono: number | null = null
  let frameMono = clock.monotonic()
  const socket = parts.open({
    opened: (serverDateMs) => {
      try {
        parts.check.atHandshake(serverDateMs)
      } catch (error) {
        parts.onFatal(error)
        return
      }
      openedMono = frameMono = clock.monotonic()
      metrics.set('ticklake_feed_connected', 1)
      follow(parts, subscriptions, socket, 'opened')
      void watch()
    },
    frame: (bytes) => {
      if (openedMono === null) return
      frameMono = clock.monotonic()
      try {
        receive(parts, subscriptions, bytes)
      } catch (error) {
        parts.onFatal(error)
      }
    },
    ping: () => {
      frameMono = clock.monotonic()
      if (openedMono !== null) inlet.empty(clock.now())
    },
  })
  void clock.sleep(limits.handshakeMs, over.signal).then(() => {
    if (openedMono === null) socket.close(`no handshake within ${limits.handshakeMs} ms`, 'abrupt')
  })
  const watch = async () => {
    while (!over.signal.aborted) {
      await clock.sleep(limits.aliveMs, over.signal)
      if (over.signal.aborted) return
      inlet.settle()
      inlet.say('alive', { to: inlet.lastFrameMs() })
      const silentMs = clock.monotonic() - frameMono
      if (silentMs >= limits.silenceMs) socket.close('stalled', 'abrupt')
    }
  }
  const ended = socket.ended.then((end): Ended => {
    over.abort()
    if (openedMono === null) return { end, livedMs: 0 }
    metrics.set('ticklake_feed_connected', 0)
    inlet.settle('now')
    const cause = end.kind === 'closed' ? end.cause : end.kind
    inlet.say('closed', { to: inlet.lastFrameMs(), cause })
    return { end, livedMs: clock.monotonic() - openedMono }
  })
  return {
    ended,
    close: socket.close,
    follow: () => {
      if (openedMono !== null && !over.signal.aborted) follow(parts, subscriptions, socket)
    },
  }
}

/**
 * Sends what is missing between what was asked for and what is wanted, and says so. All at one moment, so
 * that an outage, which ends with `opened`, is not followed by a millisecond's gap for each symbol.
 */
function follow(
  parts: ConnectionParts,
  subscriptions: Subscriptions,
  ...[socket, opened]: [FeedSocket, 'opened'?]
): void {
  const { inlet, metrics } = parts
  const { add, remove, over } = subscriptions.plan(parts.wanted())
  const send = (type: string, symbol: string) => socket.send(JSON.stringify({ type, symbol }))
  for (const symbol of remove) send('unsubscribe', symbol)
  for (const symbol of add) send('subscribe', symbol)
  const at = parts.clock.now()
  if (opened !== undefined) inlet.say(opened, { at })
  if (remove.length > 0) inlet.say('unsubscribed', { at, symbols: remove })
  if (add.length > 0) inlet.say('subscribed', { at, symbols: add })
  if (over.length > 0) {
    const cause = `over the cap of ${subscriptions.count} symbols`
    inlet.say('refused', { at, symbols: over, cause })
    parts.log('warn', 'more symbols than one connection may have', {
      left_out: over.join(' '),
      cap: subscriptions.count,
    })
  }
  metrics.set('ticklake_feed_symbols_subscribed', subscriptions.count)
}

function receive(parts: ConnectionParts, subscriptions: Subscriptions, bytes: Uint8Array): void {
  const { inlet, metrics } = parts
  const nowMs = parts.clock.now()
  metrics.add('ticklake_frames_received_total', 1)
  metrics.add('ticklake_bytes_received_total', bytes.byteLength)
  metrics.set('ticklake_feed_last_frame_timestamp_seconds', nowMs / 1000)
  const frame = parts.split(bytes, nowMs)
  switch (frame.kind) {
    case 'trades':
      metrics.add('ticklake_trades_received_total', frame.records.count)
      inlet.records(frame.records, nowMs)
      return parts.check.atTrades(frame.records)
    case 'ping':
      return inlet.empty(nowMs)
    case 'error':
      inlet.empty(nowMs)
      return refused(parts, subscriptions, frame.message)
    case 'unknown':
      metrics.add('ticklake_frames_unknown_total', 1)
      return keepOdd(parts, bytes, {
        kind: 'unknown',
        cause: `type ${JSON.stringify(frame.type)}`,
        words: 'a frame of the feed is of a type that ticklake does not know',
        receivedMs: nowMs,
      })
    case 'unreadable':
      metrics.add('ticklake_frames_unreadable_total', 1)
      return keepOdd(parts, bytes, {
        kind: 'unreadable',
        cause: frame.cause,
        words: 'a frame of the feed could not be read',
        receivedMs: nowMs,
      })
  }
}

type Odd = {
  readonly kind: OddFrame
  readonly cause: string
  readonly words: string
  readonly receivedMs: number
}

/** Says of a frame without readable trades that it came, and keeps its start. */
function keepOdd({ log, redact, inlet }: ConnectionParts, bytes: Uint8Array, odd: Odd): void {
  const cause = redact(odd.cause)
  log('warn', odd.words, { cause, bytes: bytes.byteLength })
  inlet.odd(odd.kind, { bytes: sample(bytes, redact), receivedMs: odd.receivedMs, cause })
}

/** A copy of the start of a frame, with the key taken out should the feed have echoed it. */
function sample(bytes: Uint8Array, redact: (text: string) => string): Uint8Array {
  const start = Buffer.from(bytes.subarray(0, SAMPLE_BYTES_MAX))
  const text = start.toString('latin1')
  const clean = redact(text)
  return clean === text ? new Uint8Array(start) : new Uint8Array(Buffer.from(clean, 'latin1'))
}

const TOO_MANY = /too many symbols/i
const INVALID = /^invalid symbol[: ]+(.*)$/i

/** An error frame: which symbol will not come, if it can be told. */
function refused(parts: ConnectionParts, subscriptions: Subscriptions, message: string): void {
  const { inlet, metrics, log } = parts
  const cause = parts.redact(message)
  metrics.add('ticklake_feed_errors_total', 1)
  const named = INVALID.exec(message)?.[1]?.trim()
  let symbol: string | null = null
  if (named !== undefined && subscriptions.refuse(named)) symbol = named
  else if (TOO_MANY.test(message)) symbol = subscriptions.refuseLast()
  log('warn', `the feed says: ${cause}`, symbol === null ? {} : { symbol })
  inlet.say('refused', { symbols: symbol === null ? [] : [symbol], cause })
  metrics.set('ticklake_feed_symbols_subscribed', subscriptions.count)
}
