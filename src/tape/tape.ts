import type { FeedEvent } from '../market/feed-events.ts'
import type { LogId, Offset, Partition, Position, Positions, Run } from '../market/records.ts'

/** Records [earliest, end) of a partition can be read; end is the next offset to be written. */
export type Bounds = { readonly earliest: Offset; readonly end: Offset }

/**
 * One durable, ordered log per partition. Offsets only grow and are never used again, not even after all
 * was trimmed. Every method may be called while other processes append, read and trim, and unbound (as a
 * plain function). Faults: `corrupt` (the bytes on the tape are damaged or a stretch in the middle is
 * missing: stop, keep the file; every record before the damage was given first), `unavailable` (retry),
 * `conflict` (the records asked for were trimmed: ask the lake again), `closed` (the tape was disposed).
 */
export type Log = {
  readonly id: LogId
  /** Every partition of the log, an empty one too. */
  bounds(): Promise<ReadonlyMap<Partition, Bounds>>
  /**
   * Turns of reading, among the readers of one group exclusive in each partition. A turn is a stream of runs,
   * contiguous in each partition, that begins where the group's `start` says (a partition it does not name
   * begins at its earliest record) and follows the tape until partitions move or `signal` aborts; both end it
   * quietly. Before the first run the last landed record is
   * read again: when its CRC differs, or the position lies past the end, the tape is not the one that landed
   * (`corrupt`); when the position lies before the earliest record, records were trimmed before they landed
   * (`corrupt`). What `start` or these checks throw is thrown by the turn, not by `turns`, so that its
   * reader decides whether there is a next one. A turn that its reader leaves early, or keeps while it takes
   * the next, is over; the next turn asks `start` again. A turn is read once.
   */
  turns(group: Group, signal: AbortSignal): AsyncIterable<AsyncIterable<Run>>
  /**
   * Tells the tape's own monitors how far the turns of a group have landed: a hint for people, which nothing
   * reads back. Never rejects.
   */
  landed(group: string, positions: Positions): Promise<void>
  /**
   * Reads without a group or a claim: tails, verify. With `until`: the partitions that `until` names, each
   * up to there or to where it ended when reading began, whichever comes first; it never waits. With
   * 'follow': every partition, for ever. Both begin at `from`, or at the earliest record of a partition that
   * `from` does not name. A run is at most 1 MB of records, or one larger record; or none, where offsets hold
   * no record that counts. Ends quietly when `signal` aborts. Faults: `corrupt` when `from` lies past the end,
   * `conflict` when it lies before the earliest record or a trim overtakes the reader.
   */
  read(from: Starts, until: Starts | 'follow', signal: AbortSignal): AsyncIterable<Run>
  /**
   * Forgets records below `before`; never a record at or past it. May keep more than it must; partitions
   * that `before` does not name keep all. Resolves when it is done, and stalls no append meanwhile.
   */
  trim(before: Starts): Promise<void>
}

/** Who lands a log together: readers of the same id share its partitions out, each begins where `start` says. */
export type Group = { readonly id: string; readonly start: StartOf }
/** Where the lake stands for the partitions of a new turn. */
export type StartOf = (partitions: readonly Partition[]) => Promise<Positions>
/** An offset for each partition. */
export type Starts = ReadonlyMap<Partition, Offset>

/**
 * The durable log of what the feed said. Exactly one process may append at a time (see Lease); readers are
 * unlimited. Disposing waits for an append under way; afterwards every method throws `closed`.
 */
export type Tape = AsyncDisposable & {
  readonly trades: Log
  readonly feed: Log
  /** What the tape was bound to by the first session event on it; null: there is none yet. */
  source(): Promise<string | null>
  /**
   * Durable when it resolves, in order, all or nothing; a second append may be called only after the first
   * settled. Keeps no reference to what it is given. An `alive` event is on the feed log only after the
   * records before it. Faults: `unavailable` (disk full, no leader: nothing of it is on the tape, or the
   * adapter says so; the same append may be tried again), `invalid` (another source's tape, opened to read).
   */
  append(events: readonly FeedEvent[]): Promise<void>
}

/**
 * The right to be the one recorder of a tape, or its one lander. `lost` aborts when it is gone: close the
 * socket at once. `epoch` is greater than that of every holder before. Disposing gives it back.
 */
export type Lease = AsyncDisposable & {
  readonly epoch: number
  readonly lost: AbortSignal
  /** Looks at the clock now: a process that was stopped wakes without a lease before any timer tells it so. */
  holds(): boolean
}

/** Waits for the lease (standbys wait here); rejects with `closed` when `signal` aborts first. */
export type TakeLease = (signal: AbortSignal) => Promise<Lease>

export type { Position }
