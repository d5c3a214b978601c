import { computed, effect, signal, type ReadonlySignal } from '@preact/signals'
import type { Gap, Interval } from '../../../../src/serve/contract/market.ts'
import type { ApiFault } from '../../api.ts'
import { reconnected, say, told } from '../../socket.ts'
import { serverNow } from '../../status.ts'
import { BARS_MAX, createAsker, type Asker } from './asker.ts'
import { createGapSource } from './gap-source.ts'
import { WIDTH_MS, type Placed, type Range } from './placed.ts'
import { createSeries } from './series.ts'

/** Enough to fill a wide screen, quick to answer. */
const BARS_FIRST = 500
const BARS_MORE = 1000
/** A moment so many bars ago is reached with everything between it and now; an earlier one on its own. */
const BARS_BETWEEN_MAX = 5000
/** Shown before a moment that was asked for. */
const BARS_BEFORE = 250
/** An open page gets a bar each second: past so many the oldest are let go of, but not of these. */
const BARS_KEPT = { max: 20_000, trimmed: 10_000 } as const
const ALWAYS = Number.POSITIVE_INFINITY

export type SourceAsked = {
  readonly symbol: string
  readonly interval: Interval
  /** A moment to be shown, ms since 1970 UTC; null: now. */
  readonly atMs: number | null
}

/** What the chart shows of a symbol, kept up to date until `close`. */
export type Source = {
  readonly asked: SourceAsked
  readonly bars: ReadonlySignal<readonly Placed[]>
  readonly gaps: ReadonlySignal<readonly Gap[]>
  /** What of time is loaded; null: nothing yet. */
  readonly span: ReadonlySignal<Range | null>
  /** Why something that is shown, or ought to be, could not be asked for. */
  readonly fault: ReadonlySignal<ApiFault | null>
  /** Whether it goes on with each trade; not while it shows a stretch of long ago. */
  readonly isLive: ReadonlySignal<boolean>
  earlier(): void
  later(): void
  /** Lets go of old bars that nobody looks at, where there are many. */
  trim(): void
  retry(): void
  close(): void
}

export function createSource(asked: SourceAsked): Source {
  const { symbol, interval, atMs } = asked
  const series = createSeries(symbol, interval)
  const [bars, span] = [signal<readonly Placed[]>([]), signal<Range | null>(null)]
  const isLive = signal(false)
  const publish = () => {
    bars.value = series.bars()
    span.value = series.span()
  }
  const asker = createAsker(series, asked, publish)
  const gaps = createGapSource(symbol, loadedOf(bars, span))
  const follow = () => {
    isLive.value = true
    say({ kind: 'bars', symbol, interval })
  }
  const first = () => asker.put(...firstOf(asked, isLive.peek()))
  const edges = edgesOf(asked, { asker, span, isLive, follow })
  const retry = () => {
    asker.retry()
    gaps.ask()
    if (span.peek() === null) first()
  }
  const ends = [
    told('bars', (message) => {
      if (!isLive.peek()) return
      series.tell(message)
      publish()
      asker.mend()
    }),
    told('stale', (message) => {
      series.tell(message)
      asker.mend()
    }),
    // The stream begins anew, and tells first all that was missed.
    told('behind', () => isLive.peek() && follow()),
    effect(() => {
      if (reconnected.value > 0 && asker.fault.peek() !== null) retry()
    }),
  ]
  if (atMs === null || (serverNow.peek() - atMs) / WIDTH_MS[interval] < BARS_BETWEEN_MAX) follow()
  first()

  return {
    asked,
    bars,
    gaps: gaps.found,
    span,
    fault: asker.fault,
    isLive,
    retry,
    ...edges,
    trim() {
      const beforeMs = bars.peek().at(-BARS_KEPT.trimmed)?.bucketMs
      if (bars.peek().length <= BARS_KEPT.max || beforeMs === undefined) return
      series.forget(beforeMs)
      publish()
    },
    close() {
      for (const end of ends) end()
      asker.close()
      gaps.close()
      if (isLive.peek()) say({ kind: 'bars', symbol: null, interval })
    },
  }
}

type Growing = Pick<Source, 'span' | 'isLive'> & {
  readonly asker: Asker
  readonly follow: () => void
}

/** More to the left, and to the right up to now. */
function edgesOf({ interval }: SourceAsked, { asker, span, isLive, follow }: Growing) {
  const mayAsk = () => !asker.isAsking.peek() && asker.fault.peek() === null
  return {
    earlier() {
      const known = span.peek()
      if (known !== null && Number.isFinite(known.fromMs) && mayAsk())
        asker.put({ fromMs: -ALWAYS, toMs: known.fromMs }, BARS_MORE)
    },
    later() {
      const known = span.peek()
      if (known === null || isLive.peek() || !mayAsk()) return
      const toMs = known.toMs + BARS_MORE * WIDTH_MS[interval]
      const isPast = toMs < serverNow.peek()
      if (!isPast) follow()
      asker.put({ fromMs: known.toMs, toMs: isPast ? toMs : ALWAYS }, BARS_MAX)
    },
  }
}

/** The question that a source begins with. */
function firstOf({ atMs, interval }: SourceAsked, isLive: boolean): [Range, number] {
  if (atMs === null) return [{ fromMs: -ALWAYS, toMs: ALWAYS }, BARS_FIRST]
  const width = WIDTH_MS[interval]
  const fromMs = Math.floor(atMs / width - BARS_BEFORE) * width
  if (isLive) return [{ fromMs, toMs: ALWAYS }, BARS_MAX]
  return [{ fromMs: -ALWAYS, toMs: fromMs + 2 * BARS_BEFORE * width }, BARS_FIRST]
}

/** From the first bar on: where history begins there is nothing to be missed. */
const loadedOf = (
  bars: ReadonlySignal<readonly Placed[]>,
  span: ReadonlySignal<Range | null>,
): ReadonlySignal<Range | null> =>
  computed(() => {
    const known = span.value
    return known === null ? null : { ...known, fromMs: bars.value[0]?.fromMs ?? known.fromMs }
  })
