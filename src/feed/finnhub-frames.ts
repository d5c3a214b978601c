import type { Keyed } from '../market/records.ts'
import { symbolOf } from './finnhub-trades.ts'
import { createDictionary, type Dictionary } from './intern.ts'
import { eachElement, memberAt, parseJson } from './json-scan.ts'

/** One text message of the feed. `records` are the verbatim elements of `data`, in order, also those that are no trade. */
export type Frame =
  | { readonly kind: 'trades'; readonly records: Keyed }
  | { readonly kind: 'ping' }
  | { readonly kind: 'error'; readonly message: string }
  | { readonly kind: 'unknown'; readonly type: string }
  | { readonly kind: 'unreadable'; readonly cause: string }

/** A longer frame is 'unreadable': the largest seen has 30 trades, some 2 kB. */
export const FRAME_BYTES_MAX = 10_000_000
/** Keys are symbols; past this a splitter begins a new dictionary, so that its memory is bounded. */
const KEYS_MAX = 65_536
/** What of a foreign text goes into a message. */
const TEXT_CHARS_MAX = 256

/** A string of the frame, shortened; '' for what is no string (JSON.stringify would recurse into it). */
const textOf = (value: unknown): string =>
  typeof value === 'string' ? value.slice(0, TEXT_CHARS_MAX).toWellFormed() : ''

/** The records that `data`, the parsed array which begins at bytes[at], consists of. */
function recordsOf(
  frame: { readonly bytes: Uint8Array; readonly at: number; readonly data: readonly unknown[] },
  receivedMs: number,
  keys: Dictionary<''>,
): Keyed {
  const { bytes, at, data } = frame
  const count = data.length
  const out = new Uint8Array(bytes.length - at)
  const ends = new Uint32Array(count)
  let filled = 0
  let i = 0
  eachElement(bytes, at, (first, next) => {
    out.set(bytes.subarray(first, next), filled)
    filled += next - first
    ends[i++] = filled
  })
  return {
    count,
    bytes: out.subarray(0, filled),
    ends,
    receivedMs: new Float64Array(count).fill(receivedMs),
    redelivered: new Uint8Array(count),
    key: Uint32Array.from(data, (element) => {
      const symbol = symbolOf(element)
      return symbol === '' ? 0 : keys.idOfText(symbol)
    }),
    keys: keys.values,
  }
}

/**
 * Reads text messages of the Finnhub feed. A frame that is not JSON as a whole, or whose `data` is no array,
 * is unreadable and nothing of it is split. Records are copied: the frame's buffer may be used again.
 */
export function createFrameSplitter(): (frame: Uint8Array, receivedMs: number) => Frame {
  let keys = createDictionary('')
  return (bytes, receivedMs) => {
    if (keys.values.length > KEYS_MAX) keys = createDictionary('')
    if (bytes.length > FRAME_BYTES_MAX)
      return { kind: 'unreadable', cause: `a frame of ${bytes.length} bytes` }
    const value = parseJson(bytes)
    if (value === undefined) return { kind: 'unreadable', cause: 'not JSON' }
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return { kind: 'unreadable', cause: 'not an object' }
    const { type, data, msg }: Partial<Record<string, unknown>> = value
    if (type === 'ping') return { kind: 'ping' }
    if (type === 'error') return { kind: 'error', message: textOf(msg) }
    if (type !== 'trade') return { kind: 'unknown', type: textOf(type) }
    if (!Array.isArray(data)) return { kind: 'unreadable', cause: 'no data array' }
    const at = memberAt(bytes, 'data')
    return { kind: 'trades', records: recordsOf({ bytes, at, data }, receivedMs, keys) }
  }
}
