import { useEffect, useState } from 'preact/hooks'
import { followTrades, type Following } from './follow.ts'
import { learnConditions } from './conditions.ts'

/** The trades of `symbol` ('' for all) while the component lives; it is drawn again as they change. */
export function useTape(symbol: string): Following | null {
  const [following, setFollowing] = useState<Following | null>(null)
  const [, setDrawn] = useState(0)
  useEffect(() => {
    learnConditions()
    const next = followTrades(symbol, () => setDrawn((drawn) => drawn + 1))
    setFollowing(next)
    return next.stop
  }, [symbol])
  return following
}
