import { valueText } from './kinds.ts'
import type { Rows } from './rows.ts'

export type Place = { readonly row: number; readonly column: number }

/** The cell that has the focus, and the corner from which the selection extends to it. */
export type Selection = { readonly at: Place; readonly from: Place }

/** First and last, both included. */
export type Box = {
  readonly top: number
  readonly bottom: number
  readonly left: number
  readonly right: number
}

/** How large the grid is, and how many rows a page moves. */
export type Extent = { readonly rows: number; readonly columns: number; readonly page: number }

export type Press = {
  readonly key: string
  readonly ctrlKey: boolean
  readonly metaKey: boolean
  readonly shiftKey: boolean
  readonly altKey: boolean
}

export const START: Selection = { at: { row: 0, column: 0 }, from: { row: 0, column: 0 } }

export function boxOf({ at, from }: Selection): Box {
  return {
    top: Math.min(at.row, from.row),
    bottom: Math.max(at.row, from.row),
    left: Math.min(at.column, from.column),
    right: Math.max(at.column, from.column),
  }
}

export const isIn = (box: Box, { row, column }: Place): boolean =>
  row >= box.top && row <= box.bottom && column >= box.left && column <= box.right

export const cellsIn = ({ top, bottom, left, right }: Box): number =>
  (bottom - top + 1) * (right - left + 1)

/** The selection after a key; null: the key does nothing here. */
export function afterPress(selection: Selection, press: Press, extent: Extent): Selection | null {
  const isCtrl = press.ctrlKey || press.metaKey
  if (press.altKey || extent.rows === 0 || extent.columns === 0) return null
  const last = { row: extent.rows - 1, column: extent.columns - 1 }
  if (isCtrl && press.key.toLowerCase() === 'a') return { at: last, from: START.from }
  const next = moved(selection.at, press.key, { isCtrl, last, page: extent.page })
  if (next === null) return null
  const at = {
    row: Math.min(last.row, Math.max(0, next.row)),
    column: Math.min(last.column, Math.max(0, next.column)),
  }
  return { at, from: press.shiftKey ? selection.from : at }
}

type Moving = { readonly isCtrl: boolean; readonly last: Place; readonly page: number }

function moved({ row, column }: Place, key: string, { isCtrl, last, page }: Moving): Place | null {
  switch (key) {
    case 'ArrowUp':
      return { row: isCtrl ? 0 : row - 1, column }
    case 'ArrowDown':
      return { row: isCtrl ? last.row : row + 1, column }
    case 'ArrowLeft':
      return { row, column: isCtrl ? 0 : column - 1 }
    case 'ArrowRight':
      return { row, column: isCtrl ? last.column : column + 1 }
    case 'Home':
      return { row: isCtrl ? 0 : row, column: 0 }
    case 'End':
      return { row: isCtrl ? last.row : row, column: last.column }
    case 'PageUp':
      return isCtrl ? null : { row: row - page, column }
    case 'PageDown':
      return isCtrl ? null : { row: row + page, column }
    default:
      return null
  }
}

/** The selected cells as a spreadsheet takes them: tabs between, lines below; NULL is empty. */
export function copyText(rows: Rows, box: Box): string {
  const isOne = cellsIn(box) === 1
  const lines: string[] = []
  for (let row = box.top; row <= box.bottom; row++) {
    const cells = rows.at(row)?.slice(box.left, box.right + 1) ?? []
    lines.push(cells.map((value) => copied(value, isOne)).join('\t'))
  }
  return lines.join('\n')
}

function copied(value: unknown, isOne: boolean): string {
  if (value === null) return ''
  const text = valueText(value)
  return isOne || !/[\t\n\r"]/.test(text) ? text : `"${text.replaceAll('"', '""')}"`
}
