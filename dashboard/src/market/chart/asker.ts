import { computed, signal, type ReadonlySignal } from '@preact/signals'
import type { CandlesAnswer, Interval } from '../../../../src/serve/contract/market.ts'
import { ask, ApiFault } from '../../api.ts'
import type { Question } from './history.ts'
import type { Range } from './placed.ts'
import type { Series } from './series.ts'

/** The most that /api/candles gives at once. */
export const BARS_MAX = 10_000
/** Late trades come in bursts: their stretches are asked for together. */
const DOUBT_WAIT_MS = 250
const RETRY_MS = 3000

export type Asker = {
  /** Why the last question has no answer. */
  readonly fault: ReadonlySignal<ApiFault | null>
  readonly isAsking: ReadonlySignal<boolean>
  put(range: Range, limit: number): void
  /** Asks what is in doubt again, soon; called after whatever may bring doubt. */
  mend(): void
  /** Does not wait any longer. */
  retry(): void
  close(): void
}

/** Asks /api/candles what a series needs; `changed` after each answer. */
export function createAsker(
  series: Series,
  { symbol, interval }: { readonly symbol: string; readonly interval: Interval },
  changed: () => void,
): Asker {
  const fault = signal<ApiFault | null>(null)
  const open = signal(0)
  const closing = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined

  const answer = async (question: Question): Promise<void> => {
    open.value++
    try {
      const params = { symbol, interval, ...paramsOf(question, interval) }
      const { bars } = await ask<CandlesAnswer>('/api/candles', { params, signal: closing.signal })
      series.answered(question, bars)
      fault.value = null
    } catch (error) {
      if (closing.signal.aborted) return
      if (!(error instanceof ApiFault)) throw error
      series.failed(question)
      fault.value = error
    } finally {
      open.value--
    }
    changed()
    mend()
  }
  const put = (range: Range, limit: number) => void answer(series.ask(range, limit))
  const askDoubted = () => {
    timer = undefined
    const range = series.takeDoubted()
    if (range !== null) put(range, BARS_MAX)
  }
  const mend = () => {
    timer ??= setTimeout(askDoubted, fault.peek() === null ? DOUBT_WAIT_MS : RETRY_MS)
  }
  return {
    fault,
    isAsking: computed(() => open.value > 0),
    put,
    mend,
    retry() {
      fault.value = null
      clearTimeout(timer)
      askDoubted()
    },
    close() {
      clearTimeout(timer)
      closing.abort()
    },
  }
}

/** Days are asked for by their dates, which no zone moves. */
function paramsOf({ fromMs, toMs, limit }: Question, interval: Interval) {
  const text = (ms: number) => {
    if (!Number.isFinite(ms)) return undefined
    return interval === '1d' ? new Date(ms).toISOString().slice(0, 10) : new Date(ms).toISOString()
  }
  const session = interval === '1d' ? 'regular' : 'all'
  return { session, limit, from: text(fromMs), to: text(toMs) }
}
