import type { ITimeScaleApi, Time } from 'lightweight-charts'

/** Empty places to the right of the last bar when the chart follows it. */
export const RIGHT_PLACES = 4
/** The last bar may be so many places from its spot, and the chart still follows it. */
const AWAY_PLACES = 1
/** Of what is in view, with one press of an arrow key. */
const PAN_SHARE = 0.1
/** Fewer bars are drawn wider, that they do not cling to the edge: over this share of the width. */
const BARS_FEW = 60
const FEW_SHARE = 0.6
const SPACING_PX = { usual: 6, max: 24 } as const
/** Before the chart has a size. */
const WIDTH_PX = 800

/** The first and the last slot in view; they may lie outside what is loaded. */
export type View = { readonly first: number; readonly last: number }
/** The same to a fraction of a slot. */
export type Seen = { readonly from: number; readonly to: number }
export type Moves = ReturnType<typeof createMoves>

/**
 * The view of the time axis; `count` is of the slots. What asks for motion is done at once. The library moves with
 * the next picture only: until then a move goes on from where the last one will have led.
 */
export function createMoves(scale: ITimeScaleApi<Time>, count: () => number) {
  let coming: Seen | null = null
  const seen = (): Seen | null => coming ?? scale.getVisibleLogicalRange()
  const look = (range: Seen) => {
    coming = range
    scale.setVisibleLogicalRange(range)
    const done = () => {
      if (coming === range) coming = null
    }
    requestAnimationFrame(() => requestAnimationFrame(done))
  }
  const move = (places: number) => {
    const range = seen()
    if (range !== null) look({ from: range.from + places, to: range.to + places })
  }
  const followed = (width: number) => {
    const to = count() - 1 + RIGHT_PLACES
    look({ from: to - width, to })
  }
  const width = () => {
    const range = seen()
    return range === null ? WIDTH_PX / SPACING_PX.usual : range.to - range.from
  }
  return {
    seen,
    look,
    view(): View | null {
      const range = seen()
      return range === null ? null : { first: Math.ceil(range.from), last: Math.floor(range.to) }
    },
    /** Moves a slot to the middle. */
    centre: (slot: number) => look({ from: slot - width() / 2, to: slot + width() / 2 }),
    /** The oldest slot at the left. */
    start: () => look({ from: -1, to: width() - 1 }),
    /** −1: back in time, 1: on. */
    pan: (direction: -1 | 1) => move(direction * Math.max(1, Math.round(width() * PAN_SHARE))),
    zoom(factor: number) {
      const range = seen()
      if (range === null) return
      const { from, to } = range
      // The right border stays while the last bar is in view: that is what is looked at.
      const pivot = to >= count() - 1 ? to : (from + to) / 2
      look({ from: pivot - (pivot - from) / factor, to: pivot + (to - pivot) / factor })
    },
    /** The last bar in its spot. */
    follow: () => followed(width()),
    isFollowing() {
      const range = seen()
      return range === null || range.to >= count() - 1 - AWAY_PLACES
    },
    isFew: (bars: number) => bars < BARS_FEW,
    /** With the first bars, and again when they are more than few. */
    begin() {
      const px = scale.width() || WIDTH_PX
      const spread = Math.min(SPACING_PX.max, (px * FEW_SHARE) / Math.max(1, count()))
      followed(px / (count() < BARS_FEW ? Math.max(spread, SPACING_PX.usual) : SPACING_PX.usual))
    },
  }
}
