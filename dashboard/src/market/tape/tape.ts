import type { Trade, TradesAnswer } from '../../../../src/serve/contract/market.ts'
import {
  countOf,
  keyOf,
  shortened,
  tickOf,
  withOlder,
  type Missed,
  type Row,
  type Tick,
} from './row.ts'

/** Rows in view or a scroll away; older ones are asked for again. */
export const SHOWN_MAX = 1500
/** Rows kept while the tape is paused; beyond, they are counted. With the above 2,000 in memory. */
export const PENDING_MAX = 500
/** Symbols whose last price is known, for the tick; the one longest without a trade goes. */
const PRICES_MAX = 10_000
/** Times of trades are a little out of order: where older ones begin is looked for in so many of the last rows. */
const DISORDER_ROWS = 50

type Batch = { readonly trades: readonly Trade[]; readonly skipped: number }
type Away = { readonly updates: number | null }

/** Where older trades are to be asked for: before this, null: from the newest on. */
export type Older = { readonly before: string | null }

export type Tape = {
  /** Newest first, at most SHOWN_MAX; another array after each change. */
  rows(): readonly Row[]
  /** Came while the tape was held, skipped ones too. */
  fresh(): number
  held(): boolean
  /** A batch of the stream, oldest first. What is known from before is left out. */
  take(batch: Batch): void
  /** The stream was interrupted: unless the next batch overlaps what is known, a row will say so. */
  interrupt(away: Away): void
  hold(): void
  release(): void
  /** What to ask for to go on below; null: no more, or no more room. */
  older(): Older | null
  /** The answer to that, newest first. Ask one at a time. */
  takeOlder(answer: Pick<TradesAnswer, 'trades' | 'next'>): void
}

/** What the stream told begins here: its earliest time, and of each partition its lowest offset. */
type Floor = { readonly tsMs: number; readonly offsets: ReadonlyMap<string, number> }
const NO_FLOOR: Floor = { tsMs: Infinity, offsets: new Map() }

type Kept = {
  rows: readonly Row[]
  pending: readonly Row[]
  fresh: number
  held: boolean
  away: Away | null
  /** Of the last answer; undefined: there was none. */
  next: string | null | undefined
  floor: Floor
  notes: number
  readonly known: Set<string>
  readonly prices: Map<string, number>
}

/** The trades in view and those that wait, without end and with bounded memory. */
export function createTape(): Tape {
  const kept = nothing()
  return {
    rows: () => kept.rows,
    fresh: () => kept.fresh,
    held: () => kept.held,
    take: (batch) => add(kept, batch),
    interrupt: ({ updates }) => {
      const before = kept.away?.updates ?? 0
      kept.away = { updates: updates === null ? null : before + updates }
    },
    hold: () => void (kept.held = true),
    release: () => {
      show(kept, [...kept.pending, ...kept.rows])
      kept.pending = []
      kept.fresh = 0
      kept.held = false
    },
    older: () => (isFull(kept) ? null : olderOf(kept)),
    takeOlder: ({ trades, next }) => {
      const room = SHOWN_MAX - kept.rows.length
      if (kept.next === undefined) kept.floor = floorOf(kept)
      const found = trades.filter((trade) => isOlder(kept, trade)).slice(0, room)
      for (const trade of found) kept.known.add(keyOf(trade))
      kept.rows = withOlder(kept.rows, found)
      kept.next = next
    },
  }
}

const nothing = (): Kept => ({
  rows: [],
  pending: [],
  fresh: 0,
  held: false,
  away: null,
  next: undefined,
  floor: NO_FLOOR,
  notes: 0,
  known: new Set(),
  prices: new Map(),
})

const isFull = ({ rows }: Kept): boolean => rows.length >= SHOWN_MAX

function add(kept: Kept, batch: Batch): void {
  const trades = unknown(kept.known, batch.trades)
  const overlaps = trades.length < batch.trades.length
  const skipped = batch.trades[0] === trades[0] ? batch.skipped : 0
  const newest = kept.pending.find(isTrade) ?? kept.rows.find(isTrade)
  const [first] = trades
  const built: Row[] = []
  if (kept.away !== null && batch.trades.length > 0) {
    if (!overlaps && newest !== undefined && first !== undefined)
      built.push(missedRow(kept, { ...kept.away, from: newest.trade, to: first }))
    kept.away = null
  }
  if (skipped > 0) built.push({ kind: 'more', key: `more ${kept.notes++}`, count: skipped })
  for (const trade of trades) {
    const key = keyOf(trade)
    if (kept.known.has(key)) continue
    kept.known.add(key)
    built.push({ kind: 'trade', key, trade, tick: tick(kept.prices, trade) })
  }
  if (built.length === 0) return
  built.reverse()
  if (!kept.held) return show(kept, [...built, ...kept.rows])
  kept.fresh += built.reduce((sum, row) => sum + countOf(row), 0)
  const all = [...built, ...kept.pending]
  kept.pending = shortened(all, PENDING_MAX)
  if (kept.pending !== all) forget(kept, all.slice(PENDING_MAX - 2))
}

/** Those that are not known. What lies before a known one of its partition was known too, though it may have been cut. */
function unknown(known: ReadonlySet<string>, trades: readonly Trade[]): readonly Trade[] {
  const reached = new Map<string, number>()
  for (const trade of trades) {
    const { partition, offset } = placeOf(trade.id)
    if (known.has(keyOf(trade)))
      reached.set(partition, Math.max(offset, reached.get(partition) ?? offset))
  }
  return trades.filter(({ id }) => {
    const { partition, offset } = placeOf(id)
    return offset > (reached.get(partition) ?? -1)
  })
}

const placeOf = (id: string) => {
  const colon = id.indexOf(':')
  return { partition: id.slice(0, colon), offset: Number(id.slice(colon + 1)) }
}

function floorOf({ rows }: Kept): Floor {
  const offsets = new Map<string, number>()
  let tsMs = Infinity
  for (const { trade } of rows.filter(isTrade)) {
    const { partition, offset } = placeOf(trade.id)
    offsets.set(partition, Math.min(offset, offsets.get(partition) ?? offset))
    tsMs = Math.min(tsMs, Date.parse(trade.ts))
  }
  return { tsMs, offsets }
}

/** Not one of those in between that were skipped or missed, which are of the times of the others. */
function isOlder({ known, floor }: Kept, trade: Trade): boolean {
  if (known.has(keyOf(trade))) return false
  const { partition, offset } = placeOf(trade.id)
  return Date.parse(trade.ts) < floor.tsMs || offset < (floor.offsets.get(partition) ?? Infinity)
}

function show(kept: Kept, all: readonly Row[]): void {
  kept.rows = all.slice(0, SHOWN_MAX)
  if (all.length <= SHOWN_MAX) return
  forget(kept, all.slice(SHOWN_MAX))
}

function forget({ known }: Kept, rows: readonly Row[]): void {
  for (const row of rows) known.delete(row.key)
}

const isTrade = (row: Row): row is Extract<Row, { kind: 'trade' }> => row.kind === 'trade'

const missedRow = (kept: Kept, missed: Missed): Row => ({
  kind: 'missed',
  key: `missed ${kept.notes++}`,
  missed,
})

function tick(prices: Map<string, number>, { symbol, price }: Trade): Tick {
  const found = tickOf(prices.get(symbol), price)
  prices.delete(symbol)
  prices.set(symbol, price)
  const [longest] = prices.size > PRICES_MAX ? prices.keys() : []
  if (longest !== undefined) prices.delete(longest)
  return found
}

/** Before the first answer: just after the latest of the last rows, so that none of that moment is left out. */
function olderOf({ rows, next }: Kept): Older | null {
  if (next === null) return null
  if (next !== undefined) return { before: next }
  const tail = rows.slice(rows.findLastIndex((row) => !isTrade(row)) + 1)
  const last = tail.length === 0 ? rows : tail
  const times = last
    .slice(-DISORDER_ROWS)
    .filter(isTrade)
    .map(({ trade }) => Date.parse(trade.ts))
  const before = times.length === 0 ? null : new Date(Math.max(...times) + 1).toISOString()
  return { before }
}
