import { CLOSE_GRACE_MS, DAY_MS, hoursOf, newYorkDay } from './calendar.ts'
import { meaning } from './conditions.ts'

export const SESSIONS = ['pre', 'regular', 'post', 'continuous'] as const
export type Session = (typeof SESSIONS)[number]

/** Whose hours a symbol keeps: the US exchanges', or none that ticklake knows (forex, crypto, foreign listings). */
export type Listing = 'us' | 'continuous'

/** Symbols whose listing is not what their form says. */
export type ListingOverrides = {
  readonly us?: readonly string[]
  readonly continuous?: readonly string[]
}

/** Finnhub's exchange codes (the sheet of finnhub.io/docs/api/stock-symbols, argument `exchange`) without US. */
export const FOREIGN_SUFFIXES: readonly string[] = (
  'AS AT AX BA BC BD BE BK BO BR CN CO CR DB DE DU F HE HK HM IC IR IS JK JO KL KQ KS L LS MC ME MI MU MX ' +
  'NE NS NZ OL PA PR QA RG SA SG SI SN SR SS ST SW SZ T TA TL TO TW V VI VN VS WA'
).split(' ')

const FOREIGN: ReadonlySet<string> = new Set(FOREIGN_SUFFIXES)

/** By the form of the symbol: a colon, or a foreign exchange's suffix, is continuous; BRK.B and BF.A are US. */
export function listingOf(symbol: string): Listing {
  if (symbol.includes(':')) return 'continuous'
  const dot = symbol.lastIndexOf('.')
  return dot !== -1 && FOREIGN.has(symbol.slice(dot + 1)) ? 'continuous' : 'us'
}

/** The same with a setting's exceptions; `continuous` wins where a symbol is in both. */
export function createListing(overrides: ListingOverrides = {}): (symbol: string) => Listing {
  const us = new Set(overrides.us)
  const continuous = new Set(overrides.continuous)
  return (symbol) => {
    if (continuous.has(symbol)) return 'continuous'
    return us.has(symbol) ? 'us' : listingOf(symbol)
  }
}

/** The session of a trade; its listing by the symbol's form. */
export const sessionOf = (symbol: string, timeMs: number, conditions: string | null): Session =>
  listedSession(listingOf(symbol), timeMs, conditions)

/**
 * `regular`: from the open to five minutes past the close, without conditions 24 and 25. Else `pre` before
 * the close and `post` from it on: so a trade marked 24 or 25 during the day is a late report from before it.
 * A day without a session is divided at 16:00.
 */
export function listedSession(
  listing: Listing,
  timeMs: number,
  conditions: string | null,
): Session {
  if (listing === 'continuous') return 'continuous'
  const { open, openMs, closeMs } = hoursOf(newYorkDay(timeMs))
  const during = open && timeMs >= openMs && timeMs < closeMs + CLOSE_GRACE_MS
  if (during && !meaning(conditions).extendedHours) return 'regular'
  return timeMs < closeMs ? 'pre' : 'post'
}

/** The day that a trade belongs to, days since 1970-01-01: New York's date for US symbols, UTC's for the rest. */
export const tradeDay = (listing: Listing, timeMs: number): number =>
  listing === 'us' ? newYorkDay(timeMs) : Math.floor(timeMs / DAY_MS)
