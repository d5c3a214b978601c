import type { JSX } from 'preact'
import type { Column } from '../../../../src/serve/contract/sql.ts'
import { showCount } from '../../format.ts'
import { typeText, valueText } from './kinds.ts'
import { cellsIn, type Box } from './selection.ts'

export type CellLineProps = {
  readonly column: Column | undefined
  readonly row: number
  readonly value: unknown
  readonly selected: Box
}

/** The whole of the cell that is chosen, to read and to select from. */
export function CellLine({ column, row, value, selected }: CellLineProps): JSX.Element {
  const cells = cellsIn(selected)
  return (
    <div class="cell-line" role="group" aria-label="The chosen cell">
      <p class="muted small">
        Row {showCount(row + 1)}, <b>{column?.name}</b> {typeText(column?.type ?? '')}
        {cells > 1 && <> · {showCount(cells)} cells selected</>}
      </p>
      <pre class={value === null ? 'is-null' : undefined} tabIndex={0}>
        {valueText(value)}
      </pre>
    </div>
  )
}
