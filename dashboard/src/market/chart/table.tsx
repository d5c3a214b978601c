import { useSignal } from '@preact/signals'
import type { VNode } from 'preact'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import type { Bar, Interval } from '../../../../src/serve/contract/market.ts'
import { showCount, showPrice, showSpan, showVolume } from '../../format.ts'
import { zoneLabel, type Zone } from '../../zone.ts'
import type { Hole } from './holes.ts'
import type { Placed } from './placed.ts'
import { causeText, directionOf, momentText, SESSION_WORDS, whenText } from './wording.ts'

/** A browser lays out no more rows without a wait. */
const ROWS_MAX = 5000
/** More rows are laid out once a second, not with every trade. */
const ROWS_MANY = 300
const WAIT_MS = 1000

export type TableProps = {
  readonly symbol: string
  readonly interval: Interval
  readonly zone: Zone
  readonly bars: readonly Placed[]
  readonly holes: readonly Hole[]
}

/** The whole loaded history as tables, newest first; each row has the exact numbers as data attributes. */
export function ChartTable({ symbol, interval, zone, bars: latest, holes }: TableProps) {
  const bars = useUnhurried(latest)
  // Rows of bars that did not change are not made again.
  const made = useMemo(() => new WeakMap<Placed, VNode>(), [interval, zone])
  const rowOf = (placed: Placed) => {
    const known = made.get(placed)
    if (known !== undefined) return known
    const row = <BarRow key={keyOf(placed.bar)} placed={placed} interval={interval} zone={zone} />
    made.set(placed, row)
    return row
  }
  const shown = bars.slice(-ROWS_MAX).toReversed()
  const where = interval === '1d' ? 'trading dates' : `${zoneLabel(zone)} time`
  return (
    <div class="chart-tables">
      {bars.length > shown.length && (
        <p>
          The last {showCount(shown.length)} of {showCount(bars.length)} loaded bars.
        </p>
      )}
      <div class="chart-table-box" tabIndex={0} role="region" aria-label={`Bars of ${symbol}`}>
        <table class="table chart-bars" data-bars={shown.length}>
          <caption>
            Bars of {symbol}, {interval}, {where}, newest first
          </caption>
          <thead>
            <tr>
              {HEADS.map((head) => (
                <th key={head} scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>{shown.map(rowOf)}</tbody>
        </table>
      </div>
      <GapTable symbol={symbol} zone={zone} holes={holes} />
    </div>
  )
}

/** The bars as they were at most so long ago: the first and the last of many changes. */
function useUnhurried(latest: readonly Placed[]): readonly Placed[] {
  const shown = useSignal(latest)
  const newest = useRef(latest)
  newest.current = latest
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null)
  useEffect(() => {
    if (latest === shown.peek() || timer.current !== null) return
    const waitMs = latest.length > ROWS_MANY ? WAIT_MS : 0
    timer.current = setTimeout(() => {
      timer.current = null
      shown.value = newest.current
    }, waitMs)
  }, [latest, shown])
  useEffect(() => () => clearTimeout(timer.current ?? undefined), [])
  return shown.value
}

const HEADS = [
  'Time',
  'Session',
  'Open',
  'High',
  'Low',
  'Close',
  'Move',
  'Volume',
  'Trades',
  'VWAP',
]
const keyOf = ({ bucket, session }: Bar) => `${bucket} ${session}`
const raw = (value: number | null) => (value === null ? '' : String(value))

type RowProps = { readonly placed: Placed; readonly interval: Interval; readonly zone: Zone }

function BarRow({ placed: { bar, timeMs }, interval, zone }: RowProps) {
  return (
    <tr
      data-bucket={bar.bucket}
      data-session={bar.session}
      data-open={raw(bar.open)}
      data-high={raw(bar.high)}
      data-low={raw(bar.low)}
      data-close={raw(bar.close)}
      data-volume={raw(bar.volume)}
      data-trades={raw(bar.trades)}
      data-vwap={raw(bar.vwap)}
    >
      <th scope="row">{whenText(timeMs, interval, zone)}</th>
      <td>{SESSION_WORDS[bar.session]}</td>
      <td>{showPrice(bar.open)}</td>
      <td>{showPrice(bar.high)}</td>
      <td>{showPrice(bar.low)}</td>
      <td>{showPrice(bar.close)}</td>
      <td>{directionOf(bar) ?? '–'}</td>
      <td>{showVolume(bar.volume)}</td>
      <td>{showCount(bar.trades)}</td>
      <td>{showPrice(bar.vwap)}</td>
    </tr>
  )
}

function GapTable({ symbol, zone, holes }: Pick<TableProps, 'symbol' | 'zone' | 'holes'>) {
  return (
    <div class="chart-table-box" tabIndex={0} role="region" aria-label={`Gaps of ${symbol}`}>
      <table class="table chart-holes">
        <caption>
          {holes.length === 0 ? 'No gaps' : 'Gaps'} in what is loaded, {zoneLabel(zone)} time
        </caption>
        <thead>
          <tr>
            {['From', 'To', 'Length', 'Cause', 'Symbols'].map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {holes.toReversed().map((hole) => (
            <tr
              key={`${hole.fromMs} ${hole.cause} ${hole.symbols.join()}`}
              data-from={new Date(hole.fromMs).toISOString()}
              data-to={new Date(hole.toMs).toISOString()}
              data-cause={hole.cause}
              data-open={String(hole.open)}
            >
              <th scope="row">{momentText(hole.fromMs, zone)}</th>
              <td>{hole.open ? 'still open' : momentText(hole.toMs, zone)}</td>
              <td>{showSpan((hole.toMs - hole.fromMs) / 1000)}</td>
              <td>{causeText(hole)}</td>
              <td>{hole.symbols.length === 0 ? 'all' : hole.symbols.join(', ')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
