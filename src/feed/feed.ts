import type { FeedEvent } from '../market/feed-events.ts'

/**
 * Where trades come from. `open` may be called once. It yields blocks in the order of arrival: trade
 * records, and the session's events between them. It reconnects by itself; it ends when `signal` aborts,
 * after a `closed` event; it throws only what a retry cannot mend (kind `invalid`: the key is refused).
 * The feed cannot replay: what the reader does not take while the feed's own bounded queue is full is
 * dropped in whole frames and said so by a `dropped` event.
 */
export type Feed = { open(signal: AbortSignal): AsyncIterable<readonly FeedEvent[]> }

/** The symbols wanted now, and a wait for the next change; a change subscribes without a reconnect. */
export type Watchlist = {
  current(): readonly string[]
  /** Yields the new list after each change; ends when `signal` aborts. */
  changes(signal: AbortSignal): AsyncIterable<readonly string[]>
}
