import { SESSION_EVENT_KINDS, type SessionEvent, type SessionEventKind } from './feed-events.ts'

/** The largest time that JavaScript and a timestamp column both hold, ms since 1970 UTC (ECMA-262 time values). */
const TIME_MS_MAX = 8_640_000_000_000_000

const KINDS: ReadonlySet<string> = new Set(SESSION_EVENT_KINDS)
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * One record of the feed log: a JSON object with the event's own names, times as whole ms (rounded),
 * bytes as base64; what is null is left out.
 */
export function encodeEvent(event: SessionEvent): Uint8Array {
  const { kind, at, recorder, epoch, source, symbols, from, to, cause, bytes } = event
  const object = {
    kind,
    at: Math.round(at),
    recorder,
    epoch,
    source,
    ...(symbols !== null && { symbols }),
    ...(from !== null && { from: Math.round(from) }),
    ...(to !== null && { to: Math.round(to) }),
    ...(cause !== null && { cause }),
    ...(bytes !== null && { bytes: Buffer.from(bytes).toString('base64') }),
  }
  return encoder.encode(JSON.stringify(object))
}

/** The event that these bytes say; null for anything that is not one. Never throws; unknown names are ignored. */
export function decodeEvent(bytes: Uint8Array): SessionEvent | null {
  const object = parseObject(bytes)
  if (object === null) return null
  const { kind, at, recorder, epoch, source } = object
  if (!isKind(kind) || !isTime(at) || !isEpoch(epoch)) return null
  if (typeof recorder !== 'string' || typeof source !== 'string') return null
  const symbols = object['symbols'] ?? null
  const from = object['from'] ?? null
  const to = object['to'] ?? null
  const cause = object['cause'] ?? null
  const encoded = object['bytes'] ?? null
  if (symbols !== null && !isStrings(symbols)) return null
  if ((from !== null && !isTime(from)) || (to !== null && !isTime(to))) return null
  if (cause !== null && typeof cause !== 'string') return null
  if (encoded !== null && !(typeof encoded === 'string' && BASE64.test(encoded))) return null
  const content = encoded === null ? null : new Uint8Array(Buffer.from(encoded, 'base64'))
  return { kind, at, recorder, epoch, source, symbols, from, to, cause, bytes: content }
}

function parseObject(bytes: Uint8Array): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(decoder.decode(bytes))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : null
  } catch {
    return null
  }
}

const isKind = (value: unknown): value is SessionEventKind =>
  typeof value === 'string' && KINDS.has(value)

const isTime = (value: unknown): value is number =>
  Number.isInteger(value) && Math.abs(value as number) <= TIME_MS_MAX

const isEpoch = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0

const isStrings = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string')
