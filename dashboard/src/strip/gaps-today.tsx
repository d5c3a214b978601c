import type { JSX } from 'preact'
import type { Status } from '../../../src/serve/contract/status.ts'
import { showCount, showSpan } from '../format.ts'
import { Dialog } from '../shell/dialog.tsx'
import { PlaceLink } from '../shell/link.tsx'
import { showTime, zone, zoneLabel } from '../zone.ts'

/** Names of symbols that a line shows before it says how many more there are. */
const NAMES_MAX = 6

/** Today's gaps, the newest first, each with its cause. */
export function GapsToday({
  gaps,
  close,
}: {
  gaps: Status['gaps_today']
  close: () => void
}): JSX.Element {
  const { count, latest } = gaps
  const label = zoneLabel(zone.value)
  return (
    <Dialog title="Gaps today" close={close} wide>
      {latest.length === 0 && <p>No trade is known to be missing today.</p>}
      {latest.length > 0 && (
        <>
          <p class="muted gaps-lead">
            Stretches of which trades may be missing
            {count > latest.length && `; the newest ${latest.length} of ${showCount(count)}`}.
          </p>
          <div class="scroll" role="region" aria-label="Gaps" tabindex={0}>
            <table class="table gaps">
              <thead>
                <tr>
                  <th scope="col">From ({label})</th>
                  <th scope="col">To</th>
                  <th scope="col" class="num">
                    For
                  </th>
                  <th scope="col">Cause</th>
                  <th scope="col">Symbols</th>
                </tr>
              </thead>
              <tbody>
                {latest.map((gap) => (
                  <GapRow
                    key={`${gap.from} ${gap.cause} ${gap.symbols.join()}`}
                    gap={gap}
                    close={close}
                  />
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
    </Dialog>
  )
}

function GapRow({
  gap,
  close,
}: {
  gap: Status['gaps_today']['latest'][number]
  close: () => void
}): JSX.Element {
  const fromMs = Date.parse(gap.from)
  const toMs = Date.parse(gap.to)
  const [symbol] = gap.symbols
  const params = { ...(symbol === undefined ? {} : { symbol }), at: gap.from }
  return (
    <tr>
      <td class="num">
        <PlaceLink page="market" params={params} followed={close} title="Show it on the chart">
          {showTime(fromMs, 'time')}
        </PlaceLink>
      </td>
      <td class="num">{gap.open ? 'still open' : showTime(toMs, 'time')}</td>
      <td class="num">{showSpan((toMs - fromMs) / 1000)}</td>
      <td>{gap.cause}</td>
      <td title={gap.symbols.join(', ')}>{namesOf(gap.symbols)}</td>
    </tr>
  )
}

function namesOf(symbols: readonly string[]): string {
  if (symbols.length === 0) return 'all'
  const names = symbols.slice(0, NAMES_MAX).join(', ')
  return symbols.length > NAMES_MAX ? `${names} and ${symbols.length - NAMES_MAX} more` : names
}
