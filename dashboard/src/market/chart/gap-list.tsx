import type { Zone } from '../../zone.ts'
import type { Hole } from './holes.ts'
import { causeText, holeText, momentText } from './wording.ts'
import { showSpan } from '../../format.ts'

/** More are in the table. */
const LISTED_MAX = 30

export type GapListProps = {
  readonly holes: readonly Hole[]
  readonly zone: Zone
  /** Points at the gap in the chart; null: at none. */
  readonly mark: (hole: Hole | null) => void
  readonly centre: (hole: Hole) => void
}

/** Gaps in view, newest first: the keyboard's way to what the pointer finds in the chart. */
export function GapList({ holes, zone, mark, centre }: GapListProps) {
  if (holes.length === 0) return null
  const listed = holes.slice(-LISTED_MAX).toReversed()
  return (
    <section class="chart-gaps" aria-label="Gaps in view">
      <h2>{holes.length === 1 ? '1 gap' : `${holes.length} gaps`} in view</h2>
      <ul>
        {listed.map((hole) => (
          <li key={`${hole.fromMs} ${hole.cause} ${hole.symbols.join()}`}>
            <button
              type="button"
              onFocus={() => mark(hole)}
              onBlur={() => mark(null)}
              onMouseEnter={() => mark(hole)}
              onMouseLeave={() => mark(null)}
              onClick={() => centre(hole)}
            >
              <i class="chart-swatch is-gap" />
              <span aria-hidden="true">{causeText(hole)}</span>
              <span aria-hidden="true">{momentText(hole.fromMs, zone).slice(5)}</span>
              <span aria-hidden="true">{showSpan((hole.toMs - hole.fromMs) / 1000)}</span>
              {hole.open && <strong aria-hidden="true">still open</strong>}
              <span class="hidden-text">{holeText(hole, zone)}</span>
            </button>
          </li>
        ))}
      </ul>
      {holes.length > listed.length && <p>and {holes.length - listed.length} more before</p>}
    </section>
  )
}
