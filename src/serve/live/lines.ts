import type { Clock } from '../../flow/clock.ts'
import type { Trades } from '../../market/trades.ts'
import type { SymbolRow } from '../contract/market.ts'
import {
  addDay,
  addToSpark,
  addTrade,
  countArrival,
  emptyLine,
  isQuiet,
  rateOf,
  rowOf,
  type Line,
} from './line.ts'
import { SYMBOLS_MAX, type WatchSeed } from './watch-seed.ts'

/** The list is ranked anew at most so often, ms. */
const RANKED_MS = 500

/** Every line, by its symbol; each change is numbered, so that a list tells what is new. */
export function createLines(clock: Clock) {
  const all = new Map<string, Line>()
  const busy = new Set<Line>()
  const texts = createTexts(clock)
  let changes = 0
  const lineOf = (symbol: string): Line | null => {
    const known = all.get(symbol)
    if (known !== undefined || all.size >= SYMBOLS_MAX) return known ?? null
    const fresh = emptyLine(symbol)
    all.set(symbol, fresh)
    return fresh
  }
  const look = createLookUp(lineOf)
  const ranked = createRanked(all, clock)
  const touch = (line: Line) => void (line.changed = ++changes)
  return {
    all,
    changes: () => changes,
    clear: () => {
      for (const held of [all, busy]) held.clear()
      texts.forget()
      look.forget()
      ranked.forget()
    },
    addSeed: ({ days, minutes }: WatchSeed) => {
      // Where there are too many, the most traded are kept.
      for (const { symbol, sum } of days.toSorted((a, b) => b.sum.trades - a.sum.trades)) {
        const line = lineOf(symbol)
        if (line === null) continue
        addDay(line, sum)
        touch(line)
      }
      for (const { symbol, place } of minutes.toSorted((a, b) => a.place.timeMs - b.place.timeMs)) {
        const line = all.get(symbol)
        if (line !== undefined) addToSpark(line, place)
      }
    },
    arrived: (trades: Trades, row: number) => {
      const line = look.of(trades, row)
      if (line === null) return
      countArrival(line, trades.run.receivedMs[row] ?? 0)
      busy.add(line)
    },
    add: (trades: Trades, row: number) => {
      const line = look.of(trades, row)
      if (line === null) return
      addTrade(line, trades, row)
      touch(line)
    },
    /** A rate falls by itself when nothing comes. */
    slowDown: () => {
      const nowMs = clock.now()
      for (const line of busy) {
        const rate = rateOf(line, nowMs)
        if (rate !== line.rate) touch(line)
        line.rate = rate
        if (rate === 0 && isQuiet(line, nowMs)) busy.delete(line)
      }
    },
    /** Those of `symbols` that changed after the change of this number. */
    say: (symbols: readonly string[], since: number): readonly string[] => {
      const told = symbols.flatMap((symbol) => all.get(symbol) ?? [])
      const rows = told.filter(({ changed }) => changed > since).map(texts.of)
      return rows.length === 0 ? [] : [`{"kind":"list","rows":[${rows.join(',')}]}`]
    },
    rows: ranked.rows,
  }
}

/** Each line as JSON, made once for each change. */
function createTexts(clock: Clock) {
  const texts = new Map<Line, { readonly changed: number; readonly text: string }>()
  return {
    forget: () => texts.clear(),
    of: (line: Line): string => {
      const known = texts.get(line)
      if (known?.changed === line.changed) return known.text
      const text = JSON.stringify(rowOf(line, clock.now()))
      texts.set(line, { changed: line.changed, text })
      return text
    },
  }
}

/** The most traded first. */
function createRanked(all: ReadonlyMap<string, Line>, clock: Clock) {
  let ranked: { readonly rows: readonly SymbolRow[]; readonly atMs: number } | null = null
  return {
    forget: () => void (ranked = null),
    rows: (): readonly SymbolRow[] => {
      const nowMs = clock.now()
      if (ranked === null || Math.abs(nowMs - ranked.atMs) > RANKED_MS) {
        const most = [...all.values()].toSorted((a, b) => b.trades - a.trades)
        ranked = { rows: most.map((line) => rowOf(line, nowMs)), atMs: nowMs }
      }
      return ranked.rows
    },
  }
}

/** Lines by the id that a run gives its symbols, which means something for as long as its dictionary lives. */
function createLookUp(lineOf: (symbol: string) => Line | null) {
  let names: readonly string[] | null = null
  let byId: (Line | null)[] = []
  return {
    of: ({ symbols, symbol }: Trades, row: number): Line | null => {
      if (symbols !== names) [names, byId] = [symbols, []]
      const id = symbol[row] ?? 0
      const known = byId[id]
      if (known !== undefined) return known
      const found = lineOf(symbols[id] ?? '')
      byId[id] = found
      return found
    },
    forget: () => void (names = null),
  }
}
