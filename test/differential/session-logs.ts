import * as fc from 'fast-check'
import { SESSION_EVENT_KINDS, type SessionEvent } from '../../src/market/feed-events.ts'

const PLAIN: SessionEvent = {
  kind: 'alive',
  at: 0,
  recorder: 'r1',
  epoch: 1,
  source: 'test',
  symbols: null,
  from: null,
  to: null,
  cause: null,
  bytes: null,
}
/** An event of recorder r1, epoch 1, with these fields. */
export const session = (fields: Partial<SessionEvent>): SessionEvent => ({ ...PLAIN, ...fields })

const NAMES_SYMBOLS: readonly string[] = ['subscribed', 'unsubscribed', 'refused']
const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null, freq: 3 })
const small = fc.integer({ min: 0, max: 60 })

/**
 * Short logs with everything a log may hold: clocks that go back, zombies of older epochs, stretches that
 * overlap, kinds in any order. One unit of the generator's time is `scale` ms, so that some logs pass the
 * limits of seconds.
 */
export const anySessionLog = fc
  .record({
    steps: fc.array(
      fc.record({
        kind: fc.oneof(
          fc.constantFrom(...SESSION_EVENT_KINDS),
          fc.constantFrom('opened', 'alive', 'subscribed', 'alive'),
        ),
        wait: fc.oneof(
          { weight: 9, arbitrary: fc.nat({ max: 6 }) },
          fc.integer({ min: -9, max: 0 }),
        ),
        recorder: fc.constantFrom('r1', 'r1', 'r1', 'r2'),
        epoch: fc.constantFrom(1, 1, 1, 2, 3),
        symbols: orNull(fc.subarray(['AAPL', 'MSFT', 'É'])),
        from: orNull(small),
        to: orNull(small),
        cause: orNull(fc.constantFrom('why', 'because')),
      }),
      { maxLength: 24, size: 'max' },
    ),
    rest: fc.nat({ max: 8 }),
  })
  .map(({ steps, rest }) => {
    let at = 20
    const events = steps.map(({ wait, ...step }) => {
      at = Math.max(0, at + wait)
      const symbols = NAMES_SYMBOLS.includes(step.kind) ? step.symbols : null
      return session({ ...step, at, symbols })
    })
    return { events, now: at + rest }
  })

/** The same log with its times stretched, so that limits of seconds come into play. */
export const stretched = (events: readonly SessionEvent[], scale: number) =>
  events.map((event) => ({
    ...event,
    at: event.at * scale,
    from: event.from === null ? null : event.from * scale,
    to: event.to === null ? null : event.to * scale,
  }))

/**
 * The symbols that are covered in this millisecond; null: none is. Straight from the words of
 * market/coverage.ts, one moment at a time, for logs much shorter than its limits of seconds.
 */
export function coveredByBruteForce(
  events: readonly SessionEvent[],
  ms: number,
  now: number,
): ReadonlySet<string> | null {
  const counted = countedEvents(events)
  const cutting = (event: SessionEvent) => {
    const from = event.from ?? event.at
    const to = Math.max(event.to ?? event.at, from + 1)
    return from <= ms && ms < to
  }
  const cuts = counted.filter(({ kind }) =>
    ['dropped', 'unreadable', 'hole_accepted'].includes(kind),
  )
  if (cuts.some(cutting)) return null
  for (const [i, opened] of counted.entries()) {
    if (opened.kind !== 'opened') continue
    const later = counted.slice(i + 1).filter(({ kind }) => kind === 'opened')
    const nextIndex = counted.findIndex(({ kind }, j) => j > i && kind === 'opened')
    const until = nextIndex === -1 ? counted.length : nextIndex
    const own = counted
      .slice(i + 1, until)
      .filter((event) => event.recorder === opened.recorder && event.epoch === opened.epoch)
      .filter(({ kind }) => kind !== 'hole_accepted')
    const endIndex = own.findIndex(({ kind }) => kind === 'closed' || kind === 'lease_lost')
    const mine = endIndex === -1 ? own : own.slice(0, endIndex + 1)
    const live = later.length === 0 && endIndex === -1
    const frames = mine.map((event) => {
      if (event.kind === 'unreadable' || event.kind === 'unknown') return event.at
      return ['alive', 'closed', 'dropped'].includes(event.kind) ? (event.to ?? 0) : 0
    })
    const end = live ? now : Math.min(Math.max(opened.at, ...frames), ...later.map(({ at }) => at))
    if (ms < opened.at || ms >= end) continue
    return subscribedAt(mine, opened.at, ms)
  }
  return null
}

/** All but what recorders of an older epoch say after a newer one opened. */
export const countedEvents = (events: readonly SessionEvent[]): readonly SessionEvent[] =>
  events.filter((event, i) => {
    const newer = events
      .slice(0, i + 1)
      .some((one) => one.kind === 'opened' && accepted(events, one) && one.epoch > event.epoch)
    return event.kind === 'hole_accepted' || !newer
  })

/** An `opened` of an older epoch does not count either. */
const accepted = (events: readonly SessionEvent[], opened: SessionEvent): boolean =>
  events
    .slice(0, events.indexOf(opened))
    .every((other) => other.kind !== 'opened' || other.epoch <= opened.epoch)

function subscribedAt(
  mine: readonly SessionEvent[],
  openedAt: number,
  ms: number,
): ReadonlySet<string> {
  const on = new Set<string>()
  const clock = new Map<string, number>()
  for (const event of mine) {
    if (!NAMES_SYMBOLS.includes(event.kind)) continue
    for (const symbol of event.symbols ?? []) {
      const at = Math.max(event.at, clock.get(symbol) ?? openedAt)
      clock.set(symbol, at)
      if (at > ms) continue
      if (event.kind === 'subscribed') on.add(symbol)
      else on.delete(symbol)
    }
  }
  return on
}
