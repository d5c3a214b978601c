import type { Trade } from '../../../../src/serve/contract/market.ts'
import type { Missed } from './row.ts'

/** Rows of a statement for older trades: some screens of them. */
const OLDER_ROWS = 1000

/** A statement for the trades between the two that are shown, both included; `symbol` '' is all. */
export function missedSql({ from, to }: Missed, symbol: string): string {
  const times = [from.ts, to.ts].sort((a, b) => Date.parse(a) - Date.parse(b))
  const between = `ts BETWEEN TIMESTAMPTZ '${times[0]}' AND TIMESTAMPTZ '${times[1]}'`
  return `${select(symbol, between)}
ORDER BY ts, tape_partition, tape_offset`
}

/** A statement for that trade and those before it, the newest first. */
export const olderSql = ({ ts }: Trade, symbol: string): string =>
  `${select(symbol, `ts <= TIMESTAMPTZ '${ts}'`)}
ORDER BY ts DESC, tape_partition, tape_offset DESC
LIMIT ${OLDER_ROWS}`

/** What the row says. */
export const missedText = ({ updates }: Missed): string =>
  updates === null
    ? 'The page was not connected: trades between are not shown. They are in the lake.'
    : `The page was behind: ${updates} ${updates === 1 ? 'batch' : 'batches'} not shown. They are in the lake.`

const select = (symbol: string, when: string): string => {
  const named = symbol === '' ? [] : [`symbol = '${symbol.replaceAll("'", "''")}'`]
  return `SELECT symbol, price, volume, conditions, session, ts, received_at
FROM trades
WHERE ${[...named, when].join('\n  AND ')}`
}
