import type { Keyed } from '../market/records.ts'
import { DICTIONARY_ENTRIES_MAX, symbolOf } from './finnhub-trades.ts'
import { createDictionary, type Dictionary } from './intern.ts'
import { CLOSE_BRACKET, COMMA, eachElement, memberAt, parseJson, skipSpace } from './json-scan.ts'
import { createPlainTrade, NOT_PLAIN, scanPlainTrade } from './plain-trade.ts'

/** One text message of the feed. `records` are the verbatim elements of `data`, in order, also those that are no trade. */
export type Frame =
  | { readonly kind: 'trades'; readonly records: Keyed }
  | { readonly kind: 'ping' }
  | { readonly kind: 'error'; readonly message: string }
  | { readonly kind: 'unknown'; readonly type: string }
  | { readonly kind: 'unreadable'; readonly cause: string }

/** A longer frame is 'unreadable': the largest seen has 30 trades, some 2 kB. */
export const FRAME_BYTES_MAX = 10_000_000
/** A longer frame goes to JSON.parse: so the scanner's arrays, made once, hold any frame that it reads. */
const PLAIN_FRAME_BYTES_MAX = 262_144
/** {"p":1,"s":"A","t":1,"v":1} and its comma. */
const PLAIN_TRADE_BYTES_MIN = 28
/** What of a foreign text goes into a message. */
const TEXT_CHARS_MAX = 256

/** The elements of `data`; when they arrived is the caller's to say. */
type Elements = Omit<Keyed, 'receivedMs'>

const encoder = new TextEncoder()
const tokens = (...texts: readonly string[]) => texts.map((text) => encoder.encode(text))

/** What stands before and after the elements of `data` in frames as the feed writes them. */
const PLAIN_FRAMES = [
  {
    open: tokens('{', '"data"', ':', '['),
    close: tokens(']', ',', '"type"', ':', '"trade"', '}'),
  },
  {
    open: tokens('{', '"type"', ':', '"trade"', ',', '"data"', ':', '['),
    close: tokens(']', '}'),
  },
]

/** The position after `tokens`, which may have white space around them. */
function scanTokens(bytes: Uint8Array, at: number, tokens: readonly Uint8Array[]): number {
  let i = skipSpace(bytes, at)
  for (const token of tokens) {
    for (const byte of token) if (bytes[i++] !== byte) return NOT_PLAIN
    i = skipSpace(bytes, i)
  }
  return i
}

/** Splits frames of plain trades in one pass; null: this frame is not plain, and nothing is said of it. */
function createPlainSplitter() {
  const ends = new Uint32Array(PLAIN_FRAME_BYTES_MAX / PLAIN_TRADE_BYTES_MIN + 1)
  const key = new Uint32Array(ends.length)
  const plain = createPlainTrade()

  /** Splits the elements that begin at bytes[at] and are followed by `close`. */
  const splitData = (bytes: Uint8Array, at: number, { close, keys }: Split) => {
    // one copy of all, then each record moves left over what stood between: quicker than a copy a record
    const out = new Uint8Array(bytes.length - at)
    out.set(bytes.subarray(at))
    let count = 0
    let filled = 0
    let i = at
    for (;;) {
      const next = scanPlainTrade(bytes, i, plain)
      if (next === NOT_PLAIN) return null
      if (filled !== i - at) out.copyWithin(filled, i - at, next - at)
      filled += next - i
      ends[count] = filled
      key[count++] = keys.idOf(bytes, plain.symbolFirst, plain.symbolNext)
      i = skipSpace(bytes, next)
      if (bytes[i] !== COMMA) break
      i = skipSpace(bytes, i + 1)
    }
    if (bytes[i] !== CLOSE_BRACKET || scanTokens(bytes, i, close) !== bytes.length) return null
    return {
      count,
      bytes: out.subarray(0, filled),
      ends: ends.slice(0, count),
      redelivered: new Uint8Array(count),
      key: key.slice(0, count),
      keys: keys.values,
    }
  }

  return (bytes: Uint8Array, keys: Dictionary<''>): Elements | null => {
    if (bytes.length > PLAIN_FRAME_BYTES_MAX) return null
    for (const { open, close } of PLAIN_FRAMES) {
      const at = scanTokens(bytes, 0, open)
      if (at !== NOT_PLAIN) return splitData(bytes, at, { close, keys })
    }
    return null
  }
}
type Split = { readonly close: readonly Uint8Array[]; readonly keys: Dictionary<''> }

/** A string of the frame, shortened; '' for what is no string (JSON.stringify would recurse into it). */
const textOf = (value: unknown): string =>
  typeof value === 'string' ? value.slice(0, TEXT_CHARS_MAX).toWellFormed() : ''

/** The elements of `data`, the last member of that name in a frame that JSON.parse accepted. */
function elementsOf(bytes: Uint8Array, data: readonly unknown[], keys: Dictionary<''>): Elements {
  const at = memberAt(bytes, 'data')
  const count = data.length
  const out = new Uint8Array(bytes.length - at)
  const ends = new Uint32Array(count)
  const key = new Uint32Array(count)
  let filled = 0
  let i = 0
  eachElement(bytes, at, (first, next) => {
    out.set(bytes.subarray(first, next), filled)
    filled += next - first
    const symbol = symbolOf(data[i])
    if (symbol !== '') key[i] = keys.idOfText(symbol)
    ends[i++] = filled
  })
  return {
    count,
    bytes: out.subarray(0, filled),
    ends,
    redelivered: new Uint8Array(count),
    key,
    keys: keys.values,
  }
}

const trades = (elements: Elements, receivedMs: number): Frame => ({
  kind: 'trades',
  records: { ...elements, receivedMs: new Float64Array(elements.count).fill(receivedMs) },
})

/** Reads any frame by way of JSON.parse: the meaning that the plain path equals. */
function readParsed(bytes: Uint8Array, receivedMs: number, keys: Dictionary<''>): Frame {
  const value = parseJson(bytes)
  if (value === undefined) return { kind: 'unreadable', cause: 'not JSON' }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { kind: 'unreadable', cause: 'not an object' }
  const { type, data, msg }: Partial<Record<string, unknown>> = value
  if (type === 'ping') return { kind: 'ping' }
  if (type === 'error') return { kind: 'error', message: textOf(msg) }
  if (type !== 'trade') return { kind: 'unknown', type: textOf(type) }
  if (!Array.isArray(data)) return { kind: 'unreadable', cause: 'no data array' }
  return trades(elementsOf(bytes, data, keys), receivedMs)
}

/**
 * Reads text messages of the Finnhub feed. A frame that is not JSON as a whole, or whose `data` is no array,
 * is unreadable and nothing of it is split. Records are copied: the frame's buffer may be used again.
 */
export function createFrameSplitter(): (frame: Uint8Array, receivedMs: number) => Frame {
  const splitPlain = createPlainSplitter()
  let keys = createDictionary('')
  return (bytes, receivedMs) => {
    if (bytes.length > FRAME_BYTES_MAX)
      return { kind: 'unreadable', cause: `a frame of ${bytes.length} bytes` }
    if (keys.values.length > DICTIONARY_ENTRIES_MAX) keys = createDictionary('')
    const elements = splitPlain(bytes, keys)
    return elements === null ? readParsed(bytes, receivedMs, keys) : trades(elements, receivedMs)
  }
}
