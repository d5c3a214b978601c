import { computed, type ReadonlySignal } from '@preact/signals'
import { listingOf, type Listing } from '../../../../src/market/sessions.ts'
import { serverNow } from '../../status.ts'
import { holeOf, type Hole } from './holes.ts'
import { slotsOf, type Slot } from './slots.ts'
import type { Source } from './source.ts'

/** What is drawn of a source. */
export type Model = {
  readonly source: Source
  readonly listing: ReadonlySignal<Listing>
  /** Oldest first; an open one grows each second. */
  readonly holes: ReadonlySignal<readonly Hole[]>
  readonly slots: ReadonlySignal<readonly Slot[]>
}

export function createModel(source: Source): Model {
  const { symbol, interval } = source.asked
  const holes = computed(() => {
    const gaps = source.gaps.value
    const nowMs = gaps.some(({ open }) => open) ? serverNow.value : 0
    return gaps.map((gap) => holeOf(gap, nowMs))
  })
  const listing = computed((): Listing => {
    const [first] = source.bars.value
    if (first === undefined) return listingOf(symbol)
    return first.bar.session === 'continuous' ? 'continuous' : 'us'
  })
  // Before what is loaded there are no candles: a gap there waits until they are.
  const slots = computed(() => {
    const bars = source.bars.value
    const [first] = bars
    if (first === undefined) return []
    const { fromMs } = first
    const within = holes.value
      .filter(({ toMs }) => toMs > fromMs)
      .map((hole) => ({ ...hole, fromMs: Math.max(hole.fromMs, fromMs) }))
    return slotsOf(bars, within, { interval, listing: listing.value })
  })
  return { source, listing, holes, slots }
}
