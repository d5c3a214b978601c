import type { Keyed } from './records.ts'

/** What a recorder says of its session with the feed; each is one record of the feed log. */
export const SESSION_EVENT_KINDS = [
  'lease_taken', // this recorder may now connect; the first one is the birth of the tape
  'lease_lost',
  'opened', // the socket is open; nothing is subscribed yet
  'subscribed', // symbols: asked for from `at` on
  'unsubscribed',
  'refused', // symbols: the feed will not send these; cause says why
  'alive', // every 5 s: `to` is when the last frame came that is durable on the tape
  'unreadable', // bytes: the start of a frame that could not be split
  'unknown', // bytes: the start of a frame of a type that ticklake does not know; no trade is missing
  'dropped', // from, to, cause: frames of this stretch came and were not kept
  'closed', // `to` is when the last frame came; cause says why it closed
  'hole_accepted', // from, to: an operator accepted that this stretch is missing
] as const
export type SessionEventKind = (typeof SESSION_EVENT_KINDS)[number]

/** Times are ms since 1970 UTC by the recorder's clock. Null where the kind says nothing of it. */
export type SessionEvent = {
  readonly kind: SessionEventKind
  readonly at: number
  /** Random id of the recorder process. */
  readonly recorder: string
  /** The recorder's lease epoch: grows with each take-over; older epochs after a newer `opened` are ignored. */
  readonly epoch: number
  readonly source: string
  readonly symbols: readonly string[] | null
  readonly from: number | null
  readonly to: number | null
  readonly cause: string | null
  /** At most the first 64 KB of what could not be read. */
  readonly bytes: Uint8Array | null
}

/** What a feed yields and a tape takes, in order: blocks of trade records and the session's events. */
export type FeedEvent =
  | { readonly kind: 'records'; readonly records: Keyed }
  | { readonly kind: 'session'; readonly event: SessionEvent }
