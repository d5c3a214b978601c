import { valueText } from './kinds.ts'
import type { Row } from './rows.ts'

export type Group = { readonly name: string; readonly rows: readonly Row[] }

/** The rows of each combination of values in these columns, in the order in which they come; no columns: all as one. */
export function groupsOf(rows: readonly Row[], by: readonly number[]): readonly Group[] {
  if (by.length === 0) return [{ name: '', rows }]
  const groups = new Map<string, Row[]>()
  for (const row of rows) {
    const name = nameOf(row, by)
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [row])
    else group.push(row)
  }
  return [...groups].map(([name, rows]) => ({ name, rows }))
}

/** 'AAPL · regular' */
export const nameOf = (row: Row, places: readonly number[]): string =>
  places.map((i) => valueText(row[i])).join(' · ')
