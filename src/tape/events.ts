import { Fault } from '../flow/fault.ts'
import type { FeedEvent, SessionEvent } from '../market/feed-events.ts'
import type { Keyed } from '../market/records.ts'
import { encodeEvent } from '../market/session-events.ts'

/** The records of an append, by log, each in order. */
export type Recorded = { readonly trades: readonly Keyed[]; readonly session: readonly Keyed[] }

/** Sorts the events of an append by the log they go on; session events become records of the feed log. */
export function recordsOf(events: readonly FeedEvent[]): Recorded {
  const trades: Keyed[] = []
  const session: Keyed[] = []
  for (const event of events) {
    if (event.kind === 'records') trades.push(event.records)
    else session.push(eventRecords(event.event))
  }
  return { trades, session }
}

/** A session event as a record of the feed log, keyed by its recorder. */
export const eventRecords = (event: SessionEvent): Keyed => {
  const bytes = encodeEvent(event)
  return {
    count: 1,
    bytes,
    ends: Uint32Array.of(bytes.length),
    receivedMs: Float64Array.of(event.at),
    redelivered: new Uint8Array(1),
    key: Uint32Array.of(0),
    keys: [event.recorder],
  }
}

/** Throws `invalid` when an event speaks of another source than the tape's. */
export function refuseEvents(events: readonly FeedEvent[], source: string | undefined): void {
  for (const event of events) {
    if (event.kind !== 'session' || event.event.source === source) continue
    throw new Fault(
      'invalid',
      `an event of ${event.event.source} does not belong on a tape of ${String(source)}`,
      {
        remedy: 'Record each source to a tape of its own.',
      },
    )
  }
}
