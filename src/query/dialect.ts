/** A pick of the value where `by`, compared from left to right, is least or greatest. */
export type Pick = {
  readonly value: string
  readonly by: readonly string[]
  /** Only among the rows where this holds; absent: all. */
  readonly where?: string
}

/**
 * What engines write differently. Each function takes SQL expressions and gives one; what is not here is written
 * alike in DuckDB, Trino and Athena, and the views keep to that: no alias used beside its own definition, no
 * column named FIRST or LAST (reserved in Athena), no macro in a view.
 */
export type Dialect = {
  readonly name: 'duckdb' | 'trino' | 'athena'
  /** The whole text matches a pattern of RE2; null for null. */
  fullMatch(text: string, pattern: string): string
  /** Null where no row counts; rows in which the value or a part of `by` is null do not. */
  argMin(pick: Pick): string
  argMax(pick: Pick): string
  /** Null only where all are. */
  greatest(...values: readonly [string, string, ...string[]]): string
  least(...values: readonly [string, string, ...string[]]): string
  /** An aggregate: some value that is not null, where there is one. */
  anyValue(value: string): string
  /** ms since 1970 UTC, a bigint, and back. */
  millisOf(timestamp: string): string
  timestampOf(millis: string): string
  /** The engine's clock, the same in all of one query, ms since 1970 UTC. */
  readonly nowMs: string
  plusDays(date: string, days: string): string
  /** Monday is 1. */
  isoWeekday(date: string): string
  /** An item of FROM: a relation of one column with the integers [0, count). */
  integers(count: number, alias: `${string}(${string})`): string
  /** The same with these words, none of which has a space in it. */
  words(words: readonly string[], alias: `${string}(${string})`): string
  /** An array of the distinct strings in a JSON array of strings. */
  distinctTexts(json: string): string
  /** A timestamp that is computed, as a view's column; one of a table's columns is taken as it is. */
  computed(timestamp: string): string
  /**
   * The day of a trade, as a column of `bars_1m` to filter by, where a filter on the minute cannot reach the files;
   * null: it can.
   */
  readonly day: string | null
}

/** Where a view is defined: in which dialect, and what its relations are called there. */
export type Target = {
  readonly dialect: Dialect
  relation(name: string): string
}

export const textLiteral = (text: string): string => `'${text.replaceAll("'", "''")}'`
