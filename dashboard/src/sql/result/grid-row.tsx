import type { JSX } from 'preact'
import type { Column } from '../../../../src/serve/contract/sql.ts'
import { typeText, valueText, type Kind } from './kinds.ts'
import type { Row } from './rows.ts'
import { boxOf, isIn, type Selection } from './selection.ts'
import { ROW_PX } from './use-view.ts'
import { widthOf, type Layout } from './widths.ts'

/** More of a text is not seen in a cell, and slow to lay out. */
const SHOWN_CHARS = 200
/** A longer title covers the page; the line below the grid has the whole. */
const TITLE_CHARS = 2000

type Placed = {
  /** The columns that are to be drawn. */
  readonly places: readonly number[]
  readonly layout: Layout
  readonly kinds: readonly Kind[]
}

const spot = ({ lefts }: Layout, column: number) => {
  const [left = 0, right = 0] = lefts.slice(column, column + 2)
  return { left: `${left}px`, width: `${right - left}px` }
}

export function GridHead(props: Placed & { readonly columns: readonly Column[] }): JSX.Element {
  const { columns, places, layout, kinds } = props
  return (
    <div role="rowgroup" class="grid-head" style={{ width: `${widthOf(layout)}px` }}>
      <div role="row" aria-rowindex={1} class="grid-line">
        {places.map((i) => (
          <div
            key={i}
            role="columnheader"
            aria-colindex={i + 1}
            class={kinds[i] === 'number' ? 'grid-name is-number' : 'grid-name'}
            style={spot(layout, i)}
            title={`${columns[i]?.name}: ${columns[i]?.type}`}
          >
            <span>{columns[i]?.name}</span>
            <span class="grid-type">{typeText(columns[i]?.type ?? '')}</span>
          </div>
        ))}
      </div>
    </div>
  )
}

type RowProps = Placed & {
  readonly row: number
  readonly values: Row
  readonly selection: Selection
}

export function GridRow({ row, values, places, layout, kinds, selection }: RowProps): JSX.Element {
  const box = boxOf(selection)
  const { at } = selection
  return (
    <div
      role="row"
      aria-rowindex={row + 2}
      class={row % 2 === 0 ? 'grid-line' : 'grid-line is-odd'}
      style={{ top: `${row * ROW_PX}px` }}
    >
      {places.map((column) => (
        <div
          key={column}
          role="gridcell"
          aria-colindex={column + 1}
          aria-selected={isIn(box, { row, column })}
          tabIndex={at.row === row && at.column === column ? 0 : -1}
          data-row={row}
          data-column={column}
          class={cellClass(kinds[column], values[column])}
          style={spot(layout, column)}
          {...textOf(values[column], layout.chars[column] ?? 0)}
        />
      ))}
    </div>
  )
}

function cellClass(kind: Kind | undefined, value: unknown): string {
  const isNull = value === null || value === undefined
  return `grid-cell${kind === 'number' ? ' is-number' : ''}${isNull ? ' is-null' : ''}`
}

/** What does not fit is cut by the style sheet; its title has more. */
function textOf(
  value: unknown,
  room: number,
): { readonly title?: string; readonly children: string } {
  const text = valueText(value)
  if (text.length <= room && !text.includes('\n')) return { children: text }
  return { title: cut(text, TITLE_CHARS), children: cut(text, SHOWN_CHARS) }
}

const cut = (text: string, chars: number): string =>
  text.length <= chars ? text : `${text.slice(0, chars)}…`
