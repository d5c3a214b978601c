import { showPercentChange } from '../../format.ts'
import { sparkChange, sparkPoints } from './spark.ts'

const WIDTH = 48
const HEIGHT = 18

/** The last minutes of a symbol as a line; what it says is there in words too. */
export function Sparkline({ closes }: { closes: readonly number[] }) {
  const change = sparkChange(closes)
  if (change === null) return <span class="muted">–</span>
  const way = change > 0 ? 'up' : change < 0 ? 'down' : 'muted'
  return (
    <>
      <svg
        class={`watch-spark ${way}`}
        width={WIDTH}
        height={HEIGHT}
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        aria-hidden="true"
      >
        <polyline points={sparkPoints(closes, WIDTH, HEIGHT)} />
      </svg>
      <span class="hidden-text">
        {showPercentChange(change)} over {closes.length} minutes with trades
      </span>
    </>
  )
}
