import type { Metrics } from '../flow/metrics.ts'
import { boundedQueue } from '../flow/queue.ts'
import type { FeedEvent, SessionEventKind } from '../market/feed-events.ts'
import type { Keyed } from '../market/records.ts'
import { alsoDropped, type Dropped } from './dropped.ts'
import type { Say } from './session.ts'

const EVENT_BYTES = 512 // an event without bytes, about
const RECORD_BYTES = 49 // what the columns of a record, and what it is known by, take beside its bytes
const ROOM_AGAIN = 0.5 // of the bound: once full, half must be free, so that one stretch is one event

/**
 * The only way from the socket to the reader, bounded in bytes: a frame that does not fit is dropped
 * whole, and when there is room again one `dropped` event tells of the stretch. Events always fit.
 */
export type Inlet = {
  readonly events: AsyncIterable<FeedEvent>
  records(records: Keyed, receivedMs: number): void
  /** A frame that carries no trades that we can read, with its start. */
  odd(kind: OddFrame, frame: { bytes: Uint8Array; receivedMs: number; cause: string }): void
  /** A frame without content; it counts as the last frame. */
  empty(receivedMs: number): void
  say(kind: SessionEventKind, said?: Parameters<Say>[1]): void
  /** When the last frame came that lies in the stream since the last `opened`; null: none did. */
  lastFrameMs(): number | null
  /** Tells of dropped frames if there is room now, or at once with `now`. */
  settle(now?: 'now'): void
  end(): void
  fail(error: unknown): void
}

export type OddFrame = Extract<SessionEventKind, 'unreadable' | 'unknown'>

export type InletOptions = {
  readonly bytesMax: number
  readonly say: Say
  readonly metrics: Metrics
  readonly onDropped: (stretch: Dropped, over: boolean) => void
}

export function createInlet({ bytesMax, say, metrics, onDropped }: InletOptions): Inlet {
  const queue = boundedQueue<FeedEvent>(bytesMax)
  metrics.set('ticklake_queue_limit_bytes', bytesMax)
  let lastFrameMs: number | null = null
  let stretch: Dropped | null = null
  const gauge = () => metrics.set('ticklake_queue_bytes', queue.size)
  const force = (event: FeedEvent, size = EVENT_BYTES) => {
    queue.force(event, size)
    gauge()
  }
  const settle = (now?: 'now') => {
    if (stretch === null || (now === undefined && queue.size > bytesMax * ROOM_AGAIN)) return
    const { from, to } = stretch
    force({ kind: 'session', event: say('dropped', { from, to, cause: 'tape slow' }) })
    onDropped(stretch, true)
    stretch = null
  }
  const offer = (event: FeedEvent, frame: { receivedMs: number; trades: number; size: number }) => {
    settle()
    if (stretch === null && queue.push(event, frame.size)) {
      lastFrameMs = frame.receivedMs
      gauge()
      return
    }
    stretch = alsoDropped(stretch, frame)
    metrics.add('ticklake_frames_dropped_total', 1)
    metrics.add('ticklake_trades_dropped_total', frame.trades)
    if (stretch.frames === 1) onDropped(stretch, false)
  }
  return {
    events: drained(queue, gauge),
    lastFrameMs: () => lastFrameMs,
    settle,
    records: (records, receivedMs) => {
      const size = records.bytes.byteLength + records.count * RECORD_BYTES
      offer({ kind: 'records', records }, { receivedMs, trades: records.count, size })
    },
    odd: (kind, { bytes, receivedMs, cause }) => {
      const event = say(kind, { bytes, cause })
      const size = EVENT_BYTES + bytes.byteLength
      offer({ kind: 'session', event }, { receivedMs, trades: 0, size })
    },
    empty: (receivedMs) => {
      settle()
      if (stretch === null) lastFrameMs = receivedMs
    },
    say: (kind, said) => {
      if (kind === 'opened') lastFrameMs = null
      force({ kind: 'session', event: say(kind, said) })
    },
    end: () => queue.end(),
    fail: (error) => queue.fail(error),
  }
}

const drained = <A>(queue: AsyncIterable<A>, taken: () => void): AsyncIterable<A> => ({
  async *[Symbol.asyncIterator]() {
    for await (const item of queue) {
      taken()
      yield item
    }
  },
})
