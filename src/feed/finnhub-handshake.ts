import { Fault } from '../flow/fault.ts'
import type { Random } from '../flow/random.ts'
import { backoffMs, type Backoff } from '../flow/retry.ts'

/** How an attempt or a connection ended, before any policy. */
export type SocketEnd =
  | { readonly kind: 'refused'; readonly status: number; readonly retryAfterMs: number | null }
  | { readonly kind: 'failed'; readonly detail: string }
  | { readonly kind: 'closed'; readonly cause: string; readonly detail: string }

const BACKOFF: Backoff = { baseMs: 1_000, capMs: 60_000 }
const LINGER_MS = 60_000 // how long the feed keeps an old session of the key; until then it answers 429
const LINGER_JITTER = 0.5
const RETRY_AFTER_MS_MAX = 600_000 // a server may ask for more; ten minutes without a try is enough

/**
 * How long to wait before the next attempt, in ms. `attempt` counts the short-lived connections before
 * this one. Throws `invalid` where no retry can help: the key is refused.
 */
export function waitBefore(
  end: SocketEnd,
  { attempt, random, url }: { attempt: number; random: Random; url: string },
): number {
  if (end.kind === 'refused' && (end.status === 401 || end.status === 403))
    throw new Fault('invalid', `${url} refuses the key (HTTP ${end.status})`, {
      remedy: 'Set FINNHUB_TOKEN to the key that finnhub.io/dashboard shows, then start again.',
    })
  const waitMs = backoffMs(BACKOFF, attempt, random)
  if (end.kind !== 'refused' || end.status !== 429) return waitMs
  const askedMs = Math.min(end.retryAfterMs ?? 0, RETRY_AFTER_MS_MAX)
  return Math.max(LINGER_MS, askedMs, waitMs) * (1 + LINGER_JITTER * random.next())
}

/** Words for a log line; carries no key, since none of its parts does. */
export const told = (end: SocketEnd): string => {
  if (end.kind === 'refused') return `HTTP ${end.status}`
  return end.kind === 'failed' ? end.detail : `${end.cause} (${end.detail})`
}

/** The address with its key, for the socket alone. Throws `invalid`, and never repeats a query, where a key may stand. */
export function keyedUrl(url: string, token: string | null): URL {
  const parsed = URL.parse(url)
  if (parsed === null || (parsed.protocol !== 'ws:' && parsed.protocol !== 'wss:'))
    throw new Fault('invalid', `the feed address ${shownUrl(url)} is no ws:// or wss:// address`, {
      remedy: 'Set TICKLAKE_FEED to finnhub, simulator, or an address such as ws://127.0.0.1:8001.',
    })
  parsed.hash = ''
  if (token !== null && token !== '') parsed.searchParams.set('token', token)
  return parsed
}

/** The address without query and credentials, for people. */
export function shownUrl(url: string): string {
  const parsed = URL.parse(url)
  if (parsed === null) return JSON.stringify(url.split(/[?#]/, 1)[0]?.replace(/\/\/.*@/, '//***@'))
  return `${parsed.protocol}//${parsed.host}${parsed.pathname === '/' ? '' : parsed.pathname}`
}

/** Takes the key, plain or percent-encoded, and whatever stands after `token=`, out of a text. */
export const redactorOf =
  (token: string | null) =>
  (text: string): string => {
    const spellings = token === null || token === '' ? [] : [token, encodeURIComponent(token)]
    const bare = spellings.reduce((shown, word) => shown.replaceAll(word, '***'), text)
    return bare.replace(/(token=)[^&\s"']+/gi, '$1***')
  }

/** Retry-After in seconds or as a date, to ms from `nowMs`; null: absent or unreadable. */
export function retryAfterMs(header: string | undefined, nowMs: number): number | null {
  if (header === undefined) return null
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs
  return Number.isFinite(ms) ? Math.max(0, ms) : null
}
