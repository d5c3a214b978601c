import type { Interval } from '../../../../src/serve/contract/market.ts'
import type { Listing } from '../../../../src/market/sessions.ts'
import { SESSION_WORDS } from './wording.ts'

export type KeyProps = {
  readonly listing: Listing
  readonly interval: Interval
  readonly hasGaps: boolean
}

/** What the shades and the hatching mean. */
export function Key({ listing, interval, hasGaps }: KeyProps) {
  const hasSessions = listing === 'us' && interval !== '1d'
  const sessions = hasSessions ? (['pre', 'regular', 'post'] as const) : []
  if (!hasSessions && !hasGaps) return null
  return (
    <ul class="chart-key" aria-label="Key">
      {sessions.map((session) => (
        <li key={session}>
          <i class={`chart-swatch is-${session}`} />
          {SESSION_WORDS[session]}
        </li>
      ))}
      {hasGaps && (
        <li>
          <i class="chart-swatch is-gap" />
          gap
        </li>
      )}
    </ul>
  )
}
