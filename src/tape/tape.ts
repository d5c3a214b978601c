import type { FeedEvent } from '../market/feed-events.ts'
import type { LogId, Offset, Partition, Position, Positions, Run } from '../market/records.ts'

/** Records [earliest, end) of a partition can be read; end is the next offset to be written. */
export type Bounds = { readonly earliest: Offset; readonly end: Offset }

/**
 * One durable, ordered log per partition. Offsets only grow and are never used again. Every method may be
 * called while other processes append, read and trim. Faults: `corrupt` (the bytes on the tape are damaged
 * or a stretch in the middle is missing: stop, keep the file), `unavailable` (retry), `closed`.
 */
export type Log = {
  readonly id: LogId
  bounds(): Promise<ReadonlyMap<Partition, Bounds>>
  /**
   * Turns of exclusive reading. A turn is a stream of runs, contiguous in each partition, that begins where
   * `start` says (a partition it does not name begins at its earliest record) and follows the tape until
   * partitions move or `signal` aborts. Before the first run the last landed record is read again: when its
   * CRC differs, or the position lies past the end, the tape is not the one that landed (`corrupt`); when the
   * position lies before the earliest record, records were trimmed before they landed (`corrupt`).
   * A turn that its reader leaves early is over; the next turn asks `start` again.
   */
  turns(start: StartOf, signal: AbortSignal): AsyncIterable<AsyncIterable<Run>>
  /**
   * Reads without a group or a claim: tails, verify. From `from` (a partition it does not name: from its
   * earliest record) to `until`, or for ever when it is 'follow'; ends quietly when `signal` aborts.
   */
  read(from: Starts, until: Starts | 'follow', signal: AbortSignal): AsyncIterable<Run>
  /** Forgets records below `before`; never a record at or past it. May keep more than it must. */
  trim(before: Starts): Promise<void>
}

/** Where the lake stands for the partitions of a new turn. */
export type StartOf = (partitions: readonly Partition[]) => Promise<Positions>
/** An offset for each partition. */
export type Starts = ReadonlyMap<Partition, Offset>

/**
 * The durable log of what the feed said. `append` is durable when it resolves, in order, all or nothing;
 * a second append may be called only after the first resolved. Exactly one process may append at a time
 * (see Lease); readers are unlimited. An `alive` event is on the log only after the records before it.
 */
export type Tape = AsyncDisposable & {
  readonly trades: Log
  readonly feed: Log
  /** What the tape was bound to at its first write; null: nothing was written yet. */
  source(): Promise<string | null>
  append(events: readonly FeedEvent[]): Promise<void>
}

/** The right to be the one recorder of a tape. `lost` aborts when it is gone: close the socket at once. */
export type Lease = AsyncDisposable & { readonly epoch: number; readonly lost: AbortSignal }

/** Waits for the lease (standbys wait here); rejects with `closed` when `signal` aborts first. */
export type TakeLease = (signal: AbortSignal) => Promise<Lease>

export type { Position }
