import { hoursOf, newYorkDay } from '../market/calendar.ts'
import type { SessionEvent } from '../market/feed-events.ts'
import { listingOf } from '../market/sessions.ts'

/** Trading before the open begins at 04:00 and after the close ends at 20:00, New York time (SIP hours). */
const BEFORE_OPEN_MS = 5.5 * 3_600_000
const AFTER_CLOSE_MS = 4 * 3_600_000

/** What the feed log says of the connection now. */
export type Connection = {
  /** Null: no recorder has said anything yet. */
  connected: boolean | null
  closedCause: string | null
  readonly symbols: Set<string>
  /** When a recorder last said anything, by its clock, ms; null: never. */
  heardMs: number | null
}

export const noConnection = (): Connection => ({
  connected: null,
  closedCause: null,
  symbols: new Set(),
  heardMs: null,
})

/** Follows one event of the feed log. */
export function followEvent(connection: Connection, event: SessionEvent): void {
  const { symbols } = connection
  connection.heardMs = Math.max(connection.heardMs ?? event.at, event.at)
  switch (event.kind) {
    case 'opened':
      connection.connected = true
      connection.closedCause = null
      return symbols.clear()
    case 'closed':
    case 'lease_lost':
      connection.connected = false
      connection.closedCause = event.cause
      return
    case 'lease_taken':
      connection.connected = false
      connection.closedCause = 'connecting'
      return
    case 'subscribed':
      for (const symbol of event.symbols ?? []) symbols.add(symbol)
      return
    case 'unsubscribed':
    case 'refused':
      for (const symbol of event.symbols ?? []) symbols.delete(symbol)
      return
    case 'alive':
    case 'unreadable':
    case 'unknown':
    case 'dropped':
    case 'hole_accepted':
  }
}

/** Some of the symbols can trade now: one without hours, or a US one between 04:00 and 20:00 of a trading day. */
export function marketOpen(symbols: Iterable<string>, nowMs: number): boolean {
  const { open, openMs, closeMs } = hoursOf(newYorkDay(nowMs))
  const us = open && nowMs >= openMs - BEFORE_OPEN_MS && nowMs < closeMs + AFTER_CLOSE_MS
  for (const symbol of symbols) if (us || listingOf(symbol) === 'continuous') return true
  return false
}
