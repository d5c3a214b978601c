import { recordBytes, type Run } from '../market/records.ts'
import { DEFECTS, TIME_AHEAD_MS_MAX, TIME_MS_MIN } from '../market/trades.ts'
import type { Defect, Trades } from '../market/trades.ts'
import { createDictionary } from './intern.ts'
import { parseJson } from './json-scan.ts'

/** Past this a decoder begins new dictionaries at its next run, so that its memory is bounded. */
export const DICTIONARY_ENTRIES_MAX = 65_536
/** The longest symbol on the feed has some 30 characters; a longer one than this is 'no symbol'. */
export const SYMBOL_CHARS_MAX = 256
/** At most 4 conditions were ever seen; a longer joined text than this is 'bad conditions'. */
export const CONDITIONS_CHARS_MAX = 256

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
function tradeOf(value: unknown, receivedMs: number): Trade | Defect {
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

/**
 * Turns runs of Finnhub trade records into columns. Which defect a record has, if any, follows from its
 * bytes and its arrival alone. Ids keep their meaning while `symbols` (or `conditionSets`) is the same array.
 */
export function createTradeDecoder(): (run: Run) => Trades {
  let symbols = createDictionary('')
  let conditionSets = createDictionary(null)
  return (run) => {
    if (symbols.values.length > DICTIONARY_ENTRIES_MAX) symbols = createDictionary('')
    if (conditionSets.values.length > DICTIONARY_ENTRIES_MAX) conditionSets = createDictionary(null)
    const symbol = new Uint32Array(run.count)
    const timeMs = new Float64Array(run.count)
    const price = new Float64Array(run.count)
    const volume = new Float64Array(run.count)
    const conditions = new Uint32Array(run.count)
    const defect = new Uint8Array(run.count)
    for (let i = 0; i < run.count; i++) {
      const trade = tradeOf(parseJson(recordBytes(run, i)), run.receivedMs[i] ?? 0)
      if (typeof trade === 'string') {
        defect[i] = DEFECTS.indexOf(trade)
        continue
      }
      symbol[i] = symbols.idOfText(trade.symbol)
      timeMs[i] = trade.timeMs
      price[i] = trade.price
      volume[i] = trade.volume
      conditions[i] = trade.conditions === null ? 0 : conditionSets.idOfText(trade.conditions)
    }
    return {
      run,
      symbol,
      symbols: symbols.values,
      timeMs,
      price,
      volume,
      conditions,
      conditionSets: conditionSets.values,
      defect,
    }
  }
}
