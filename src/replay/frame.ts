import type { ReplayFrame } from './replay.ts'

const text = new TextEncoder()
const decoder = new TextDecoder()
export const PING = text.encode('{"type":"ping"}')

/** A trade of the feed, ready to be written. `conditions` is "1,8"; null: none sent. */
export type ReplayTrade = {
  readonly symbol: string
  readonly timeMs: number
  readonly price: number
  readonly volume: number
  readonly conditions: string | null
  /** When it came; absent: its own time. */
  readonly receivedMs?: number
}

const WORDS_MAX = 10_000 // symbols and condition sets repeat; past this the memory of their texts begins anew

/** Remembers the text of each of few words. */
function remembered(wording: (word: string) => string): (word: string) => string {
  const texts = new Map<string, string>()
  return (word) => {
    let known = texts.get(word)
    if (known === undefined) {
      if (texts.size >= WORDS_MAX) texts.clear()
      known = wording(word)
      texts.set(word, known)
    }
    return known
  }
}
const symbolText = remembered((symbol) => JSON.stringify(symbol))
const codesText = remembered((codes) => JSON.stringify(codes === '' ? [] : codes.split(',')))

/** One trade object as the feed writes it: keys c, p, s, t, v. */
export const tradeText = ({ symbol, timeMs, price, volume, conditions }: ReplayTrade): string => {
  const c = conditions === null ? 'null' : codesText(conditions)
  return `{"c":${c},"p":${price},"s":${symbolText(symbol)},"t":${timeMs},"v":${volume}}`
}

/** A trade frame around objects that are JSON text already. */
export const tradeFrame = (objects: readonly string[]): Uint8Array =>
  text.encode(`{"data":[${objects.join(',')}],"type":"trade"}`)

export const errorFrame = (message: string): Uint8Array =>
  text.encode(JSON.stringify({ msg: message, type: 'error' }))

type Shape = { readonly type?: unknown; readonly data?: unknown } | null
const symbolOf = (trade: unknown): string | null => {
  const symbol = (trade as { s?: unknown } | null)?.s
  return typeof symbol === 'string' ? symbol : null
}

/** The distinct symbols of a trade frame; null for every other frame and for what has no symbol: it goes to everybody. */
export function frameSymbols(bytes: Uint8Array): readonly string[] | null {
  const trades = tradesOf(bytes)
  if (trades === null) return null
  const symbols = new Set<string>()
  for (const trade of trades) {
    const symbol = symbolOf(trade)
    if (symbol === null) return null
    symbols.add(symbol)
  }
  return [...symbols]
}

export const tradeCount = (bytes: Uint8Array): number => tradesOf(bytes)?.length ?? 0

function tradesOf(bytes: Uint8Array): readonly unknown[] | null {
  try {
    const frame = JSON.parse(decoder.decode(bytes)) as Shape
    return frame?.type === 'trade' && Array.isArray(frame.data) ? frame.data : null
  } catch {
    return null
  }
}

/** What one subscriber gets of a frame: all of it verbatim, only its own trades (each verbatim), or nothing. */
export function frameFor(
  frame: ReplayFrame,
  wanted: ReadonlySet<string>,
): { readonly bytes: Uint8Array; readonly whole: boolean } | null {
  const symbols = frame.symbols === undefined ? frameSymbols(frame.bytes) : frame.symbols
  if (symbols === null || symbols.every((symbol) => wanted.has(symbol)))
    return { bytes: frame.bytes, whole: true }
  if (!symbols.some((symbol) => wanted.has(symbol))) return null
  const own = tradeObjects(frame.bytes).filter((object) => {
    const symbol = symbolOf(JSON.parse(object))
    return symbol === null || wanted.has(symbol)
  })
  return { bytes: tradeFrame(own), whole: false }
}

/** The texts of the objects in a trade frame's `data`, verbatim. The frame must be well-formed JSON. */
export function tradeObjects(bytes: Uint8Array): readonly string[] {
  const slice = memberSlice(bytes, 'data')
  if (slice === null) return []
  const array = decoder.decode(slice)
  const objects: string[] = []
  let at = array.indexOf('[') + 1
  while (at > 0 && at < array.length) {
    const end = valueEnd(array, at)
    const object = array.slice(at, end).trim()
    if (object !== '') objects.push(object)
    if (array[end] !== ',') break
    at = end + 1
  }
  return objects
}

/** The verbatim bytes of one member of a JSON object, the last if it is there twice; null: no such member. */
export function memberSlice(object: Uint8Array, name: string): Uint8Array | null {
  const source = Buffer.from(object.buffer, object.byteOffset, object.byteLength).toString('latin1')
  const wanted = JSON.stringify(name)
  let found: Uint8Array | null = null
  let at = source.indexOf('{') + 1
  while (at > 0 && at < source.length) {
    const colon = stringEnd(source, source.indexOf('"', at))
    const key = source.slice(at, colon).trim()
    const start = source.indexOf(':', colon) + 1
    if (start === 0) break
    const end = valueEnd(source, start)
    if (key === wanted) found = trimmed(object.subarray(start, end))
    if (source[end] !== ',') break
    at = end + 1
  }
  return found
}

/** The index of the comma or closing bracket that ends the JSON value which starts at `start`. */
function valueEnd(source: string, start: number): number {
  let depth = 0
  let at = start
  while (at < source.length) {
    const char = source[at]
    if (char === '"') at = stringEnd(source, at) - 1
    else if (char === '{' || char === '[') depth += 1
    else if (depth === 0 && (char === ',' || char === '}' || char === ']')) return at
    else if (char === '}' || char === ']') depth -= 1
    at += 1
  }
  return at
}

/** The index after the closing quote of the string that opens at `open`. */
function stringEnd(source: string, open: number): number {
  if (open < 0) return source.length
  for (let at = open + 1; at < source.length; at++) {
    if (source[at] === '\\') at += 1
    else if (source[at] === '"') return at + 1
  }
  return source.length
}

const isSpace = (byte: number | undefined): boolean =>
  byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d

export function trimmed(bytes: Uint8Array): Uint8Array {
  let first = 0
  let next = bytes.length
  while (first < next && isSpace(bytes[first])) first += 1
  while (next > first && isSpace(bytes[next - 1])) next -= 1
  return bytes.subarray(first, next)
}
