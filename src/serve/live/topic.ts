import type { Trades } from '../../market/trades.ts'

/** Rows of a run that are trades, new ones, by their index. */
export type Fresh = { readonly trades: Trades; readonly rows: readonly number[] }

/** Something that pages ask for: what is said of it is made once, whoever reads it. */
export type Topic = Disposable & {
  /** What a page that comes now is told first; empty: that is not known yet and comes with a batch. */
  whole(): readonly string[]
  /** What there is to tell since the last batch. */
  batch(): readonly string[]
}

/** One that lives of trades, of one symbol or of all. */
export type TradeTopic = Topic & {
  take(fresh: Fresh): void
  /** Trades were missed, or the tape is another one: what is known is asked for again. */
  reset(): void
}

/** The place of a row on the tape. */
export const offsetOf = ({ run }: Trades, row: number): number => run.first + (run.delta[row] ?? 0)
