import { Fault } from '../flow/fault.ts'

/** What an engine may spend on one statement. */
export type Budget = {
  /** Aborted when it is spent. */
  readonly signal: AbortSignal
  /** Does a part of the work and counts its time. Faults: `invalid` when too much was spent. */
  readonly spend: <T>(act: () => Promise<T>) => Promise<T>
}

/** `millisMax` of work altogether; null: as much as it wants. */
export function createBudget(millisMax: number | null): Budget {
  const over = new AbortController()
  let leftMs = millisMax ?? Number.POSITIVE_INFINITY
  return {
    signal: over.signal,
    spend: async (act) => {
      const begunMs = performance.now()
      const timer = Number.isFinite(leftMs)
        ? setTimeout(() => over.abort(), Math.max(0, leftMs))
        : undefined
      try {
        return await act()
      } catch (error) {
        throw over.signal.aborted ? tooLong(millisMax, error) : error
      } finally {
        clearTimeout(timer)
        leftMs -= performance.now() - begunMs
      }
    },
  }
}

/** The same items, the time that making them takes being spent of `budget`, and not that of reading them. */
export async function* charged<T>(items: AsyncIterable<T>, budget: Budget): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]()
  try {
    while (true) {
      const { done, value } = await budget.spend(() => iterator.next())
      if (done === true) return
      yield value
    }
  } finally {
    await iterator.return?.()
  }
}

const tooLong = (millisMax: number | null, cause: unknown): Fault =>
  new Fault('invalid', `the statement took longer than ${millisMax} ms`, {
    remedy: 'Ask for less, a day or a symbol; or allow more time in serve.timeout.',
    cause,
  })
