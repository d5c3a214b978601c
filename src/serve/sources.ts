import type { Logger } from '../flow/log.ts'
import type { Lake } from '../lake/lake.ts'
import type { Store } from '../lake/store.ts'
import type { Query } from '../query/query.ts'
import type { SymbolRow } from './contract/market.ts'
import type { Overview } from './overview.ts'

/** What the routes answer from. Each is asked when a request comes; Faults become an answer of their kind. */
export type Sources = {
  readonly overview: Overview
  /** For ticklake's own statements: bars, trades, gaps, symbols. Opened at first use, opened again after a fault. */
  readonly market: () => Promise<Query>
  /** For statements that people write: an engine of its own, so that theirs cannot slow those. */
  readonly asked: () => Promise<Query>
  readonly lakes: () => Promise<LakeSources>
  /** The watch list as the live stream keeps it: every symbol of the tape that it knows, the most traded first. */
  readonly symbols: () => readonly SymbolRow[]
  /** How long one statement may take, ms; null: as long as it wants. */
  readonly millisMax: number | null
  /** Where exports are made before they are sent; absent: the system's folder for temporary files. */
  readonly spillDir?: string
  /** The time zone of the settings, for times without one. */
  readonly zone: string
  /** Of this program. */
  readonly version: string
  readonly log: Logger
}

export type LakeSources = {
  readonly records: Lake
  readonly feedLog: Lake
  readonly store: Store
  /** In words: where the lake is, and its catalog. */
  readonly location: string
  readonly catalog: string
}
