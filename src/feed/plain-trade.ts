import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  skipSpace,
} from './json-scan.ts'

/** What `scanPlainTrade` found last. Made once and filled again and again: it allocates nothing. */
export type PlainTrade = {
  /** The symbol is bytes[symbolFirst, symbolNext). */
  symbolFirst: number
  symbolNext: number
  /** The joined conditions are conditions[0, conditionsNext); 0: none sent. */
  conditionsNext: number
  readonly conditions: Uint8Array
  /** numbers[PRICE], numbers[TIME], numbers[VOLUME]; the last place is scratch. */
  readonly numbers: Float64Array
}

export const PRICE = 0
export const TIME = 1
export const VOLUME = 2
const SCANNED = 3

/** The longest symbol on the feed has some 30 characters; a longer one than this is 'no symbol'. */
export const SYMBOL_CHARS_MAX = 256
/** At most 4 conditions were ever seen; a longer joined text than this is 'bad conditions'. */
export const CONDITIONS_CHARS_MAX = 256

export const createPlainTrade = (): PlainTrade => ({
  symbolFirst: 0,
  symbolNext: 0,
  conditionsNext: 0,
  conditions: new Uint8Array(CONDITIONS_CHARS_MAX),
  numbers: new Float64Array(SCANNED + 1),
})

/** The answer of every scan here for "not plain": the caller asks JSON.parse. */
export const NOT_PLAIN = -1

const SPACE = 0x20
const DELETE = 0x7f
const MINUS = 0x2d
const DOT = 0x2e
const ZERO = 0x30
const NINE = 0x39
const E_LOWER = 0x65
const E_UPPER = 0x45

const DIGITS_EXACT_MAX = 15 // an integer of 15 digits is below 2^53, so exact
const NUMBER_BYTES_MAX = 64 // longer numbers are rare enough for JSON.parse
// exact as doubles, so integer / 10^d is the correctly rounded quotient: the double that JSON.parse gives
const POWERS_OF_TEN = Float64Array.from({ length: DIGITS_EXACT_MAX + 1 }, (_, d) => 10 ** d)
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/

const isDigit = (byte: number | undefined): byte is number =>
  byte !== undefined && byte >= ZERO && byte <= NINE

const isNumberByte = (byte: number | undefined): boolean =>
  isDigit(byte) ||
  byte === MINUS ||
  byte === 0x2b ||
  byte === DOT ||
  byte === E_LOWER ||
  byte === E_UPPER

/** As `scanNumber`, for numbers with an exponent or with many digits. */
function scanLongNumber(bytes: Uint8Array, at: number, numbers: Float64Array): number {
  let next = at
  while (next - at <= NUMBER_BYTES_MAX && isNumberByte(bytes[next])) next++
  const text = String.fromCharCode(...bytes.subarray(at, next))
  if (next - at > NUMBER_BYTES_MAX || !NUMBER.test(text)) return NOT_PLAIN
  numbers[SCANNED] = Number(text)
  return next
}

/** Puts the number at `at` into numbers[SCANNED]: the very double that JSON.parse gives. Answers the position after it. */
function scanNumber(bytes: Uint8Array, at: number, numbers: Float64Array): number {
  let i = at
  let byte = bytes[i]
  const isNegative = byte === MINUS
  if (isNegative) byte = bytes[++i]
  const first = i
  let mantissa = 0
  while (isDigit(byte)) {
    mantissa = mantissa * 10 + (byte - ZERO)
    byte = bytes[++i]
  }
  let digits = i - first
  if (digits === 0 || (digits > 1 && bytes[first] === ZERO)) return NOT_PLAIN
  let places = 0
  if (byte === DOT) {
    const dot = i
    byte = bytes[++i]
    while (isDigit(byte)) {
      mantissa = mantissa * 10 + (byte - ZERO)
      byte = bytes[++i]
    }
    places = i - dot - 1
    if (places === 0) return NOT_PLAIN
    digits += places
  }
  if (digits > DIGITS_EXACT_MAX || byte === E_LOWER || byte === E_UPPER)
    return scanLongNumber(bytes, at, numbers)
  const value = places === 0 ? mantissa : mantissa / (POWERS_OF_TEN[places] ?? 1)
  numbers[SCANNED] = isNegative ? -value : value
  return i
}

/** Printable ASCII that stands for itself inside a string. */
const isPlainByte = (byte: number | undefined): byte is number =>
  byte !== undefined && byte >= SPACE && byte < DELETE && byte !== QUOTE && byte !== BACKSLASH

/** Sets the symbol to the string at `at`; answers the position after it. */
function scanSymbol(bytes: Uint8Array, at: number, trade: PlainTrade): number {
  if (bytes[at] !== QUOTE) return NOT_PLAIN
  let i = at + 1
  while (isPlainByte(bytes[i])) i++
  const length = i - at - 1
  if (bytes[i] !== QUOTE || length === 0 || length > SYMBOL_CHARS_MAX) return NOT_PLAIN
  trade.symbolFirst = at + 1
  trade.symbolNext = i
  return i + 1
}

/** Sets the conditions to the array of strings, or null, at `at`; answers the position after it. */
function scanConditions(bytes: Uint8Array, at: number, trade: PlainTrade): number {
  const { conditions } = trade
  let filled = 0
  trade.conditionsNext = 0
  if (bytes[at] !== OPEN_BRACKET) return scanNull(bytes, at)
  let i = skipSpace(bytes, at + 1)
  if (bytes[i] === CLOSE_BRACKET) return i + 1
  for (;;) {
    if (bytes[i] !== QUOTE) return NOT_PLAIN
    const start = filled
    let byte = bytes[++i]
    while (isPlainByte(byte) && byte !== COMMA && filled < CONDITIONS_CHARS_MAX) {
      conditions[filled++] = byte
      byte = bytes[++i]
    }
    if (byte !== QUOTE || filled === start) return NOT_PLAIN
    byte = bytes[++i]
    if (byte !== COMMA && byte !== CLOSE_BRACKET) byte = bytes[(i = skipSpace(bytes, i))]
    if (byte === CLOSE_BRACKET) break
    if (byte !== COMMA || filled === CONDITIONS_CHARS_MAX) return NOT_PLAIN
    conditions[filled++] = COMMA
    i = skipSpace(bytes, i + 1)
  }
  trade.conditionsNext = filled
  return i + 1
}

const scanNull = (bytes: Uint8Array, at: number): number =>
  bytes[at] === 0x6e && bytes[at + 1] === 0x75 && bytes[at + 2] === 0x6c && bytes[at + 3] === 0x6c
    ? at + 4
    : NOT_PLAIN

const KEY_C = 0x63
const KEY_P = 0x70
const KEY_S = 0x73
const KEY_T = 0x74
const KEY_V = 0x76

/** Scans the value of member `key`; NOT_PLAIN also where the key is not one of a trade. */
function scanMember(bytes: Uint8Array, at: number, { key, trade }: Member): number {
  if (key === KEY_S) return scanSymbol(bytes, at, trade)
  if (key === KEY_C) return scanConditions(bytes, at, trade)
  const next = scanNumber(bytes, at, trade.numbers)
  const { numbers } = trade
  const value = numbers[SCANNED] ?? 0
  if (key === KEY_P) numbers[PRICE] = value
  else if (key === KEY_T) numbers[TIME] = value
  else if (key === KEY_V) numbers[VOLUME] = value
  else return NOT_PLAIN
  return next
}
type Member = { readonly key: number | undefined; readonly trade: PlainTrade }

const keyBit = (key: number | undefined): number => 1 << ((key ?? 0) & 31)
const ALL_KEYS = keyBit(KEY_P) | keyBit(KEY_S) | keyBit(KEY_T) | keyBit(KEY_V)

/**
 * Scans the object that begins at bytes[at] as a plain trade: members c, p, s, t, v in any order, of which
 * only `c` may be absent and the last of several counts; any white space; printable ASCII without escapes.
 * Fills `trade` and answers the position after the object; NOT_PLAIN for all else, JSON or not. What it
 * accepts is JSON and has the meaning that JSON.parse gives it. It may read past a record that was cut
 * short: compare the answer with the record's end.
 */
export function scanPlainTrade(bytes: Uint8Array, at: number, trade: PlainTrade): number {
  if (bytes[at] !== OPEN_BRACE) return NOT_PLAIN
  let i = at
  let seen = 0
  let byte: number | undefined
  trade.conditionsNext = 0
  do {
    byte = bytes[++i]
    if (byte !== QUOTE) byte = bytes[(i = skipSpace(bytes, i))]
    if (byte !== QUOTE || bytes[i + 2] !== QUOTE) return NOT_PLAIN
    const key = bytes[i + 1]
    seen |= keyBit(key)
    i += 3
    if (bytes[i] !== COLON) i = skipSpace(bytes, i)
    if (bytes[i] !== COLON) return NOT_PLAIN
    i = scanMember(bytes, skipSpace(bytes, i + 1), { key, trade })
    if (i === NOT_PLAIN) return NOT_PLAIN
    byte = bytes[i]
    if (byte !== COMMA && byte !== CLOSE_BRACE) byte = bytes[(i = skipSpace(bytes, i))]
  } while (byte === COMMA)
  return byte === CLOSE_BRACE && (seen & ALL_KEYS) === ALL_KEYS ? i + 1 : NOT_PLAIN
}
