import type { Interval } from '../../../../src/serve/contract/market.ts'
import type { Range } from './placed.ts'

export type Shown = Range & { readonly symbol: string; readonly interval: Interval }

/** The statement that gives the bars of a range, for the SQL page. Of days the range is of dates. */
export function statementOf({ symbol, interval, fromMs, toMs }: Shown): string {
  const bounds = [
    ...(Number.isFinite(fromMs) ? [`from_ts := ${sqlTime(fromMs)}`] : []),
    ...(Number.isFinite(toMs) ? [`to_ts := ${sqlTime(toMs)}`] : []),
  ]
  const called = [`'${interval}'`, ...bounds].join(', ')
  const sessions = interval === '1d' ? `\n  AND session IN ('regular', 'continuous')` : ''
  return `SELECT bucket, session, open, high, low, close, volume, trades, vwap
FROM bars(${called})
WHERE symbol = '${symbol.replaceAll("'", "''")}'${sessions}
ORDER BY bucket, session`
}

const sqlTime = (ms: number): string =>
  `TIMESTAMP '${new Date(ms).toISOString().slice(0, 23).replace('T', ' ').replace('.000', '')}'`
