import type { Bar, Interval } from '../../../../src/serve/contract/market.ts'
import { SESSIONS, type Listing, type Session } from '../../../../src/market/sessions.ts'
import { placesOf, type Hole, type Place } from './holes.ts'
import type { Placed, Range } from './placed.ts'

/** Empty places of all gaps together; gaps past it are hatched where they lie between bars. */
const EMPTY_MAX = 10_000

/** One place of the time axis, from left to right: a bar, or nothing where a gap is. */
export type Slot = Range & {
  /** Seconds since 1970 UTC, unique and ascending; two sessions of one bucket lie 1 ms apart at the least. */
  readonly time: number
  readonly session: Session
  /** The session of its hours. */
  readonly shade: Session
  readonly bar: Bar | null
}

export type Axis = { readonly interval: Interval; readonly listing: Listing }

/** The bars in their order, with empty places where gaps are. */
export function slotsOf(
  bars: readonly Placed[],
  holes: readonly Hole[],
  { interval, listing }: Axis,
): readonly Slot[] {
  const keyOf = (timeMs: number, session: Session) => `${timeMs} ${session}`
  const taken = new Set(bars.map(({ timeMs, bar }) => keyOf(timeMs, bar.session)))
  const empty = new Map<string, Unordered>()
  for (const hole of holes) {
    if (empty.size > EMPTY_MAX) break
    for (const place of placesOf(hole, interval, listing)) {
      const key = keyOf(place.timeMs, place.session)
      if (!taken.has(key)) empty.set(key, { ...place, shade: place.session, bar: null })
    }
  }
  const filled = bars.map((placed): Unordered => ({ ...placed, session: placed.bar.session }))
  return inTime([...filled, ...empty.values()])
}
type Unordered = Place & Pick<Slot, 'bar' | 'shade'>

function inTime(unordered: readonly Unordered[]): readonly Slot[] {
  const rank = ({ session }: Place) => SESSIONS.indexOf(session)
  let lastMs = Number.NEGATIVE_INFINITY
  return unordered
    .toSorted((a, b) => a.timeMs - b.timeMs || rank(a) - rank(b))
    .map(({ timeMs, fromMs, toMs, session, shade, bar }) => {
      lastMs = Math.max(timeMs, lastMs + 1)
      return { time: lastMs / 1000, fromMs, toMs, session, shade, bar }
    })
}

/**
 * Where a stretch of time lies among the slots, in slots: 2.5 is the middle of the third. Null: outside them.
 * Time that no slot has, as of a night, lies on the border between two.
 */
export function reach(slots: readonly Slot[], { fromMs, toMs }: Range): Extent | null {
  const [first, last] = [slots[0], slots.at(-1)]
  if (first === undefined || last === undefined) return null
  if (toMs <= first.fromMs || fromMs >= last.toMs) return null
  const start = slots.findIndex((slot) => slot.toMs > fromMs)
  const end = slots.findLastIndex((slot) => slot.fromMs < toMs)
  return {
    from: start + shareOf(slots[start], fromMs),
    to: Math.max(end + shareOf(slots[end], toMs), start + shareOf(slots[start], fromMs)),
  }
}
export type Extent = { readonly from: number; readonly to: number }

const shareOf = (slot: Slot | undefined, ms: number): number =>
  slot === undefined ? 0 : Math.min(1, Math.max(0, (ms - slot.fromMs) / (slot.toMs - slot.fromMs)))

/** How the slots changed: from `first` on, with few enough changes to be told one by one, or wholly. */
export function changeOf(old: readonly Slot[], fresh: readonly Slot[]): number | null {
  let first = 0
  while (first < old.length && isSame(old[first], fresh[first])) first++
  const inPlace = old.slice(first).every(({ time }, i) => fresh[first + i]?.time === time)
  return inPlace && fresh.length - first <= CHANGED_MAX && old.length > 0 ? first : null
}
/** More are drawn faster at once. */
const CHANGED_MAX = 8

const isSame = (a: Slot | undefined, b: Slot | undefined): boolean =>
  a !== undefined &&
  b !== undefined &&
  a.time === b.time &&
  a.bar === b.bar &&
  a.session === b.session
