/** A simulated listing: opening price in dollars, annual volatility, and its share of trading by rank. */
export type Listing = {
  readonly symbol: string
  readonly price: number
  readonly volatility: number
  /** Crypto trades without conditions, in fractions, around the clock. */
  readonly crypto: boolean
}

const us = (symbol: string, price: number, volatility: number): Listing => ({
  symbol,
  price,
  volatility,
  crypto: false,
})
const crypto = (symbol: string, price: number, volatility: number): Listing => ({
  symbol,
  price,
  volatility,
  crypto: true,
})

/** The simulator's market, busiest first. Prices are round numbers of the right size, not quotes. */
export const LISTINGS: readonly Listing[] = [
  us('NVDA', 180, 0.45),
  us('TSLA', 415, 0.6),
  us('AAPL', 272, 0.27),
  us('SPY', 665, 0.16),
  us('QQQ', 598, 0.21),
  us('AMZN', 226, 0.33),
  us('MSFT', 478, 0.25),
  us('META', 612, 0.36),
  us('AMD', 214, 0.55),
  us('GOOGL', 292, 0.32),
  us('PLTR', 162, 0.65),
  us('INTC', 35, 0.5),
  us('AVGO', 345, 0.5),
  us('BAC', 52, 0.25),
  us('F', 13, 0.32),
  us('NFLX', 108, 0.34),
  us('IWM', 236, 0.22),
  us('UBER', 86, 0.38),
  us('XOM', 118, 0.24),
  us('JPM', 302, 0.24),
  us('WMT', 104, 0.22),
  us('DIS', 105, 0.28),
  us('KO', 72, 0.15),
  us('PFE', 25, 0.24),
  us('T', 26, 0.2),
  us('C', 99, 0.28),
  us('CSCO', 77, 0.25),
  us('V', 328, 0.2),
  us('JNJ', 203, 0.17),
  us('BRK.B', 503, 0.16),
  us('ORCL', 205, 0.45),
  us('COST', 898, 0.2),
  us('CRM', 230, 0.33),
  us('MU', 215, 0.55),
  us('HD', 335, 0.23),
  us('LLY', 1050, 0.34),
  us('BA', 180, 0.36),
  us('NKE', 64, 0.34),
  crypto('BINANCE:BTCUSDT', 86_500, 0.5),
  crypto('BINANCE:ETHUSDT', 2_820, 0.7),
]

/** A plausible listing for a symbol that is not in the list: the same one for the same symbol, whatever the seed. */
export function listingOf(symbol: string): Listing {
  const known = LISTINGS.find((listing) => listing.symbol === symbol)
  if (known !== undefined) return known
  let hash = 2_166_136_261 // FNV-1a
  for (let i = 0; i < symbol.length; i++)
    hash = Math.imul(hash ^ symbol.charCodeAt(i), 16_777_619) >>> 0
  const price = Math.round(Math.exp(2 + (hash % 1000) / 250) * 100) / 100 // 7 to 400 dollars
  const volatility = 0.2 + ((hash >>> 10) % 100) / 200
  return { symbol, price, volatility, crypto: symbol.includes(':') }
}
