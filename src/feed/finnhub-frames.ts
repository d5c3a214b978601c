import type { Keyed } from '../market/records.ts'
import { areNumbersOfTrade, symbolOf, tradeOf } from './finnhub-trades.ts'
import { IDS_WORD, idsWord, PRICE_WORD, TIME_WORD, VOLUME_WORD, WORDS } from './identities.ts'
import { CLOSE_BRACKET, COMMA, eachElement, memberAt, parseJson, skipSpace } from './json-scan.ts'
import {
  createPlainTrade,
  NOT_PLAIN,
  PRICE,
  scanPlainTrade,
  TIME,
  VOLUME,
  type PlainTrade,
} from './plain-trade.ts'
import { createSheets, cut, type Sheet } from './sheet.ts'

/** One text message of the feed. `records` are the verbatim elements of `data`, in order, also those that are no trade. */
export type Frame =
  | { readonly kind: 'trades'; readonly records: Keyed }
  | { readonly kind: 'ping' }
  | { readonly kind: 'error'; readonly message: string }
  | { readonly kind: 'unknown'; readonly type: string }
  | { readonly kind: 'unreadable'; readonly cause: string }

/** A longer frame is 'unreadable': the largest seen has 30 trades, some 2 kB. */
export const FRAME_BYTES_MAX = 10_000_000
/** A longer frame goes to JSON.parse: so that little room is asked for in vain. */
const PLAIN_FRAME_BYTES_MAX = 262_144
/** {"p":1,"s":"A","t":1,"v":1} and its comma. */
const PLAIN_TRADE_BYTES_MIN = 28
/** What of a foreign text goes into a message. */
const TEXT_CHARS_MAX = 256

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

/** Writes what the plain trade is known by into its row; its symbol is its key. */
function identifyPlain(sheet: Sheet, row: number, trade: PlainTrade): void {
  const { words, key, receivedMs, dictionaries } = sheet
  const { numbers, conditions, conditionsNext } = trade
  const at = WORDS * row
  words[at + TIME_WORD] = numbers[TIME] ?? 0
  words[at + PRICE_WORD] = numbers[PRICE] ?? 0
  words[at + VOLUME_WORD] = numbers[VOLUME] ?? 0
  const set =
    conditionsNext === 0 ? 0 : dictionaries.conditionSets.idOf(conditions, 0, conditionsNext)
  const isTrade = areNumbersOfTrade(numbers, receivedMs[row] ?? 0)
  words[at + IDS_WORD] = isTrade ? idsWord(key[row] ?? 0, set) : 0
}

/** As `identifyPlain`, for any element of `data` as JSON.parse gave it. */
function identifyParsed(sheet: Sheet, row: number, value: unknown): void {
  const { words, key, receivedMs, dictionaries } = sheet
  const symbol = symbolOf(value)
  const trade = tradeOf(value, receivedMs[row] ?? 0)
  const at = WORDS * row
  key[row] = symbol === '' ? 0 : dictionaries.symbols.idOfText(symbol)
  words[at + IDS_WORD] = 0
  if (typeof trade === 'string') return
  const { timeMs, price, volume, conditions } = trade
  words[at + TIME_WORD] = timeMs
  words[at + PRICE_WORD] = price
  words[at + VOLUME_WORD] = volume
  const set = conditions === null ? 0 : dictionaries.conditionSets.idOfText(conditions)
  words[at + IDS_WORD] = idsWord(key[row] ?? 0, set)
}

/** Splits frames of plain trades in one pass; null: this frame is not plain, and nothing is said of it. */
function createPlainSplitter(sheetFor: ReturnType<typeof createSheets>) {
  const plain = createPlainTrade()

  /** Splits the elements that begin at bytes[at] and are followed by `close`. */
  const splitData = (bytes: Uint8Array, at: number, { close, arrivedMs }: Split) => {
    const size = bytes.length - at
    const sheet = sheetFor({ rows: Math.ceil(size / PLAIN_TRADE_BYTES_MIN), bytes: size })
    const { symbols } = sheet.dictionaries
    const { bytes: out, ends, key, receivedMs, row, filled: start } = sheet
    // one copy of all, then each record moves left over what stood between: quicker than a copy a record
    out.set(bytes.subarray(at), start)
    const shift = start - at
    let count = 0
    let filled = 0
    let i = at
    for (;;) {
      const next = scanPlainTrade(bytes, i, plain)
      if (next === NOT_PLAIN) return null
      if (filled !== i - at) out.copyWithin(start + filled, i + shift, next + shift)
      filled += next - i
      ends[row + count] = filled
      receivedMs[row + count] = arrivedMs
      key[row + count] = symbols.idOf(bytes, plain.symbolFirst, plain.symbolNext)
      identifyPlain(sheet, row + count, plain)
      count++
      i = skipSpace(bytes, next)
      if (bytes[i] !== COMMA) break
      i = skipSpace(bytes, i + 1)
    }
    if (bytes[i] !== CLOSE_BRACKET || scanTokens(bytes, i, close) !== bytes.length) return null
    return cut(sheet, count, filled)
  }

  return (bytes: Uint8Array, arrivedMs: number): Keyed | null => {
    if (bytes.length > PLAIN_FRAME_BYTES_MAX) return null
    for (const { open, close } of PLAIN_FRAMES) {
      const at = scanTokens(bytes, 0, open)
      if (at !== NOT_PLAIN) return splitData(bytes, at, { close, arrivedMs })
    }
    return null
  }
}
type Split = { readonly close: readonly Uint8Array[]; readonly arrivedMs: number }

/** A string of the frame, shortened; '' for what is no string (JSON.stringify would recurse into it). */
const textOf = (value: unknown): string =>
  typeof value === 'string' ? value.slice(0, TEXT_CHARS_MAX).toWellFormed() : ''

/** The elements of `data`, the last member of that name in a frame that JSON.parse accepted. */
function elementsOf(bytes: Uint8Array, sheet: Sheet, { data, arrivedMs }: Parsed): Keyed {
  const { bytes: out, ends, receivedMs, row, filled: start } = sheet
  let filled = 0
  let i = 0
  eachElement(bytes, memberAt(bytes, 'data'), (first, next) => {
    out.set(bytes.subarray(first, next), start + filled)
    filled += next - first
    ends[row + i] = filled
    receivedMs[row + i] = arrivedMs
    identifyParsed(sheet, row + i, data[i])
    i++
  })
  return cut(sheet, data.length, filled)
}
type Parsed = { readonly data: readonly unknown[]; readonly arrivedMs: number }

/** Reads any frame by way of JSON.parse: the meaning that the plain path equals. */
function readParsed(
  bytes: Uint8Array,
  arrivedMs: number,
  sheetFor: ReturnType<typeof createSheets>,
): Frame {
  const value = parseJson(bytes)
  if (value === undefined) return { kind: 'unreadable', cause: 'not JSON' }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { kind: 'unreadable', cause: 'not an object' }
  const { type, data, msg }: Partial<Record<string, unknown>> = value
  if (type === 'ping') return { kind: 'ping' }
  if (type === 'error') return { kind: 'error', message: textOf(msg) }
  if (type !== 'trade') return { kind: 'unknown', type: textOf(type) }
  if (!Array.isArray(data)) return { kind: 'unreadable', cause: 'no data array' }
  const sheet = sheetFor({ rows: data.length, bytes: bytes.length })
  return { kind: 'trades', records: elementsOf(bytes, sheet, { data, arrivedMs }) }
}

/**
 * Reads text messages of the Finnhub feed. A frame that is not JSON as a whole, or whose `data` is no array,
 * is unreadable and nothing of it is split. Records are copied: the frame's buffer may be used again.
 */
export function createFrameSplitter(): (frame: Uint8Array, receivedMs: number) => Frame {
  const sheetFor = createSheets()
  const splitPlain = createPlainSplitter(sheetFor)
  return (bytes, receivedMs) => {
    if (bytes.length > FRAME_BYTES_MAX)
      return { kind: 'unreadable', cause: `a frame of ${bytes.length} bytes` }
    const records = splitPlain(bytes, receivedMs)
    return records === null ? readParsed(bytes, receivedMs, sheetFor) : { kind: 'trades', records }
  }
}
