import type { Condition } from '../../../../src/serve/contract/market.ts'

/** Codes shown of one trade; the feed sends at most a handful, others may send more. */
const CODES_MAX = 8

/** The condition codes of a trade, in wire order; `rest` is how many more there are than are shown. */
export function codesOf(conditions: string | null): {
  readonly codes: readonly string[]
  readonly rest: number
} {
  const all = (conditions ?? '')
    .split(',')
    .map((code) => code.trim())
    .filter((code) => code !== '')
  return { codes: all.slice(0, CODES_MAX), rest: Math.max(0, all.length - CODES_MAX) }
}

/** What a code means and what a trade with it does not set; of an unknown one that it is unknown. */
export function codeText(code: string, known: Condition | undefined): string {
  if (known === undefined) return `${code}: not among the known conditions`
  const { last, high_low: highLow, volume } = known.updates
  const not = [
    ...(last === 'no' ? ['last price'] : []),
    ...(highLow ? [] : ['high and low']),
    ...(volume ? [] : ['volume']),
  ]
  const sets = not.length === 0 ? '' : ` (does not set ${listed(not)})`
  return `${code}: ${known.name}${sets}`
}

const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
