import type { FeedEvent, SessionEvent } from '../market/feed-events.ts'

/** A stretch whose frames came and were not kept: [from, to) in ms of the receiving clock. */
export type Dropped = {
  readonly from: number
  readonly to: number
  readonly frames: number
  readonly trades: number
}

/** The stretch with one more lost frame; `to` lies after the frame, so that even one makes a stretch. */
export const alsoDropped = (
  stretch: Dropped | null,
  frame: { readonly receivedMs: number; readonly trades: number },
): Dropped => ({
  from: Math.min(stretch?.from ?? frame.receivedMs, frame.receivedMs),
  to: Math.max(stretch?.to ?? 0, frame.receivedMs + 1),
  frames: (stretch?.frames ?? 0) + 1,
  trades: (stretch?.trades ?? 0) + frame.trades,
})

/** What is left of events that nobody may write any more: the stretch of their frames, and how the session ended. */
export type Forgone = { readonly stretch: Dropped | null; readonly closed: SessionEvent | null }

/** Adds one event that was waiting when the lease was lost. */
export function forgo({ stretch, closed }: Forgone, event: FeedEvent): Forgone {
  if (event.kind === 'records') {
    const { receivedMs, count } = event.records
    const frame = { receivedMs: receivedMs[0] ?? 0, trades: count }
    return { stretch: count === 0 ? stretch : alsoDropped(stretch, frame), closed }
  }
  const { kind, at } = event.event
  if (kind === 'closed') return { stretch, closed: event.event }
  const frame = { receivedMs: at, trades: 0 }
  return { stretch: kind === 'unreadable' ? alsoDropped(stretch, frame) : stretch, closed }
}
