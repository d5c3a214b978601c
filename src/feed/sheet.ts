import { DICTIONARY_ENTRIES_MAX } from './finnhub-trades.ts'
import { createDictionary, type Dictionary } from './intern.ts'
import { WORDS, type Identified } from './identities.ts'

const SHEET_ROWS = 1024 // some 70 frames; few enough that a block which waits keeps little else alive
const SHEET_BYTES = 96 * 1024

export type Dictionaries = {
  readonly symbols: Dictionary<''>
  readonly conditionSets: Dictionary<null>
}

/** Arrays that the blocks of many frames are cut from: arrays for each frame would cost more than its split. */
export type Sheet = {
  readonly bytes: Uint8Array
  readonly ends: Uint32Array
  readonly key: Uint32Array
  readonly receivedMs: Float64Array
  readonly redelivered: Uint8Array
  /** As `Identities` has them; ids are those of `dictionaries`. */
  readonly words: Float64Array
  readonly dictionaries: Dictionaries
  /** The first row, and byte, that no block has. */
  row: number
  filled: number
}

type Room = { readonly rows: number; readonly bytes: number }

const createSheet = ({ rows, bytes }: Room, dictionaries: Dictionaries): Sheet => ({
  bytes: new Uint8Array(bytes),
  ends: new Uint32Array(rows),
  key: new Uint32Array(rows),
  receivedMs: new Float64Array(rows),
  redelivered: new Uint8Array(rows),
  words: new Float64Array(rows * WORDS),
  dictionaries,
  row: 0,
  filled: 0,
})

const createDictionaries = (): Dictionaries => ({
  symbols: createDictionary(''),
  conditionSets: createDictionary(null),
})

const isFull = ({ symbols, conditionSets }: Dictionaries): boolean =>
  Math.max(symbols.values.length, conditionSets.values.length) > DICTIONARY_ENTRIES_MAX

/** Answers the sheet to write on, where there is at least the room asked for: a new one when the last is full. */
export function createSheets(): (room: Room) => Sheet {
  let sheet = createSheet({ rows: 0, bytes: 0 }, createDictionaries())
  return ({ rows, bytes }) => {
    const { row, filled, dictionaries } = sheet
    const fits = row + rows <= sheet.ends.length && filled + bytes <= sheet.bytes.length
    if (fits && !isFull(dictionaries)) return sheet
    const room = { rows: Math.max(rows, SHEET_ROWS), bytes: Math.max(bytes, SHEET_BYTES) }
    sheet = createSheet(room, isFull(dictionaries) ? createDictionaries() : dictionaries)
    return sheet
  }
}

/** Cuts off the rows written since the last cut: `count` records of `bytes` bytes, with `ends` from 0 on. */
export function cut(sheet: Sheet, count: number, bytes: number): Identified {
  const { row, filled, dictionaries } = sheet
  const next = row + count
  sheet.row = next
  sheet.filled += bytes
  return {
    count,
    bytes: sheet.bytes.subarray(filled, sheet.filled),
    ends: sheet.ends.subarray(row, next),
    receivedMs: sheet.receivedMs.subarray(row, next),
    redelivered: sheet.redelivered.subarray(row, next),
    key: sheet.key.subarray(row, next),
    keys: dictionaries.symbols.values,
    identities: { words: sheet.words, row, dictionaries },
  }
}
