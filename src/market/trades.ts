import type { Run } from './records.ts'

/** Why a record is no trade; the index is `Trades.defect`, 0 is a trade. The words land in the column `defect`. */
export const DEFECTS = [
  'none',
  'not JSON',
  'not an object',
  'no symbol',
  'no price',
  'no time',
  'no volume',
  'bad conditions',
  'time out of range',
] as const
export type Defect = (typeof DEFECTS)[number]

/** A time before this is a defect: 2000-01-01T00:00:00Z, in ms. */
export const TIME_MS_MIN = 946_684_800_000
/** A time later than this after our clock at arrival is a defect, in ms. */
export const TIME_AHEAD_MS_MAX = 86_400_000

/** A run decoded: trades as columns. Row i is symbols[symbol[i]] at timeMs[i]; a record that is no trade has a defect. */
export type Trades = {
  readonly run: Run
  readonly symbol: Uint32Array
  /** Exactly as sent, never upper-cased. May grow between runs of one decoder: ids keep their meaning. */
  readonly symbols: readonly string[]
  readonly timeMs: Float64Array
  readonly price: Float64Array
  /** Fractional for crypto; 0 is legal. */
  readonly volume: Float64Array
  readonly conditions: Uint32Array
  /** "1,8" in wire order; null: the feed sent none. */
  readonly conditionSets: readonly (string | null)[]
  /** Index into DEFECTS; where it is not 0 every other column of the row is meaningless. */
  readonly defect: Uint8Array
}
