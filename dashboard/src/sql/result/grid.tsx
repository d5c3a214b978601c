import { useSignal, type Signal } from '@preact/signals'
import type { JSX } from 'preact'
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks'
import type { Column } from '../../../../src/serve/contract/sql.ts'
import { announce } from '../../notice.ts'
import { showCount } from '../../format.ts'
import { CellLine } from './cell-line.tsx'
import { GridHead, GridRow } from './grid-row.tsx'
import { kindOf } from './kinds.ts'
import type { Rows } from './rows.ts'
import { afterPress, boxOf, cellsIn, copyText, START, type Selection } from './selection.ts'
import { HEAD_PX, ROW_PX, useView, type View } from './use-view.ts'
import { columnsIn, layoutOf, SIZED_ROWS, widthOf, type Layout } from './widths.ts'

export type GridProps = {
  readonly columns: readonly Column[]
  readonly rows: Rows
  /** As many of them as are to be shown. */
  readonly count: number
  readonly busy: boolean
}

/** Rows and columns as a grid that has in the page only what is seen of it. */
export function Grid({ columns, rows, count, busy }: GridProps): JSX.Element {
  const { box, probe, view, charPx } = useView()
  const sized = Math.min(count, SIZED_ROWS)
  const layout = useMemo(() => layoutOf(columns, rows, charPx), [columns, rows, charPx, sized])
  const selection = useSignal<Selection>(START)
  const aim = useAim({ box: box.current, selection, layout })
  const pointing = usePointing(selection, aim)
  const page = Math.max(1, Math.floor((view.height - HEAD_PX) / ROW_PX) - 1)
  const keydown = (event: KeyboardEvent) => {
    const extent = { rows: count, columns: columns.length, page }
    const next = afterPress(selection.peek(), event, extent)
    if (next === null) return
    event.preventDefault()
    aim(next)
  }
  const kinds = useMemo(() => columns.map(({ type }) => kindOf(type)), [columns])
  const shown = shownOf({ view, layout, count, at: selection.value.at })
  const width = { width: `${widthOf(layout)}px` }
  return (
    <>
      <div
        ref={box}
        class="grid-box scroll"
        role="grid"
        aria-label="Rows of the result"
        aria-rowcount={busy ? -1 : count + 1}
        aria-colcount={columns.length}
        aria-multiselectable="true"
        aria-busy={busy}
        tabIndex={count === 0 ? 0 : undefined}
        onKeyDown={keydown}
        onCopy={(event) => copy(event, rows, selection.peek())}
        {...pointing}
      >
        <span ref={probe} class="grid-probe" aria-hidden="true">
          {PROBE}
        </span>
        <GridHead columns={columns} places={shown.columns} layout={layout} kinds={kinds} />
        <div role="rowgroup" class="grid-body" style={{ ...width, height: `${count * ROW_PX}px` }}>
          {shown.rows.map((row) => (
            <GridRow
              key={row}
              row={row}
              values={rows.at(row) ?? []}
              places={shown.columns}
              layout={layout}
              kinds={kinds}
              selection={selection.value}
            />
          ))}
        </div>
      </div>
      {count > 0 && (
        <CellLine
          column={columns[selection.value.at.column]}
          row={selection.value.at.row}
          value={rows.at(selection.value.at.row)?.[selection.value.at.column]}
          selected={boxOf(selection.value)}
        />
      )}
    </>
  )
}

/** Ctrl+C, wherever the browser has it: unlike the clipboard of scripts it needs no https. */
function copy(event: ClipboardEvent, rows: Rows, selection: Selection): void {
  if (rows.length === 0) return
  const chosen = boxOf(selection)
  event.clipboardData?.setData('text/plain', copyText(rows, chosen))
  event.preventDefault()
  const cells = cellsIn(chosen)
  announce(cells === 1 ? 'Cell copied' : `${showCount(cells)} cells copied`)
}

const PROBE = '0'.repeat(50)

type Showing = {
  readonly view: View
  readonly layout: Layout
  readonly count: number
  readonly at: Selection['at']
}

/** What is in view, and always the cell that has the focus. */
function shownOf({ view, layout, count, at }: Showing) {
  const [first, last] = columnsIn(layout, view.left, view.left + view.width)
  const columns = range(first, last + 1)
  const rows = range(Math.min(view.first, Math.max(0, count - 1)), Math.min(view.next, count))
  return {
    columns: withOne(columns, at.column, layout.lefts.length - 1),
    rows: withOne(rows, at.row, count),
  }
}

const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i)

function withOne(places: readonly number[], one: number, count: number): readonly number[] {
  if (one >= count || places.includes(one)) return places
  return one < (places[0] ?? 0) ? [one, ...places] : [...places, one]
}

type Aiming = {
  readonly box: HTMLElement | null
  readonly selection: Signal<Selection>
  readonly layout: Layout
}

/** Moves the selection, has its cell in view and gives it the focus. */
function useAim({ box, selection, layout }: Aiming): (next: Selection) => void {
  const isWanted = useRef(false)
  const { at } = selection.value
  useLayoutEffect(() => {
    if (!isWanted.current || box === null) return
    isWanted.current = false
    const [left = 0, right = 0] = layout.lefts.slice(at.column, at.column + 2)
    const seenWidth = box.clientWidth
    const seenHeight = box.clientHeight - HEAD_PX
    const top = at.row * ROW_PX
    if (top < box.scrollTop) box.scrollTop = top
    else if (top + ROW_PX > box.scrollTop + seenHeight) box.scrollTop = top + ROW_PX - seenHeight
    if (left < box.scrollLeft || right - left > seenWidth) box.scrollLeft = left
    else if (right > box.scrollLeft + seenWidth) box.scrollLeft = right - seenWidth
    box.querySelector<HTMLElement>('[role=gridcell][tabindex="0"]')?.focus({ preventScroll: true })
  })
  return (next) => {
    isWanted.current = true
    selection.value = next
  }
}

/** A press selects, with Shift or a drag more than one. */
function usePointing(selection: Signal<Selection>, aim: (next: Selection) => void) {
  const isDragging = useRef(false)
  const take = (event: MouseEvent, isMore: boolean) => {
    const cell = event.target instanceof Element ? event.target.closest('[role=gridcell]') : null
    if (!(cell instanceof HTMLElement)) return
    const at = { row: Number(cell.dataset['row']), column: Number(cell.dataset['column']) }
    aim({ at, from: isMore ? selection.peek().from : at })
  }
  return {
    onMouseDown: (event: MouseEvent) => {
      if (event.button !== 0) return
      isDragging.current = true
      take(event, event.shiftKey)
    },
    onMouseOver: (event: MouseEvent) => {
      if ((event.buttons & 1) !== 1) isDragging.current = false
      else if (isDragging.current) take(event, true)
    },
  }
}
