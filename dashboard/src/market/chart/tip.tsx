import { showSpan } from '../../format.ts'
import type { Zone } from '../../zone.ts'
import type { Hole } from './holes.ts'
import { causeText, momentText, whoseText } from './wording.ts'

/** A tip is moved to the left of what it is about from here on, as a share of the width. */
const TURN_SHARE = 0.55

export type TipProps = {
  readonly hole: Hole | null
  /** Where the pointer is, px from the left, in a chart so wide; null: the keyboard points. */
  readonly x: number | null
  readonly width: number
  readonly zone: Zone
}

/** Of the gap under the pointer, or the one that the list points at. */
export function Tip({ hole, x, width, zone }: TipProps) {
  if (hole === null) return null
  const isTurned = x !== null && x > width * TURN_SHARE
  const place =
    x === null
      ? { left: '8px' }
      : isTurned
        ? { right: `${width - x + 12}px` }
        : { left: `${x + 12}px` }
  return (
    <div class="chart-tip" style={place}>
      <strong>Gap: {causeText(hole)}</strong>
      <span>
        {momentText(hole.fromMs, zone)} to {hole.open ? 'now' : momentText(hole.toMs, zone)}
      </span>
      <span>
        {showSpan((hole.toMs - hole.fromMs) / 1000)}
        {hole.open && ', still open'}, {whoseText(hole)}
      </span>
      <span>Trades may be missing here.</span>
    </div>
  )
}
