/** Distinct condition sets remembered; a feed that invents more than this makes us look them up again. */
const MEMO_MAX = 16_384

/**
 * What a condition lets a trade update. `last`: 'only' where nothing else in the bar counts for last;
 * 'only until 16:00:10': the same, and only before the end of last-sale eligibility, New York time.
 */
export type Rule = {
  readonly volume: boolean
  readonly highLow: boolean
  readonly last: 'yes' | 'no' | 'only' | 'only until 16:00:10'
}

/** A Finnhub code with its SIP sale-condition letters on the CTA (tapes A, B) and UTP (tape C) feeds. */
export type Condition = {
  readonly code: string
  readonly name: string
  readonly cta: string | null
  readonly utp: string | null
  readonly rule: Rule
}

const ALL: Rule = { volume: true, highLow: true, last: 'yes' }
const VOLUME: Rule = { volume: true, highLow: false, last: 'no' }
const ONLY: Rule = { volume: true, highLow: true, last: 'only' }
const SOLD_LAST: Rule = { volume: true, highLow: true, last: 'only until 16:00:10' }
const NOTHING: Rule = { volume: false, highLow: false, last: 'no' }
const PRICES: Rule = { volume: false, highLow: true, last: 'yes' }

const of = (
  code: number,
  name: string,
  [cta, utp, rule]: readonly [cta: string | null, utp: string | null, rule: Rule],
): Condition => ({ code: String(code), name, cta, utp, rule })

/**
 * Codes and names: Finnhub's trade-condition sheet (finnhub.io/docs/api/websocket-trades). Letters and rules:
 * CTS Pillar Output Specification (ctaplan.com) and UTP Data Feed Services Specification (utpplan.com),
 * consolidated columns; codes without a letter: the published condition list of massive.com. No code means
 * cancelled. 38 (SIP: to be determined) and 40 (no published rule) count for volume only.
 */
export const CONDITIONS: readonly Condition[] = [
  of(1, 'Regular', [' ', '@', ALL]),
  of(2, 'Acquisition', [null, 'A', ALL]),
  of(3, 'Average Price Trade', ['B', 'W', VOLUME]),
  of(4, 'Bunched', [null, 'B', ALL]),
  of(5, 'Cash Sale', ['C', 'C', VOLUME]),
  of(6, 'Distribution', [null, 'D', ALL]),
  of(7, 'Automatic Execution', ['E', null, ALL]),
  of(8, 'Intermarket Sweep Order', ['F', 'F', ALL]),
  of(9, 'Bunched Sold', [null, 'G', ONLY]),
  of(10, 'Price Variation Trade', ['H', 'H', VOLUME]),
  of(11, 'Cap Election', [null, null, ALL]),
  of(12, 'Odd Lot Trade', ['I', 'I', VOLUME]),
  of(13, 'Rule 127', ['K', null, ALL]),
  of(14, 'Rule 155', ['K', 'K', ALL]),
  of(15, 'Sold Last', ['L', 'L', SOLD_LAST]),
  of(16, 'Market Center Official Close', ['M', 'M', NOTHING]),
  of(17, 'Next Day', ['N', 'N', VOLUME]),
  of(18, 'Market Center Opening Trade', ['O', null, ALL]),
  of(19, 'Opening Prints', [null, 'O', ALL]),
  of(20, 'Market Center Official Open', ['Q', 'Q', NOTHING]),
  of(21, 'Prior Reference Price', ['P', 'P', ONLY]),
  of(22, 'Seller', ['R', 'R', VOLUME]),
  of(23, 'Split Trade', [null, 'S', ALL]),
  of(24, 'Form-T Trade', ['T', 'T', VOLUME]),
  of(25, 'Extended Hours (Sold Out of Sequence)', ['U', 'U', VOLUME]),
  of(26, 'Contingent Trade', ['V', 'V', VOLUME]),
  of(27, 'Stock Option Trade', [null, null, ALL]),
  of(28, 'Cross Trade', ['X', 'X', ALL]),
  of(29, 'Yellow Flag', [null, 'Y', ALL]),
  of(30, 'Sold (Out of Sequence)', ['Z', 'Z', ONLY]),
  of(31, 'Stopped Stock', [null, '1', ALL]),
  of(32, 'Derivatively Priced', ['4', '4', ONLY]),
  of(33, 'Market Center Re-opening Trade', ['5', null, ALL]),
  of(34, 'Re-opening Prints', [null, '5', ALL]),
  of(35, 'Market Center Closing Trade', ['6', null, ALL]),
  of(36, 'Closing Prints', [null, '6', ALL]),
  of(37, 'Qualified Contingent Trade', ['7', '7', VOLUME]),
  of(38, 'Placeholder for 611 Exempt', [null, '8', VOLUME]),
  of(39, 'Corrected Consolidated Close', ['9', '9', PRICES]),
  of(40, 'Opened', [null, null, VOLUME]),
  of(41, 'Trade Through Exempt', [null, null, ALL]),
]

/** Codes that say: traded outside regular hours. They do not disqualify in the sessions `pre` and `post`. */
export const EXTENDED_HOURS_CODES: readonly string[] = ['24', '25']
export const ODD_LOT_CODE = '12'
export const SWEEP_CODE = '8'

/** What one trade may update, all of its conditions together: a "no" of any one wins. */
export type Eligibility = {
  readonly volume: boolean
  readonly highLow: boolean
  readonly last: boolean
  /** Counts for last only where nothing in its bar does without this. */
  readonly lastConditional: boolean
  /** …and then only before 16:00:10 New York time. */
  readonly untilEndOfEligibility: boolean
}

/** What a set of conditions says of a trade. */
export type Meaning = {
  readonly regular: Eligibility
  /** In the sessions `pre` and `post`. */
  readonly extended: Eligibility
  readonly extendedHours: boolean
  readonly oddLot: boolean
  readonly sweep: boolean
  /** False: some code is not Finnhub's 1–41; such a trade counts for volume only. */
  readonly known: boolean
}

const RULES: ReadonlyMap<string, Rule> = new Map(CONDITIONS.map(({ code, rule }) => [code, rule]))
const memo = new Map<string | null, Meaning>()

/** Conditions as the lake has them, "1,8"; null and empty: the feed said nothing, so everything counts. */
export function meaning(conditions: string | null): Meaning {
  const known = memo.get(conditions)
  if (known !== undefined) return known
  if (memo.size >= MEMO_MAX) memo.clear()
  const codes = conditions === null || conditions === '' ? [] : conditions.split(',')
  const fresh: Meaning = {
    regular: combine(codes),
    extended: combine(codes.filter((code) => !EXTENDED_HOURS_CODES.includes(code))),
    extendedHours: codes.some((code) => EXTENDED_HOURS_CODES.includes(code)),
    oddLot: codes.includes(ODD_LOT_CODE),
    sweep: codes.includes(SWEEP_CODE),
    known: codes.every((code) => RULES.has(code)),
  }
  memo.set(conditions, fresh)
  return fresh
}

/** What a trade with these conditions may update in a regular or continuous session, or in `pre` and `post`. */
export const eligibility = (
  conditions: string | null,
  hours: 'regular' | 'extended' = 'regular',
): Eligibility => meaning(conditions)[hours]

function combine(codes: readonly string[]): Eligibility {
  const rules = codes.map((code) => RULES.get(code) ?? VOLUME)
  const lastConditional =
    rules.every(({ last }) => last !== 'no') && rules.some(({ last }) => last !== 'yes')
  return {
    volume: rules.every(({ volume }) => volume),
    highLow: rules.every(({ highLow }) => highLow),
    last: rules.every(({ last }) => last === 'yes'),
    lastConditional,
    untilEndOfEligibility:
      lastConditional && rules.some(({ last }) => last === 'only until 16:00:10'),
  }
}
