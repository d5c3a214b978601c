/** Bounds on one query; null: none. */
export type Limits = { readonly rowsMax: number | null; readonly millisMax: number | null }

/** How far an answer reaches: lake alone or lake and tape, up to `receivedMs` (ms since 1970 UTC; null: nothing recorded). */
export type AsOf = {
  readonly covers: 'lake' | 'lake and tail'
  readonly receivedMs: number | null
  /** The tail is over its bound: the answer stops at `receivedMs` although the tape holds more. */
  readonly degraded: boolean
}

export type ResultColumn = { readonly name: string; readonly type: string }

/**
 * An answer: rows come in batches, values as JavaScript has them (number, bigint for 64-bit, string, boolean,
 * Date never: timestamps are ISO text in UTC), null for SQL NULL.
 */
export type Answer = {
  readonly asOf: AsOf
  readonly columns: readonly ResultColumn[]
  readonly batches: AsyncIterable<readonly (readonly Value[])[]>
  /** True once the batches ended because of `rowsMax`. */
  readonly truncated: () => boolean
  /** Data files that the statement was planned to read, the rest being left out; absent: the engine does not tell. */
  readonly planned?: { readonly files: number; readonly bytes: number }
}
export type Value =
  | null
  | string
  | number
  | bigint
  | boolean
  | readonly Value[]
  | { readonly [key: string]: Value }

/** Read-only SQL over one snapshot. Faults: `invalid` with the engine's own words where the statement is wrong. */
export type Query = AsyncDisposable & {
  readonly covers: 'lake' | 'lake and tail'
  run(sql: string, limits: Limits, signal: AbortSignal): Promise<Answer>
  /** The columns that `sql` would give, with the same faults, and nothing read; absent: the engine cannot tell. */
  readonly check?: (sql: string) => Promise<readonly ResultColumn[]>
}
