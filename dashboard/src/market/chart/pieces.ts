import type { Placed, Range } from './placed.ts'

/** What one question was answered with: every bar whose bucket starts in the range. */
export type Piece = Range & {
  /** Questions are numbered as they are asked: where two answers differ, the one asked later is right. */
  readonly order: number
  readonly bars: readonly Placed[]
}

/** The pieces with one more, disjoint and in order, whatever the order in which answers come. */
export function laid(pieces: readonly Piece[], fresh: Piece): readonly Piece[] {
  const kept: Piece[] = []
  let open: readonly Range[] = [fresh]
  for (const piece of pieces) {
    if (piece.order > fresh.order) {
      kept.push(piece)
      open = open.flatMap((range) => without(range, piece))
    } else kept.push(...without(piece, fresh).map((range) => cut(piece, range)))
  }
  return [...kept, ...open.map((range) => cut(fresh, range))].toSorted(
    (a, b) => a.fromMs - b.fromMs,
  )
}

/** One piece of those that touch each other. Only while no answer is awaited: their order is lost. */
export function joined(pieces: readonly Piece[]): readonly Piece[] {
  const out: Piece[] = []
  for (const piece of pieces) {
    const last = out.at(-1)
    if (last === undefined || last.toMs < piece.fromMs) out.push(piece)
    else
      out[out.length - 1] = {
        fromMs: last.fromMs,
        toMs: piece.toMs,
        order: Math.max(last.order, piece.order),
        bars: [...last.bars, ...piece.bars],
      }
  }
  return out
}

function without(range: Range, taken: Range): readonly Range[] {
  const left = { fromMs: range.fromMs, toMs: Math.min(range.toMs, taken.fromMs) }
  const right = { fromMs: Math.max(range.fromMs, taken.toMs), toMs: range.toMs }
  return [left, right].filter(({ fromMs, toMs }) => fromMs < toMs)
}

export function cut(piece: Piece, { fromMs, toMs }: Range): Piece {
  const bars = piece.bars.filter(({ bucketMs }) => bucketMs >= fromMs && bucketMs < toMs)
  return { ...piece, fromMs, toMs, bars }
}
