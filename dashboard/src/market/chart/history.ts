import { cut, joined, laid, type Piece } from './pieces.ts'
import type { Placed, Range } from './placed.ts'

/** A question to /api/candles: the last `limit` bars of a range; infinite where it has no bound. */
export type Question = Range & { readonly order: number; readonly limit: number }

/** What answers say, put together whatever the order in which they come. */
export type History = {
  /** Numbers a question at the moment it is asked; each is to end in `close`. */
  ask(range: Range, limit: number): Question
  close(question: Question): void
  isOpen(): boolean
  /** Bars as they were when this question was asked; null: as they are now. */
  lay(range: Range, bars: readonly Placed[], question: Question | null): void
  /** May have changed since it was answered. */
  doubt(range: Range): void
  /**
   * What of a range is in doubt, which it is no more from then on. Null: nothing, or a question is open, whose answer
   * may be in doubt too.
   */
  takeDoubted(within: Range): Range | null
  /** Bars whose bucket starts before this are not known any more. */
  forget(beforeMs: number): void
  bars(): readonly Placed[]
  /** Null: nothing is known yet. */
  span(): Range | null
}

export function createHistory(): History {
  let pieces: readonly Piece[] = []
  let doubted: Range | null = null
  let asked = 0
  const open = new Set<number>()
  return {
    ask(range, limit) {
      open.add(++asked)
      return { ...range, limit, order: asked }
    },
    close: ({ order }) => void open.delete(order),
    isOpen: () => open.size > 0,
    lay({ fromMs, toMs }, bars, question) {
      if (fromMs >= toMs) return
      const within = bars.filter(({ bucketMs }) => bucketMs >= fromMs && bucketMs < toMs)
      const order = question?.order ?? ++asked
      pieces = laid(pieces, { fromMs, toMs, order, bars: within })
      if (open.size === 0) pieces = joined(pieces)
    },
    doubt({ fromMs, toMs }) {
      doubted = {
        fromMs: Math.min(fromMs, doubted?.fromMs ?? fromMs),
        toMs: Math.max(toMs, doubted?.toMs ?? toMs),
      }
    },
    takeDoubted(within) {
      if (open.size > 0 || doubted === null) return null
      const fromMs = Math.max(doubted.fromMs, within.fromMs)
      const toMs = Math.min(doubted.toMs, within.toMs)
      doubted = null
      return fromMs < toMs ? { fromMs, toMs } : null
    },
    forget(beforeMs) {
      pieces = pieces.flatMap((piece) =>
        piece.toMs > beforeMs
          ? [cut(piece, { fromMs: Math.max(piece.fromMs, beforeMs), toMs: piece.toMs })]
          : [],
      )
    },
    bars: () => pieces.flatMap(({ bars }) => bars),
    span() {
      const [first, last] = [pieces[0], pieces.at(-1)]
      return first === undefined || last === undefined
        ? null
        : { fromMs: first.fromMs, toMs: last.toMs }
    },
  }
}
