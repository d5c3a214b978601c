import type { LogId, Offset, Partition, Position, Positions } from '../market/records.ts'
import type { Rows } from '../market/tables.ts'
import type { Moment } from './moment.ts'

/** Reads the bounds of a `DataFile`. */
export { fromSingleValue } from './iceberg/single-value.ts'

/** A compacted file is about this large. */
export const COMPACTED_BYTES = 256 * 1024 * 1024

/** What one partition's stretch in a roll covers: from `first` (its previous position) up to `position.next`. */
export type Stretch = { readonly first: Offset; readonly position: Position }

/** Rows gathered for one commit: contiguous per partition, all partitions of the turn together. */
export type Rolled = {
  /** Without their runs, whose bytes are most of the memory. */
  readonly batches: readonly Pick<Rows, 'count' | 'columns'>[]
  readonly rows: number
  readonly stretches: ReadonlyMap<Partition, Stretch>
  /** When the first row of it was taken, by the monotonic clock, ms. */
  readonly openedMs: number
}

/** Files written, seen by nobody; what `commit` needs to make them visible. */
export type Staged = {
  readonly files: readonly DataFile[]
  readonly rows: number
  readonly stretches: ReadonlyMap<Partition, Stretch>
  /** A staged batch older than an hour is dropped, not committed. */
  readonly stagedAt: Moment
}

/** One Parquet data file, with what its manifest entry says of it. Bounds are Iceberg single values by field id. */
export type DataFile = {
  /** Absolute, as in the manifests. */
  readonly location: string
  readonly sizeBytes: number
  readonly rows: number
  /** Days since 1970-01-01 UTC; null: the null day. */
  readonly day: number | null
  readonly valueCounts: ReadonlyMap<number, number>
  readonly nullCounts: ReadonlyMap<number, number>
  readonly nanCounts: ReadonlyMap<number, number>
  readonly columnSizes: ReadonlyMap<number, number>
  readonly lower: ReadonlyMap<number, Uint8Array>
  readonly upper: ReadonlyMap<number, Uint8Array>
  readonly splitOffsets: readonly number[]
  /** Rows of it that another engine struck out; absent: none. Readers must leave those rows out. */
  readonly deletes?: readonly DeleteFile[]
}

/** A Parquet file of position deletes: `file_path` (string, field id 2147483546), `pos` (long, 2147483545). */
export type DeleteFile = {
  /** Absolute, as in the manifests. */
  readonly location: string
  readonly sizeBytes: number
  readonly rows: number
}

/** One table at one moment: files and positions from one metadata document. */
export type LakeSnapshot = {
  /** As text: other engines' ids pass 2^53. Null: nothing was committed yet. */
  readonly id: string | null
  readonly files: readonly DataFile[]
  readonly positions: Positions
  /** What was taken out for good; absent: nothing. */
  readonly purged?: readonly PurgeNote[]
}

/**
 * Rows of `what` below the offsets are not there, by somebody's will. Symbols are named by the first 32 digits of
 * their SHA-256 in hex: what was purged is to be nowhere.
 */
export type PurgeNote = {
  readonly what:
    | { readonly kind: 'all' }
    /** By the table's day field; rows without a time by when they came. Ms since 1970 UTC. */
    | { readonly kind: 'before'; readonly beforeMs: number }
    /** Also records that could not be read and name one of them in quotes. */
    | { readonly kind: 'symbols'; readonly hashes: ReadonlySet<string> }
  readonly below: ReadonlyMap<LogId, ReadonlyMap<Partition, Offset>>
}

/** One snapshot of main as its own summary tells it; null: whoever made it did not say. */
export type PastSnapshot = {
  readonly id: string
  /** Ms since 1970 UTC. */
  readonly atMs: number
  /** `append`, `replace`, `delete`, `overwrite`, or another engine's word. */
  readonly operation: string
  readonly added: Counts
  readonly removed: Counts
  readonly total: Counts
  /** The engine that made it, with its version where it says that too. */
  readonly by: string | null
  /** The stretches of tapes that landed with it: the offsets of its rows, exactly. Empty also where it is not known. */
  readonly landed: readonly LandedStretch[]
}
export type Counts = { readonly rows: number | null; readonly files: number | null }
export type LandedStretch = {
  readonly log: LogId
  readonly partition: Partition
  readonly first: Offset
  readonly next: Offset
}

/** What a reader wants; a file is left out only when its manifest entry proves that it holds nothing of it. */
export type Wanted = {
  readonly symbols?: readonly string[]
  /** Half-open, ms since 1970 UTC, on the table's day field. */
  readonly fromMs?: number
  readonly toMs?: number
}

/**
 * One table that holds one log: every tape record below its position is exactly one row.
 * `commit` ends in one atomic swap that moves rows and position together. Faults of commit: `conflict` (the
 * fence: the table's position is not this batch's first, or the outcome is unknown and not found: drop
 * everything rolled and staged, end the turn), `unavailable` (likewise, after a wait), `corrupt` (stop).
 */
export type Lake = {
  /** The next record that the table does not hold, for each of `partitions` that has landed before. */
  positions(partitions: readonly Partition[]): Promise<Positions>
  /** Writes the files; visible to nobody. A crash here leaves orphans. */
  stage(rolled: Rolled): Promise<Staged>
  commit(staged: Staged): Promise<void>
  snapshot(wanted?: Wanted): Promise<LakeSnapshot>
  /** Main's snapshots from the newest back, as far as they are kept, `most` of them at most; reads no manifest. */
  history(most: number): Promise<readonly PastSnapshot[]>
}

/** Writes a roll as sorted local Parquet files, one for each day (UTC) in it; see lake/parquet.ts. */
export type ParquetWriter = AsyncDisposable & {
  write(rolled: Rolled): Promise<readonly ParquetFile[]>
}
/** A finished local file; whoever takes it removes it. */
export type ParquetFile = Omit<DataFile, 'location'> & { readonly path: string }
