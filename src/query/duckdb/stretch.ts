import type { Wanted } from '../../lake/lake.ts'

const MICROS = 1000 // µs a ms

/** What a condition leaves of a table's rows: symbols (null: any), and times [from, to) in µs since 1970 UTC. */
export type Stretch = {
  readonly symbols: ReadonlySet<string> | null
  readonly from: number
  readonly to: number
}

export const EVERYTHING: Stretch = {
  symbols: null,
  from: Number.NEGATIVE_INFINITY,
  to: Number.POSITIVE_INFINITY,
}
export const NOTHING: Stretch = { symbols: new Set(), from: 0, to: 0 }

export const ofSymbols = (symbols: readonly string[]): Stretch => ({
  ...EVERYTHING,
  symbols: new Set(symbols),
})

/** Rows in both. */
export const intersect = (a: Stretch, b: Stretch): Stretch => ({
  symbols: common(a.symbols, b.symbols),
  from: Math.max(a.from, b.from),
  to: Math.min(a.to, b.to),
})

type Symbols = Stretch['symbols']
const common = (a: Symbols, b: Symbols): Symbols => {
  if (a === null || b === null) return a ?? b
  return new Set([...a].filter((symbol) => b.has(symbol)))
}

/** At least the rows in either. */
export function unite(a: Stretch, b: Stretch): Stretch {
  if (isEmpty(a)) return b
  if (isEmpty(b)) return a
  return {
    symbols:
      a.symbols === null || b.symbols === null ? null : new Set([...a.symbols, ...b.symbols]),
    from: Math.min(a.from, b.from),
    to: Math.max(a.to, b.to),
  }
}

const isEmpty = ({ symbols, from, to }: Stretch): boolean => symbols?.size === 0 || from >= to

/** As the lake is asked for it: whole milliseconds around it. */
export const wantedOf = ({ symbols, from, to }: Stretch): Wanted => ({
  ...(symbols !== null && { symbols: [...symbols] }),
  ...(Number.isFinite(from) && { fromMs: Math.floor(from / MICROS) }),
  ...(Number.isFinite(to) && { toMs: Math.ceil(to / MICROS) }),
})
