import type { Answering } from '../../duckdb/duckdb.ts'
import type { Clock } from '../../flow/clock.ts'
import { Fault } from '../../flow/fault.ts'
import type { Answer, Limits, Value } from '../query.ts'

export type Deadline = {
  /** Aborts when the caller's does, or when the time is over. */
  readonly signal: AbortSignal
  /** The error to show: that the time is over, where it was this that ended the query. */
  explain(error: unknown): unknown
  clear(): void
}

export function deadlineOf({ millisMax }: Limits, clock: Clock, signal: AbortSignal): Deadline {
  if (millisMax === null) return { signal, explain: (error) => error, clear: () => undefined }
  const over = new AbortController()
  const done = new AbortController()
  void clock.sleep(millisMax, done.signal).then(() => {
    if (!done.signal.aborted) over.abort()
  })
  return {
    signal: AbortSignal.any([signal, over.signal]),
    explain: (error) =>
      over.signal.aborted && !signal.aborted
        ? new Fault('invalid', `the query took longer than ${millisMax} ms`, {
            remedy: 'Ask for less, a day or a symbol, or allow more time.',
            cause: error,
          })
        : error,
    clear: () => done.abort(),
  }
}

type Ending = {
  readonly release: () => Promise<void>
  readonly explain: (error: unknown) => unknown
}

/** Passes batches on up to `rowsMax` rows; when they end, however they end, everything is released. */
export function limitRows(
  { batches }: Answering,
  { rowsMax }: Limits,
  { release, explain }: Ending,
): Pick<Answer, 'batches' | 'truncated'> {
  let truncated = false
  async function* limited(): AsyncGenerator<readonly (readonly Value[])[]> {
    let left = rowsMax ?? Number.POSITIVE_INFINITY
    try {
      for await (const batch of batches) {
        truncated = batch.length > left
        const shown = truncated ? batch.slice(0, left) : batch
        left -= shown.length
        if (shown.length > 0) yield shown
        if (truncated) return
      }
    } catch (error) {
      throw explain(error)
    } finally {
      await release()
    }
  }
  return { batches: limited(), truncated: () => truncated }
}
