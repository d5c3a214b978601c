import type { SymbolRow } from '../../../../src/serve/contract/market.ts'

/** Columns of the watch list that sort; `trades`, the most traded first, is how it begins. */
export const COLUMNS = ['symbol', 'last', 'change', 'volume', 'rate', 'age'] as const
export type Column = (typeof COLUMNS)[number]
export type Sort = { readonly by: Column | 'trades'; readonly descending: boolean }

export const MOST_TRADED: Sort = { by: 'trades', descending: true }

/** What another press on a column's heading means: its natural direction, the other one, how the list began. */
export function pressed({ by, descending }: Sort, column: Column): Sort {
  const first = column !== 'symbol' && column !== 'age'
  if (by !== column) return { by: column, descending: first }
  return descending === first ? { by, descending: !first } : MOST_TRADED
}

/** Symbols in the order of `sort`; what has no value is last either way, and equals are by name. */
export function ordered(rows: readonly SymbolRow[], sort: Sort): readonly string[] {
  const { by, descending } = sort
  if (by === 'symbol') {
    const names = rows.map(({ symbol }) => symbol).sort(byName)
    return descending ? names.toReversed() : names
  }
  const keyed = rows.map((row) => ({ symbol: row.symbol, key: keyOf(row, by) }))
  keyed.sort((a, b) => byKey(a.key, b.key, descending) || byName(a.symbol, b.symbol))
  return keyed.map(({ symbol }) => symbol)
}

/** The order kept for a list that may have gained and lost symbols: who stays keeps their place, others follow. */
export function keptOrder(before: readonly string[], names: readonly string[]): readonly string[] {
  const now = new Set(names)
  const known = new Set(before)
  return [...before.filter((name) => now.has(name)), ...names.filter((name) => !known.has(name))]
}

function keyOf(row: SymbolRow, by: Exclude<Sort['by'], 'symbol'>): number | null {
  switch (by) {
    case 'trades':
      return row.trades
    case 'last':
      return row.last
    case 'change':
      return row.change_percent
    case 'volume':
      return row.volume
    case 'rate':
      return row.trades_per_second
    case 'age':
      return row.last_at === null ? null : -Date.parse(row.last_at)
    default:
      return by satisfies never
  }
}

function byKey(a: number | null, b: number | null, descending: boolean): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null)
  return descending ? b - a : a - b
}

const byName = (a: string, b: string): number => (a < b ? -1 : Number(a > b))
