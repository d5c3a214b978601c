/**
 * JSON as bytes (RFC 8259). `parseJson` says whether bytes are JSON at all; the other functions walk bytes
 * that it accepted, without recursion, so nesting of any depth is safe.
 */

export const QUOTE = 0x22
export const BACKSLASH = 0x5c
export const COMMA = 0x2c
export const COLON = 0x3a
export const OPEN_BRACE = 0x7b
export const CLOSE_BRACE = 0x7d
export const OPEN_BRACKET = 0x5b
export const CLOSE_BRACKET = 0x5d

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The value of bytes that are JSON in valid UTF-8 without a byte order mark; undefined where they are not. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes))
  } catch {
    return undefined
  }
}

/** The first position from `at` on that is no JSON white space. */
export function skipSpace(bytes: Uint8Array, at: number): number {
  let i = at
  for (;;) {
    const byte = bytes[i]
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return i
    i++
  }
}

/** The position after the string whose opening quote is at `at`. */
function stringNext(bytes: Uint8Array, at: number): number {
  let i = at + 1
  for (; i < bytes.length && bytes[i] !== QUOTE; i++) if (bytes[i] === BACKSLASH) i++
  return i + 1
}

const endsScalar = (byte: number | undefined): boolean =>
  byte === undefined ||
  byte === COMMA ||
  byte === CLOSE_BRACE ||
  byte === CLOSE_BRACKET ||
  byte <= 0x20

/** The position after the value that begins at `at`. */
export function valueNext(bytes: Uint8Array, at: number): number {
  let i = at
  let depth = 0
  do {
    const byte = bytes[i]
    if (byte === QUOTE) {
      i = stringNext(bytes, i)
      continue
    }
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--
    else if (depth === 0) {
      while (!endsScalar(bytes[i])) i++
      return i
    }
    i++
  } while (depth > 0 && i < bytes.length)
  return i
}

/** Where the value of the object's last member called `name` begins (JSON.parse keeps the last, too); -1: there is none. */
export function memberAt(bytes: Uint8Array, name: string): number {
  let found = -1
  let i = skipSpace(bytes, skipSpace(bytes, 0) + 1)
  while (bytes[i] === QUOTE) {
    const keyNext = stringNext(bytes, i)
    const isNamed = parseJson(bytes.subarray(i, keyNext)) === name
    i = skipSpace(bytes, skipSpace(bytes, keyNext) + 1)
    if (isNamed) found = i
    i = skipSpace(bytes, valueNext(bytes, i))
    if (bytes[i] === COMMA) i = skipSpace(bytes, i + 1)
  }
  return found
}

/** Calls `visit` with [first, next) of each element of the array that begins at `at`, in order. */
export function eachElement(
  bytes: Uint8Array,
  at: number,
  visit: (first: number, next: number) => void,
): void {
  let i = skipSpace(bytes, at + 1)
  while (i < bytes.length && bytes[i] !== CLOSE_BRACKET) {
    const next = valueNext(bytes, i)
    visit(i, next)
    i = skipSpace(bytes, next)
    if (bytes[i] === COMMA) i = skipSpace(bytes, i + 1)
  }
}
