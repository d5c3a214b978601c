import { TIME_MS_MIN } from '../market/trades.ts'
import type { AsOf } from './query.ts'

/** A window that is longer is asked without a beginning. */
const WINDOW_MS_MAX = 400 * 86_400_000
/** Each window is at most so much longer than the one after it. */
const GROWTH = 8
/** What is missing is looked for in a stretch that should have so much more of it. */
const AMPLE = 1.5

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
  /**
   * A moment in the window before which all its rows are, close to the newest; null: it has none. For rows that
   * cost as much as what they are made of; null: those of a long stretch are found as fast as of a short one.
   */
  readonly newestIn: ((window: Window) => Promise<number | null>) | null
}

export type Found<T> = { readonly asOf: AsOf; readonly found: readonly T[] }

/**
 * The newest rows of a window, newest first, without reading all that is before them: asks ever longer stretches,
 * each before the last, until there are enough or the beginning is reached. Behind an empty one the next may hold
 * months: there it is looked first where the rows end, and gone on in short stretches from there. `ask` gives the
 * rows of a stretch, newest first, at most `count`. How far the answer reaches is what the first stretch says: it
 * is the newest.
 */
export async function lookBack<T>(
  looking: LookingBack,
  ask: (window: Window, count: number) => Promise<Found<T>>,
): Promise<Found<T>> {
  const { count, firstMs, isAnyBefore, newestIn } = looking
  let until = looking.toMs
  let length = firstMs
  let asOf: AsOf | null = null
  let mayLeap = true
  const found: T[] = []
  for (;;) {
    const { start, isLast, window } = stretch(looking, until, length)
    const answer = await ask(window, count - found.length)
    const isFirst = asOf === null
    asOf ??= answer.asOf
    found.push(...answer.found)
    const isEnough = isLast || found.length >= count
    // A tape that began today is read to its beginning by one short statement, not by ever longer ones.
    if (isEnough || (isFirst && !(await isAnyBefore(start))))
      return { asOf, found: found.slice(0, count) }
    const rows = answer.found.length
    until = start
    const growth = Math.min(GROWTH, Math.max(1, (AMPLE * (count - found.length)) / rows))
    length = Math.ceil(length * growth)
    if (rows === 0 && mayLeap && newestIn !== null) {
      const newest = await newestBefore({ ...looking, newestIn }, until, length)
      if (newest === null) return { asOf, found }
      until = Math.min(until, newest)
      length = firstMs
    }
    // Where the newest that there is does not count either, as a bar without prices, leaps would be short and many.
    mayLeap = rows > 0
  }
}

type Leaping = LookingBack & { readonly newestIn: (window: Window) => Promise<number | null> }

async function newestBefore(
  looking: Leaping,
  beforeMs: number,
  firstMs: number,
): Promise<number | null> {
  let [until, length] = [beforeMs, firstMs]
  for (;;) {
    const { start, isLast, window } = stretch(looking, until, length)
    const newest = await looking.newestIn(window)
    if (newest !== null || isLast) return newest
    until = start
    length *= GROWTH
  }
}

function stretch({ fromMs, nowMs }: LookingBack, until: number | null, length: number) {
  const start = (until ?? nowMs) - length
  const isLast = length > WINDOW_MS_MAX || start <= (fromMs ?? TIME_MS_MIN)
  return { start, isLast, window: { fromMs: isLast ? fromMs : start, toMs: until } }
}
