import type { ParquetFile } from '../lake.ts'

/** A column of the table as its current schema has it, ours or another engine's. */
export type RewriteColumn = {
  readonly id: number
  readonly name: string
  /** DuckDB's type for it. */
  readonly type: string
  /** Whether files carry bounds of it. */
  readonly bounds: boolean
}

/** A data file on the local disk; `deletes` are local files of position deletes that name it by `location`. */
export type RewriteInput = {
  readonly location: string
  readonly path: string
  readonly rows: number
  readonly sizeBytes: number
  readonly deletes: readonly string[]
}

export type Rewriting = {
  readonly inputs: readonly RewriteInput[]
  readonly columns: readonly RewriteColumn[]
  /** All rows belong to it: days since 1970-01-01 UTC; null: the null day. */
  readonly day: number | null
  readonly targetBytes: number
  /** Rows of these symbols are left out, and rows that could not be read and speak of them. */
  readonly withoutSymbols?: readonly string[]
  /** Rows with a time before it are left out, ms since 1970 UTC. */
  readonly fromMs?: number
  readonly signal: AbortSignal
}

/** What came out: `rows` are in `files`, `struckOut` were named by position deletes, `purged` left out on demand. */
export type RewrittenFiles = {
  readonly files: readonly ParquetFile[]
  readonly rows: number
  readonly struckOut: number
  readonly purged: number
}

/**
 * Writes the rows of some files anew: globally sorted as the table is, in files of about `targetBytes`, each a
 * range of the sort order. Every row that stays is written once: it compares count and checksum of what it read
 * with those of what it wrote, and throws `corrupt` where they differ. Local files; whoever takes them removes
 * them. A failed rewrite leaves none. Faults besides: `unavailable` (disk), `closed` (cancelled).
 */
export type Rewriter = AsyncDisposable & {
  write(rewriting: Rewriting): Promise<RewrittenFiles>
}
