import type { Interval } from '../../../src/serve/contract/market.ts'

/** As the contract's INTERVALS, without its schemas in the page. */
const INTERVALS = ['1s', '5s', '1m', '5m', '15m', '1h', '1d'] as const satisfies readonly Interval[]
/** Of the server: a longer symbol is none. */
const SYMBOL_CHARS_MAX = 200

export type MarketAsked = {
  /** Null: the most traded. */
  readonly symbol: string | null
  readonly interval: Interval
  readonly at: string | null
}

/** What the address asks the page to show; what makes no sense is as if it were not there. */
export function marketAsked(params: URLSearchParams): MarketAsked {
  const symbol = params.get('symbol') ?? ''
  const interval = INTERVALS.find((width) => width === params.get('interval')) ?? '1m'
  const at = params.get('at')
  return {
    symbol: symbol === '' || symbol.length > SYMBOL_CHARS_MAX ? null : symbol,
    interval,
    at: at === null || Number.isNaN(Date.parse(at)) ? null : at,
  }
}
