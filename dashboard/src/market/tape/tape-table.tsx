import type { RefObject } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { showCount } from '../../format.ts'
import { zone, zoneLabel } from '../../zone.ts'
import { conditions } from './conditions.ts'
import type { Following } from './follow.ts'
import { olderSql } from './missed.ts'
import { QueryLink } from './query-link.tsx'
import { moveStop, placeStop } from './stops.ts'
import { SHOWN_MAX } from './tape.ts'
import { countOfColumns, TapeRow, type Columns } from './trade-row.tsx'
import { windowOf, type Box } from './window.ts'

/** Height of a row, as market.css has it: in the page's own unit, so that larger text makes larger rows. */
const ROW_REM = 1.75
/** Further down than so many rows is away from the newest. */
const AWAY_ROWS = 0.5
/** Older trades are asked for when so many rows are left below. */
const AHEAD_ROWS = 15

type Props = {
  readonly box: RefObject<HTMLDivElement | null>
  readonly following: Following
  readonly symbol: string
  /** The reader has left the newest trade, by scroll or focus, or come back to it. */
  readonly onAway: (isAway: boolean) => void
}

/** The rows near the view, in a box that scrolls. */
export function TapeTable({ box, following, symbol, onAway }: Props) {
  const [view, setView] = useState<Box>({ scrollTop: 0, height: 600, rowPx: 28 })
  const body = useRef<HTMLTableSectionElement>(null)
  const rows = following.tape.rows()
  const { first, next, abovePx, belowPx } = windowOf(rows.length, view)
  const look = () => {
    const { current } = box
    if (current === null) return
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize)
    const { scrollTop, clientHeight: height } = current
    const seen = { scrollTop, height, rowPx: rem * ROW_REM }
    setView((before) => (isSame(before, seen) ? before : seen))
    const onStop = body.current?.contains(document.activeElement) === true
    onAway(scrollTop > AWAY_ROWS * seen.rowPx || onStop)
  }
  useLayoutEffect(look, [])
  useResize(box, look)
  useLayoutEffect(() => {
    if (body.current !== null) placeStop(body.current)
    const left = rows.length * view.rowPx - view.scrollTop - view.height
    if (following.heard() && following.fault() === null && left < AHEAD_ROWS * view.rowPx)
      following.readOn()
  })
  const columns: Columns = { symbol, known: conditions.value }
  return (
    // The box scrolls, so the keyboard must reach it even where no row has anything to press.
    <div
      ref={box}
      class="scroll tape-box"
      role="region"
      aria-label="Trades, newest first"
      tabindex={0}
      onScroll={look}
      onFocusIn={look}
      onFocusOut={() => requestAnimationFrame(look)}
    >
      <table class={`table tape-table${symbol === '' ? ' tape-all' : ''}`} aria-rowcount={-1}>
        <Head isAll={symbol === ''} />
        <tbody
          ref={body}
          onKeyDown={(event) => {
            if (body.current === null || !moveStop(body.current, event.key)) return
            event.preventDefault()
            placeStop(body.current)
          }}
        >
          <Space px={abovePx} columns={columns} />
          {rows.slice(first, next).map((row, i) => (
            <TapeRow key={row.key} row={row} index={first + i + 2} columns={columns} />
          ))}
          <Space px={belowPx} columns={columns} />
        </tbody>
      </table>
      {next === rows.length && <End following={following} symbol={symbol} />}
    </div>
  )
}

const isSame = (a: Box, b: Box): boolean =>
  a.scrollTop === b.scrollTop && a.height === b.height && a.rowPx === b.rowPx

function Head({ isAll }: { isAll: boolean }) {
  return (
    <thead>
      <tr aria-rowindex={1}>
        <th scope="col" class="tape-time">
          <span class="hidden-text">Time, </span>
          {zoneLabel(zone.value)}
        </th>
        {isAll && (
          <th scope="col" class="tape-symbol">
            Symbol
          </th>
        )}
        <th
          scope="col"
          class="tape-price"
          title="▲ ▼ = against the trade of the same symbol before it in this list"
        >
          Price
        </th>
        <th scope="col" class="tape-size">
          Size
        </th>
        <th scope="col">Conditions</th>
        <th scope="col" class="tape-session">
          <span class="hidden-text">Session</span>
        </th>
      </tr>
    </thead>
  )
}

/** Rows that are not in the page, as a height. */
const Space = ({ px, columns }: { px: number; columns: Columns }) =>
  px === 0 ? null : (
    <tr aria-hidden="true" class="tape-space">
      <td colSpan={countOfColumns(columns)} style={{ height: `${px}px` }} />
    </tr>
  )

/** What is below the last row, where that is in view: its link must not take a Tab down there. */
function End({ following, symbol }: { following: Following; symbol: string }) {
  const fault = following.fault()
  const rows = following.tape.rows()
  const count = rows.length
  const last = rows.findLast((row) => row.kind === 'trade')
  if (fault !== null)
    return (
      <p class="tape-end">
        Older trades could not be read: {fault.message}. {fault.remedy}{' '}
        <button type="button" onClick={following.readOn}>
          Try again
        </button>
      </p>
    )
  if (following.asking()) return <p class="tape-end">Reading older trades…</p>
  if (count >= SHOWN_MAX && last !== undefined)
    return (
      <p class="tape-end">
        The tape shows {showCount(SHOWN_MAX)}.{' '}
        <QueryLink sql={olderSql(last.trade, symbol)} isStop={false}>
          Query older ones
        </QueryLink>
      </p>
    )
  if (following.tape.older() !== null) return null
  return <p class="tape-end">{count === 0 ? 'No trades.' : 'No older trades.'}</p>
}

function useResize(box: RefObject<HTMLElement | null>, look: () => void): void {
  const latest = useRef(look)
  latest.current = look
  useLayoutEffect(() => {
    const observer = new ResizeObserver(() => latest.current())
    if (box.current !== null) observer.observe(box.current)
    return () => observer.disconnect()
  }, [box])
}
