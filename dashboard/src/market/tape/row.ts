import type { Trade } from '../../../../src/serve/contract/market.ts'

/** Against the trade of the same symbol before it in the list; null: there is none before it. */
export type Tick = 'up' | 'down' | 'same' | null

/** A row of the trade tape. `more`: so many came here that are not shown. `missed`: the page was not listening. */
export type Row =
  | {
      readonly kind: 'trade'
      readonly key: string
      readonly trade: Trade
      readonly tick: Tick
    }
  | { readonly kind: 'more'; readonly key: string; readonly count: number }
  | { readonly kind: 'missed'; readonly key: string; readonly missed: Missed }

/** Trades that are not in the list: came between these two, which are in it. */
export type Missed = {
  /** Batches that the server did not send; null: the connection was lost. */
  readonly updates: number | null
  readonly from: Trade
  readonly to: Trade
}

export const tickOf = (before: number | undefined, price: number): Tick => {
  if (before === undefined) return null
  if (price === before) return 'same'
  return price > before ? 'up' : 'down'
}

/** A place on a tape and its time: another tape, with the same places, does not have both. */
export const keyOf = ({ id, ts }: Trade): string => `${id} ${ts}`

/** Trades that a row stands for. */
export const countOf = (row: Row): number => {
  if (row.kind === 'trade') return 1
  return row.kind === 'more' ? row.count : 0
}

/** Older trades (newest first) below `rows`; those of `rows` that had nothing before them get their tick. */
export function withOlder(rows: readonly Row[], older: readonly Trade[]): readonly Row[] {
  const prices = new Map<string, number>()
  const below: Row[] = older
    .toReversed()
    .map((trade): Row => {
      const tick = tickOf(prices.get(trade.symbol), trade.price)
      prices.set(trade.symbol, trade.price)
      return { kind: 'trade', key: keyOf(trade), trade, tick }
    })
    .toReversed()
  const above = rows
    .toReversed()
    .map((row): Row => {
      if (row.kind !== 'trade') return row
      const before = prices.get(row.trade.symbol)
      prices.delete(row.trade.symbol)
      return row.tick === null ? { ...row, tick: tickOf(before, row.trade.price) } : row
    })
    .toReversed()
  return [...above, ...below]
}

/** The newest rows up to `max`; what was cut is one row at the end, so that nothing goes unsaid. */
export function shortened(rows: readonly Row[], max: number): readonly Row[] {
  if (rows.length <= max) return rows
  const kept = rows.slice(0, max - 2)
  const cut = rows.slice(max - 2)
  const missed = cut.find(({ kind }) => kind === 'missed')
  const count = cut.reduce((sum, row) => sum + countOf(row), 0)
  const key = `more ${cut.at(0)?.key}`
  return [...kept, { kind: 'more', key, count }, ...(missed === undefined ? [] : [missed])]
}
