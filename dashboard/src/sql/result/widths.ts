import type { Column } from '../../../../src/serve/contract/sql.ts'
import { typeText, valueText } from './kinds.ts'
import type { Rows } from './rows.ts'

/** Columns are as wide as these rows need; all of them would be slow and hold up the first. */
export const SIZED_ROWS = 300
/** Wider than the longest moment with nanoseconds; longer text is cut, and whole below the grid. */
const CHARS_MAX = 40
const CHARS_MIN = 4
/** Padding and the line between columns. */
const AROUND_PX = 17

/** Where the columns stand: `lefts` has one more than there are columns, the width of all. */
export type Layout = {
  readonly lefts: readonly number[]
  /** How long a text each of them has room for. */
  readonly chars: readonly number[]
}

export function layoutOf(columns: readonly Column[], rows: Rows, charPx: number): Layout {
  const lefts = [0]
  const room: number[] = []
  columns.forEach(({ name, type }, i) => {
    let chars = Math.max(CHARS_MIN, name.length, typeText(type).length)
    for (let row = 0; row < Math.min(rows.length, SIZED_ROWS) && chars < CHARS_MAX; row++)
      chars = Math.max(chars, valueText(rows.at(row)?.[i]).length)
    const fitting = Math.min(chars, CHARS_MAX)
    const width = Math.ceil(fitting * charPx) + AROUND_PX
    room.push(fitting)
    lefts.push((lefts.at(-1) ?? 0) + width)
  })
  return { lefts, chars: room }
}

export const widthOf = ({ lefts }: Layout): number => lefts.at(-1) ?? 0

/** The first and the last column, both included, that are seen between two places; last < first: none. */
export function columnsIn(
  { lefts }: Layout,
  fromPx: number,
  toPx: number,
): readonly [number, number] {
  const count = lefts.length - 1
  let first = 0
  while (first < count - 1 && (lefts[first + 1] ?? 0) <= fromPx) first++
  let last = first
  while (last < count - 1 && (lefts[last + 1] ?? 0) < toPx) last++
  return [first, count === 0 ? -1 : last]
}
