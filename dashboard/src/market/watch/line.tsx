import type { ReadonlySignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import type { SymbolRow } from '../../../../src/serve/contract/market.ts'
import { showCount, showPercentChange, showPrice, showVolume } from '../../format.ts'
import { go, isPlainClick, linkTo, route } from '../../route.ts'
import { serverNow } from '../../status.ts'
import { ageText } from './age.ts'
import { changeText } from './change.ts'
import { Sparkline } from './sparkline.tsx'

const FLASH_MS = 700

type Props = {
  readonly line: ReadonlySignal<SymbolRow>
  readonly isCurrent: boolean
  /** The one line that Tab reaches. */
  readonly isStop: boolean
  readonly onFocus: () => void
}

/** A symbol: its name leads to it, and so does a click anywhere on the row. */
export function Line({ line, isCurrent, isStop, onFocus }: Props) {
  const row = line.value
  const { symbol } = row
  return (
    <tr class={isCurrent ? 'selected' : undefined} onClick={(event) => follow(event, symbol)}>
      <th scope="row">
        <a
          class="watch-name"
          href={linkTo('market', { ...Object.fromEntries(route.value.params), symbol })}
          title={symbol}
          aria-current={isCurrent ? 'true' : undefined}
          tabindex={isStop ? 0 : -1}
          data-symbol={symbol}
          onFocus={onFocus}
        >
          {symbol}
        </a>
      </th>
      <Last price={row.last} />
      <Change row={row} />
      <td class="watch-trend">
        <Sparkline closes={row.spark} />
      </td>
      <td class="num stale-able" title={`${row.volume} in ${showCount(row.trades)} trades`}>
        {volumeText(row.volume)}
      </td>
      <td class="num stale-able">{rateText(row.trades_per_second)}</td>
      <Age at={row.last_at} />
    </tr>
  )
}

function follow(event: MouseEvent, symbol: string): void {
  if (!isPlainClick(event)) return
  event.preventDefault()
  go('market', { symbol })
}

/** The price, lit for a moment when it moves, unless motion is unwanted. */
function Last({ price }: { price: number | null }) {
  const cell = useRef<HTMLTableCellElement>(null)
  const before = useRef(price)
  useEffect(() => {
    const { current: was } = before
    before.current = price
    if (was === null || price === null || was === price) return
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return
    const from = `var(--${price > was ? 'up' : 'down'}-soft)`
    cell.current?.animate([{ backgroundColor: from }, {}], {
      duration: FLASH_MS,
      easing: 'ease-in',
    })
  }, [price])
  return (
    <td ref={cell} class="num stale-able">
      {showPrice(price)}
    </td>
  )
}

function Change({ row }: { row: SymbolRow }) {
  const { change, last, change_percent: percent } = row
  if (change === null) return <td class="num muted">–</td>
  const way = change > 0 ? 'up' : change < 0 ? 'down' : 'muted'
  const sign = change > 0 ? '▲' : change < 0 ? '▼' : '='
  return (
    <td class={`num stale-able ${way}`}>
      <span aria-hidden="true">{sign}</span> {changeText(change, last)}{' '}
      <span class="watch-percent">{showPercentChange(percent)}</span>
    </td>
  )
}

/** Ticks by itself, so that a second's passing draws no more than this. */
function Age({ at }: { at: string | null }) {
  return <td class="num muted">{ageText(at, serverNow.value)}</td>
}

/** Shares of a share do not matter beside thousands. */
const volumeText = (volume: number): string =>
  showVolume(volume < 1000 ? volume : Math.round(volume))

const rateText = (rate: number): string =>
  rate > 0 && rate < 9.95 ? rate.toFixed(1) : showCount(rate)
