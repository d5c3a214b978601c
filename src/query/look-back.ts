import { TIME_MS_MIN } from '../market/trades.ts'
import type { AsOf } from './query.ts'

/** A window that is longer is asked without a beginning. */
const WINDOW_MS_MAX = 400 * 86_400_000
/** Each window is so much longer than the one after it. */
const GROWTH = 8

/** Half-open, ms since 1970 UTC; null: no bound. */
export type Window = { readonly fromMs: number | null; readonly toMs: number | null }

export type LookingBack = Window & {
  /** How many rows are wanted, the newest in the window. */
  readonly count: number
  /** The length of the first window, ms. */
  readonly firstMs: number
  readonly nowMs: number
  /** Whether there may be rows before this moment: asked once, where the first stretch does not have enough. */
  readonly isAnyBefore: (ms: number) => Promise<boolean>
}

export type Found<T> = { readonly asOf: AsOf; readonly found: readonly T[] }

/**
 * The newest rows of a window, newest first, without reading all that is before them: asks ever longer stretches,
 * each before the last, until there are enough or the beginning is reached. `ask` gives the rows of a stretch,
 * newest first, at most `count`. How far the answer reaches is what the first stretch says: it is the newest.
 */
export async function lookBack<T>(
  { fromMs, toMs, count, firstMs, nowMs, isAnyBefore }: LookingBack,
  ask: (window: Window, count: number) => Promise<Found<T>>,
): Promise<Found<T>> {
  let until = toMs
  let length = firstMs
  let asOf: AsOf | null = null
  const found: T[] = []
  for (;;) {
    const start = (until ?? nowMs) - length
    const isLast = length > WINDOW_MS_MAX || start <= (fromMs ?? TIME_MS_MIN)
    const window = { fromMs: isLast ? fromMs : start, toMs: until }
    const answer = await ask(window, count - found.length)
    asOf ??= answer.asOf
    found.push(...answer.found)
    const isEnough = isLast || found.length >= count
    // A tape that began today is read to its beginning by one short statement, not by ever longer ones.
    if (isEnough || (length === firstMs && !(await isAnyBefore(start))))
      return { asOf, found: found.slice(0, count) }
    until = start
    length *= GROWTH
  }
}
