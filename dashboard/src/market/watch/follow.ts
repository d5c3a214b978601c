import { batch, signal, type ReadonlySignal, type Signal } from '@preact/signals'
import type { SymbolRow, SymbolsAnswer } from '../../../../src/serve/contract/market.ts'
import { ApiFault, ask } from '../../api.ts'
import { reconnected, say, told } from '../../socket.ts'

/** Lines shown; others are found by search. */
export const LINES_MAX = 50
/** Which symbols belong in the list is asked anew this often; their numbers come by themselves. */
const REFRESH_MS = 10_000
/** While there is nothing to show: the first trade is waited for. */
const EMPTY_MS = 1000

/** The lines of the watch list, kept up to date until `stop`. */
export type List = {
  /** In the server's order, the most traded first. */
  readonly names: ReadonlySignal<readonly string[]>
  /** How many match the search; null: not answered yet. */
  readonly total: ReadonlySignal<number | null>
  readonly fault: ReadonlySignal<ApiFault | null>
  /** What the names were found by. */
  readonly found: ReadonlySignal<string>
  line(symbol: string): ReadonlySignal<SymbolRow> | undefined
  search(text: string): void
  /** A symbol that is shown whether or not it is among the lines. */
  keep(symbol: string | null): void
  start(): void
  stop(): void
}

export function createList(): List {
  const lines = createLines()
  const names = signal<readonly string[]>([])
  const total = signal<number | null>(null)
  const fault = signal<ApiFault | null>(null)
  const found = signal('')
  let text = ''
  let kept: string | null = null
  let ends: readonly (() => void)[] = []

  const subscribe = () => {
    const shown = names.peek()
    const isMore = kept !== null && !shown.includes(kept)
    say({ kind: 'list', symbols: [...shown, ...(isMore && kept !== null ? [kept] : [])] })
  }
  const take = ({ symbols, total: count }: SymbolsAnswer) => {
    for (const row of symbols) lines.put(row)
    const next = symbols.map(({ symbol }) => symbol)
    lines.keepOnly((name) => name === kept || next.includes(name))
    const isSame = next.join('\0') === names.peek().join('\0')
    batch(() => {
      if (!isSame) names.value = next
      total.value = count
      fault.value = null
      found.value = text
    })
    if (!isSame) subscribe()
  }
  const asking = createAsking({
    params: () => ({ search: text === '' ? undefined : text, limit: LINES_MAX }),
    take,
    fail: (failed) => void (fault.value = failed),
    waitMs: () => (names.peek().length === 0 ? EMPTY_MS : REFRESH_MS),
  })
  return {
    names,
    total,
    fault,
    found,
    line: lines.get,
    search: (wanted) => {
      if (wanted === text) return
      text = wanted
      asking.now()
    },
    keep: (symbol) => {
      if (symbol === kept) return
      kept = symbol
      subscribe()
    },
    start: () => {
      const hear = told('list', ({ rows }) => {
        for (const row of rows) if (row.symbol === kept || lines.has(row.symbol)) lines.put(row)
      })
      ends = [hear, reconnected.subscribe(asking.now)]
    },
    stop: () => {
      for (const end of ends) end()
      asking.stop()
      say({ kind: 'list', symbols: [] })
    },
  }
}

function createLines() {
  const lines = new Map<string, Signal<SymbolRow>>()
  const added = signal(0)
  return {
    has: (symbol: string) => lines.has(symbol),
    /** Whoever looks for a line that is not there is drawn again when it comes. */
    get: (symbol: string): ReadonlySignal<SymbolRow> | undefined => {
      void added.value
      return lines.get(symbol)
    },
    put: (row: SymbolRow): void => {
      const line = lines.get(row.symbol)
      if (line !== undefined) line.value = row
      else {
        lines.set(row.symbol, signal(row))
        added.value++
      }
    },
    keepOnly: (isKept: (symbol: string) => boolean): void => {
      for (const name of lines.keys()) if (!isKept(name)) lines.delete(name)
    },
  }
}

type Asking = {
  readonly params: () => Readonly<Record<string, string | number | undefined>>
  readonly take: (answer: SymbolsAnswer) => void
  readonly fail: (fault: ApiFault) => void
  /** Until it is asked again by itself. */
  readonly waitMs: () => number
}

/** Asks again and again; an answer that another question has overtaken is not taken. */
function createAsking({ params, take, fail, waitMs }: Asking) {
  let timer: ReturnType<typeof setTimeout> | undefined
  let aborting = new AbortController()
  const stop = () => {
    clearTimeout(timer)
    aborting.abort()
  }
  const now = () => {
    stop()
    aborting = new AbortController()
    void refresh(aborting.signal)
  }
  const refresh = async (mine: AbortSignal): Promise<void> => {
    try {
      take(await ask<SymbolsAnswer>('/api/symbols', { params: params(), signal: mine }))
    } catch (error) {
      if (mine.aborted) return
      if (!(error instanceof ApiFault)) throw error
      fail(error)
    }
    timer = setTimeout(now, waitMs())
  }
  return { now, stop }
}
