import type { SessionEvent } from './feed-events.ts'
import { complement, intersect, merge, type Interval } from './intervals.ts'

/** An open connection is believed alive for so long after its last event: three of the 5 s beats, ms. */
export const ALIVE_LATE_MS = 15_000
/** …and for so long after its last frame: the recorder's watchdog closes a connection that is silent longer, ms. */
export const STALL_MS = 150_000

/** The cause of a gap where the feed log gives none. */
export const CAUSES = {
  notConnected: 'not connected',
  stopped: 'recorder stopped',
  stalled: 'no frame from the feed',
  closed: 'connection closed',
  leaseLost: 'lease lost',
  notSubscribed: 'not subscribed',
  unsubscribed: 'unsubscribed',
  refused: 'refused by the feed',
  dropped: 'dropped',
  unreadable: 'unreadable frame',
  hole: 'hole accepted',
} as const

/** [from, to), ms since 1970 UTC, in which trades of `symbol` (null: of all) may be missing. `open`: it goes on. */
export type Gap = {
  readonly symbol: string | null
  readonly from: number
  readonly to: number
  readonly cause: string
  readonly open: boolean
}

type Change = { readonly at: number; readonly on: boolean; readonly cause: string }
type Cut = Interval & { readonly cause: string }
type Connection = Interval & {
  readonly cause: string
  readonly changes: ReadonlyMap<string, readonly Change[]>
}
type Open = {
  readonly opened: SessionEvent
  readonly changes: Map<string, Change[]>
  frame: number
  sign: number
  end: string | null
}
type Reading = { readonly connections: Open[]; readonly cuts: Cut[]; readonly symbols: Set<string> }

/**
 * What is missing between the first event and `nowMs`, from one tape's feed log in its order.
 *
 * A connection covers from its `opened` to its last vouched frame: the latest `to` of its own `alive`, `closed`
 * and `dropped` events, or the arrival of an `unreadable` or `unknown` frame. `subscribed` and the like prove that the
 * recorder lives, not that the feed sends, so they vouch for nothing: a stall begins at its last frame, and
 * what a kill -9 cut off at the last `alive`'s. What lies between two vouched frames is covered however
 * quiet it was. The last connection, while nothing ended it, covers until now as long as its last event is
 * younger than ALIVE_LATE_MS and its last frame younger than STALL_MS: pings come once a minute.
 * A connection ends with its own `closed` or `lease_lost` and never reaches past a later `opened`. Events of
 * an older epoch after a newer `opened` are ignored, save `hole_accepted`, which is an operator's.
 * `dropped`, `unreadable` and `hole_accepted` cut [from, to) out of it (without times: the millisecond `at`).
 *
 * Rows: the complement of that for all symbols; then, for each symbol ever named, where a connection covers
 * but this symbol was not (yet, any more) subscribed on it. In order of symbol (all first), then time.
 */
export function gaps(events: readonly SessionEvent[], nowMs: number): readonly Gap[] {
  const birth = events[0]?.at
  if (birth === undefined || birth >= nowMs) return []
  const span = { from: birth, to: nowMs }
  const { connections: opens, cuts: wide, symbols } = read(events)
  const connections = placed(opens, span)
  const cuts = wide.map((cut) => ({ ...cut, ...intersect(cut, span) }))
  const covered = complement(merge([...complement(connections, span), ...cuts]), span)
  const row = (symbol: string | null, { from, to }: Interval, cause: string): Gap => {
    return { symbol, from, to, cause, open: to === nowMs }
  }
  const rows = complement(covered, span).map((gap) => row(null, gap, causeAt(gap.from)))
  for (const symbol of [...symbols].toSorted(byCodePoint)) {
    for (const connection of connections) {
      for (const off of offStretches(connection, symbol)) {
        for (const piece of overlaps(covered, off)) rows.push(row(symbol, piece, off.cause))
      }
    }
  }
  return rows

  function causeAt(from: number): string {
    const cut = cuts.find((one) => one.from === from && one.to > from)
    const ended = connections.find((one) => one.to === from)
    return cut?.cause ?? ended?.cause ?? CAUSES.notConnected
  }
}

function read(events: readonly SessionEvent[]): Reading {
  const reading: Reading = { connections: [], cuts: [], symbols: new Set() }
  let fence = Number.NEGATIVE_INFINITY
  for (const event of events) {
    const cut = cutOf(event)
    if (event.epoch < fence && event.kind !== 'hole_accepted') continue
    if (cut !== null) reading.cuts.push(cut)
    const change = changeOf(event)
    if (change !== null) for (const symbol of event.symbols ?? []) reading.symbols.add(symbol)
    if (event.kind === 'opened') {
      fence = event.epoch
      const { at } = event
      reading.connections.push({
        opened: event,
        changes: new Map(),
        frame: at,
        sign: at,
        end: null,
      })
    } else {
      const current = reading.connections.at(-1)
      if (current !== undefined && belongs(event, current)) absorb(current, event, change)
    }
  }
  return reading
}

const belongs = (event: SessionEvent, { opened, end }: Open): boolean =>
  end === null &&
  event.kind !== 'hole_accepted' &&
  event.recorder === opened.recorder &&
  event.epoch === opened.epoch

function absorb(connection: Open, event: SessionEvent, change: Change | null): void {
  connection.sign = Math.max(connection.sign, event.at)
  connection.frame = Math.max(connection.frame, vouchedBy(event) ?? connection.frame)
  if (event.kind === 'closed') connection.end = event.cause ?? CAUSES.closed
  if (event.kind === 'lease_lost') connection.end = event.cause ?? CAUSES.leaseLost
  if (change === null) return
  for (const symbol of event.symbols ?? []) {
    const before = connection.changes.get(symbol)
    // A clock that was set back does not reorder what was asked for.
    const at = Math.max(change.at, connection.opened.at, before?.at(-1)?.at ?? change.at)
    if (before === undefined) connection.changes.set(symbol, [{ ...change, at }])
    else before.push({ ...change, at })
  }
}

/** The time of a frame that this event proves to have come, with all before it durable or cut; null: of none. */
function vouchedBy({ kind, at, to }: SessionEvent): number | null {
  if (kind === 'unreadable' || kind === 'unknown') return at
  return kind === 'alive' || kind === 'closed' || kind === 'dropped' ? to : null
}

function changeOf({ kind, at, cause }: SessionEvent): Change | null {
  if (kind === 'subscribed') return { at, on: true, cause: '' }
  if (kind === 'unsubscribed') return { at, on: false, cause: cause ?? CAUSES.unsubscribed }
  return kind === 'refused' ? { at, on: false, cause: cause ?? CAUSES.refused } : null
}

function cutOf(event: SessionEvent): Cut | null {
  const { kind, at, cause } = event
  const from = event.from ?? at
  const to = Math.max(event.to ?? at, from + 1)
  if (kind === 'dropped') return { from, to, cause: cause ?? CAUSES.dropped }
  if (kind === 'unreadable') return { from, to, cause: cause ?? CAUSES.unreadable }
  return kind === 'hole_accepted' ? { from, to, cause: cause ?? CAUSES.hole } : null
}

/** The stretches that connections cover, cuts aside: not empty, in order, none over another. */
function placed(opens: readonly Open[], span: Interval): readonly Connection[] {
  const out: Connection[] = []
  let laterStart = Number.POSITIVE_INFINITY
  for (const open of opens.toReversed()) {
    const { opened, frame, sign, end, changes } = open
    const fresh = sign >= span.to - ALIVE_LATE_MS
    const unended = end === null && laterStart === Number.POSITIVE_INFINITY
    const live = unended && fresh && frame >= span.to - STALL_MS
    const to = live ? span.to : Math.min(frame, laterStart)
    const cause = end ?? (unended && fresh ? CAUSES.stalled : CAUSES.stopped)
    const stretch = intersect({ from: opened.at, to }, span)
    if (stretch.from < stretch.to) out.push({ ...stretch, cause, changes })
    laterStart = Math.min(laterStart, opened.at)
  }
  return out.toReversed()
}

/** Where this connection did not carry the symbol, each stretch with its cause. */
function offStretches(connection: Connection, symbol: string): readonly Cut[] {
  const first: Change = { at: connection.from, on: false, cause: CAUSES.notSubscribed }
  const changes = [first, ...(connection.changes.get(symbol) ?? [])]
  return changes.flatMap(({ at, on, cause }, i) => {
    const stretch = intersect({ from: at, to: changes[i + 1]?.at ?? connection.to }, connection)
    return on || stretch.from >= stretch.to ? [] : [{ ...stretch, cause }]
  })
}

/** The pieces of sorted, disjoint `intervals` inside `within`. */
function overlaps(intervals: readonly Interval[], within: Interval): readonly Interval[] {
  let low = 0
  let high = intervals.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((intervals[middle]?.to ?? 0) <= within.from) low = middle + 1
    else high = middle
  }
  const out: Interval[] = []
  for (let i = low; i < intervals.length; i++) {
    const interval = intervals[i]
    if (interval === undefined || interval.from >= within.to) break
    out.push(intersect(interval, within))
  }
  return out
}

/** As databases order text: by code points, not by UTF-16 units. */
const byCodePoint = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))
