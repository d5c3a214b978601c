/** How a query stands on an engine that is not ours. */
export type Progress = {
  /** The engine's own word: QUEUED, RUNNING, FINISHED, … */
  readonly state: string
  readonly scannedBytes: number
  /** Since the query was sent, by our clock. */
  readonly millis: number
  /** Null: the engine does not tell. */
  readonly splits: { readonly done: number; readonly total: number } | null
  /** What it costs as far as is known, US$; null: the engine does not bill by query. */
  readonly cost: number | null
  /** The last word on this query, however it ended. */
  readonly ended: boolean
}

export type Tell = (progress: Progress) => void
