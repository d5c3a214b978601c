import type { Keyed } from '../market/records.ts'

/**
 * What the trades of a block are known by, as the splitter saw it: so that the mark need not read them
 * again. Two trades of one `dictionaries` are equal if and only if their WORDS doubles are.
 */
export type Identities = {
  /** Record i of the block is words[WORDS * (row + i)] and the next WORDS - 1, which IDS says. */
  readonly words: Float64Array
  readonly row: number
  /** The ids of symbols and conditions have a meaning while this is the same object. */
  readonly dictionaries: object
}

/** The places of a trade's words. */
export const WORDS = 4
export const TIME_WORD = 0
export const PRICE_WORD = 1
export const VOLUME_WORD = 2
/** The symbol and the conditions in one; 0: the record is no trade. */
export const IDS_WORD = 3

/** A block that came straight from the splitter. */
export type Identified = Keyed & { readonly identities: Identities }

export const isIdentified = (records: Keyed): records is Identified => 'identities' in records

const CONDITIONS_IDS = 2 ** 26 // far above the entries of a dictionary; twice 26 bits are exact in a double

/** `symbol` is an id above 0. */
export const idsWord = (symbol: number, conditions: number): number =>
  symbol * CONDITIONS_IDS + conditions

export const symbolIn = (ids: number): number => Math.floor(ids / CONDITIONS_IDS)
