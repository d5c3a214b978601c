import type { Run } from '../market/records.ts'
import { DEFECTS, TIME_AHEAD_MS_MAX, TIME_MS_MIN } from '../market/trades.ts'
import type { Defect, Trades } from '../market/trades.ts'
import { createDictionary } from './intern.ts'
import { parseJson } from './json-scan.ts'
import {
  CONDITIONS_CHARS_MAX,
  createPlainTrade,
  PRICE,
  scanPlainTrade,
  SYMBOL_CHARS_MAX,
  TIME,
  VOLUME,
} from './plain-trade.ts'

/** Past this a decoder begins new dictionaries at its next run, so that its memory is bounded. */
export const DICTIONARY_ENTRIES_MAX = 65_536
const CONTROL = /\p{Cc}/u

/** Text that a column, a key or a log line can carry unchanged: no control character, no lone surrogate. */
const isPlainText = (text: string): boolean => text.isWellFormed() && !CONTROL.test(text)

const isSymbol = (s: unknown): s is string =>
  typeof s === 'string' && s !== '' && s.length <= SYMBOL_CHARS_MAX && isPlainText(s)

/** The symbol of a parsed record; '' where it has none that is readable. */
export const symbolOf = (value: unknown): string =>
  typeof value === 'object' && value !== null && 's' in value && isSymbol(value.s) ? value.s : ''

const isCode = (code: unknown): boolean =>
  typeof code === 'string' && code !== '' && !code.includes(',') && isPlainText(code)

/** Conditions joined by commas, null where the feed sent none; undefined: they are bad. */
function conditionsOf(c: unknown): string | null | undefined {
  if (c === undefined || c === null) return null
  if (!Array.isArray(c)) return undefined
  if (c.length === 0) return null
  if (!c.every(isCode)) return undefined
  const joined = c.join(',')
  return joined.length <= CONDITIONS_CHARS_MAX ? joined : undefined
}

type Trade = {
  readonly symbol: string
  readonly price: number
  readonly timeMs: number
  readonly volume: number
  readonly conditions: string | null
}

/**
 * The rules of a trade, in the order of DEFECTS: `s` a symbol, `p` a finite number, `t` a whole number of
 * ms, `v` a finite number ≥ 0, `c` absent, null or strings without comma; then the range of `t`. Other
 * members are ignored.
 */
export function tradeOf(value: unknown, receivedMs: number): Trade | Defect {
  if (value === undefined) return 'not JSON'
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'not an object'
  const { s, p, t, v, c }: Partial<Record<string, unknown>> = value
  if (!isSymbol(s)) return 'no symbol'
  if (typeof p !== 'number' || !Number.isFinite(p)) return 'no price'
  if (typeof t !== 'number' || !Number.isSafeInteger(t)) return 'no time'
  if (typeof v !== 'number' || !Number.isFinite(v) || v < 0) return 'no volume'
  const conditions = conditionsOf(c)
  if (conditions === undefined) return 'bad conditions'
  if (!isTimeInRange(t, receivedMs)) return 'time out of range'
  return { symbol: s, price: p, timeMs: t, volume: v, conditions }
}

const isTimeInRange = (timeMs: number, receivedMs: number): boolean =>
  timeMs >= TIME_MS_MIN && timeMs <= receivedMs + TIME_AHEAD_MS_MAX

/** The rules of `tradeOf` for the numbers of a plain trade; which of them is broken is for `tradeOf` to say. */
export function areNumbersOfTrade(numbers: Float64Array, receivedMs: number): boolean {
  const timeMs = numbers[TIME] ?? 0
  const volume = numbers[VOLUME] ?? 0
  return (
    Number.isFinite(numbers[PRICE]) &&
    Number.isSafeInteger(timeMs) &&
    isTimeInRange(timeMs, receivedMs) &&
    volume >= 0 &&
    Number.isFinite(volume)
  )
}

/** Room for the columns of `rows` records. */
const createRoom = (rows: number) => ({
  symbol: new Uint32Array(rows),
  timeMs: new Float64Array(rows),
  price: new Float64Array(rows),
  volume: new Float64Array(rows),
  conditions: new Uint32Array(rows),
  defect: new Uint8Array(rows),
})
type Room = ReturnType<typeof createRoom>

/**
 * Turns Finnhub trade records into columns. Which defect a record has, if any, follows from its bytes and
 * its arrival alone. Ids keep their meaning while `symbols` (or `conditionSets`) is the same array.
 */
export function createTradeDecoder(): (run: Run) => Trades {
  let symbols = createDictionary('')
  let conditionSets = createDictionary(null)
  const plain = createPlainTrade()
  const { numbers } = plain

  const putPlain = (room: Room, i: number, bytes: Uint8Array) => {
    room.symbol[i] = symbols.idOf(bytes, plain.symbolFirst, plain.symbolNext)
    room.timeMs[i] = numbers[TIME] ?? 0
    room.price[i] = numbers[PRICE] ?? 0
    room.volume[i] = numbers[VOLUME] ?? 0
    const { conditions, conditionsNext } = plain
    room.conditions[i] =
      conditionsNext === 0 ? 0 : conditionSets.idOf(conditions, 0, conditionsNext)
    room.defect[i] = 0
  }

  const putParsed = (room: Room, i: number, trade: Trade | Defect) => {
    if (typeof trade === 'string') {
      room.defect[i] = DEFECTS.indexOf(trade)
      return
    }
    room.symbol[i] = symbols.idOfText(trade.symbol)
    room.timeMs[i] = trade.timeMs
    room.price[i] = trade.price
    room.volume[i] = trade.volume
    room.conditions[i] = trade.conditions === null ? 0 : conditionSets.idOfText(trade.conditions)
    room.defect[i] = 0
  }

  return (run) => {
    if (symbols.values.length > DICTIONARY_ENTRIES_MAX) symbols = createDictionary('')
    if (conditionSets.values.length > DICTIONARY_ENTRIES_MAX) conditionSets = createDictionary(null)
    const { count, bytes, ends, receivedMs } = run
    const room = createRoom(count)
    let first = 0
    for (let i = 0; i < count; i++) {
      const next = ends[i] ?? 0
      const arrival = receivedMs[i] ?? 0
      const isPlain =
        scanPlainTrade(bytes, first, plain) === next && areNumbersOfTrade(numbers, arrival)
      if (isPlain) putPlain(room, i, bytes)
      else putParsed(room, i, tradeOf(parseJson(bytes.subarray(first, next)), arrival))
      first = next
    }
    return { run, ...room, symbols: symbols.values, conditionSets: conditionSets.values }
  }
}
