import type { Told } from '../../../../src/serve/contract/live.ts'
import type { Bar, Interval } from '../../../../src/serve/contract/market.ts'
import { createHistory, type Question } from './history.ts'
import { inOrder, isShown, place, WIDTH_MS, type Placed, type Range } from './placed.ts'

/**
 * The bars of one symbol and width, put together from /api/candles and the live stream, whose answers and messages
 * come in any order. With no question open and nothing doubted, `bars` is what /api/candles would say of `span`.
 */
export type Series = {
  /** Numbers a question at the moment it is asked; each is to end in `answered` or `failed`. */
  ask(range: Range, limit: number): Question
  answered(question: Question, bars: readonly Bar[]): void
  failed(question: Question): void
  /** Messages about other symbols and widths are passed over. */
  tell(message: Extract<Told, { kind: 'bars' | 'stale' }>): void
  /**
   * The stretch that may have changed since it was answered, to be asked again; from then on it is not doubted.
   * Null: there is none, or a question is open.
   */
  takeDoubted(): Range | null
  /** Lets go of bars before this bucket, unless a question is open; `span` begins there then. */
  forget(beforeMs: number): void
  /** Every bar of `span`, in order. */
  bars(): readonly Placed[]
  /** What is known without a hole; null: nothing yet. */
  span(): Range | null
}

type Stream = { readonly sinceMs: number; readonly bars: Map<string, Placed> }
const keyOf = ({ bucket, session }: Bar) => `${bucket} ${session}`
const ALWAYS = Number.POSITIVE_INFINITY

export function createSeries(symbol: string, interval: Interval): Series {
  const history = createHistory()
  let stream: Stream | null = null
  let all: readonly Placed[] | null = null

  const placed = (bars: readonly Bar[]) =>
    bars.filter((bar) => isShown(bar, interval)).map((bar) => place(bar, interval))
  const span = (): Range | null => {
    const known = history.span()
    if (stream === null) return known
    return { fromMs: Math.min(known?.fromMs ?? stream.sinceMs, stream.sinceMs), toMs: ALWAYS }
  }
  const tellBars = (message: Extract<Told, { kind: 'bars' }>) => {
    stream = nextStream(stream, message, (range, bars) => history.lay(range, bars, null))
    if (stream === null) return
    const { sinceMs, bars } = stream
    for (const bar of placed(message.bars))
      if (bar.bucketMs >= sinceMs) bars.set(keyOf(bar.bar), bar)
      // It was let go of, and may have been asked for again since.
      else history.doubt({ fromMs: bar.bucketMs, toMs: bar.bucketMs + WIDTH_MS[interval] })
    // What was answered before the stream began may lack trades that came between the two.
    if (message.first) history.doubt({ fromMs: -ALWAYS, toMs: sinceMs })
    all = null
  }

  return {
    span,
    ask: history.ask,
    failed(question) {
      history.close(question)
      history.doubt(question)
    },
    answered(question, bars) {
      const { fromMs, toMs, limit } = question
      history.close(question)
      // A bucket has a bar of each session: that of the first one may be cut in two by the limit.
      const [oldest] = bars
      const isCut = bars.length >= limit && oldest !== undefined
      const from = isCut ? Math.max(fromMs, Date.parse(oldest.bucket) + WIDTH_MS[interval]) : fromMs
      history.lay({ fromMs: from, toMs }, placed(bars), question)
      if (isCut) history.doubt({ fromMs, toMs: from })
      all = null
    },
    tell(message) {
      if (message.symbol !== symbol || message.interval !== interval) return
      if (message.kind === 'bars') tellBars(message)
      else history.doubt({ fromMs: Date.parse(message.from), toMs: Date.parse(message.to) })
    },
    takeDoubted() {
      const known = span()
      if (known === null) return null
      const toMs = Math.min(known.toMs, stream?.sinceMs ?? ALWAYS)
      return history.takeDoubted({ fromMs: known.fromMs, toMs })
    },
    forget(beforeMs) {
      if (history.isOpen()) return
      history.forget(beforeMs)
      if (stream !== null && stream.sinceMs < beforeMs) stream = forgotten(stream, beforeMs)
      all = null
    },
    bars() {
      if (all !== null) return all
      const sinceMs = stream?.sinceMs ?? ALWAYS
      const before = history.bars().filter(({ bucketMs }) => bucketMs < sinceMs)
      all = [...before, ...[...(stream?.bars.values() ?? [])].toSorted(inOrder)]
      return all
    },
  }
}

/** The stream after a message; what it tells no longer, from `old.sinceMs` on, is history from now on. */
function nextStream(
  old: Stream | null,
  { first, since }: Extract<Told, { kind: 'bars' }>,
  retire: (range: Range, bars: readonly Placed[]) => void,
): Stream | null {
  const sinceMs = Date.parse(since)
  if (old === null) return first ? { sinceMs, bars: new Map() } : null
  if (!first && sinceMs <= old.sinceMs) return old
  const passed = [...old.bars.values()].filter(({ bucketMs }) => bucketMs < sinceMs)
  retire({ fromMs: old.sinceMs, toMs: sinceMs }, passed.toSorted(inOrder))
  return first ? { sinceMs, bars: new Map() } : forgotten(old, sinceMs)
}

const forgotten = ({ bars }: Stream, sinceMs: number): Stream => ({
  sinceMs,
  bars: new Map([...bars].filter(([, { bucketMs }]) => bucketMs >= sinceMs)),
})
