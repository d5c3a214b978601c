import { quotedText, timeLiteral } from './literals.ts'

export type Example = { readonly title: string; readonly about: string; readonly sql: string }

/** What is in the lake: examples are about it, so that each shows something. */
export type Subject = {
  /** The most traded. */
  readonly symbol: string
  /** The newest trade. */
  readonly atMs: number
}

const [MINUTE, HOUR] = [60_000, 3_600_000]

/** Times are literals: a statement that says them reads only the files of those hours. */
export function examplesFor({ symbol, atMs }: Subject): readonly Example[] {
  const until = Math.floor(atMs / MINUTE) * MINUTE + MINUTE
  const since = (ms: number) => timeLiteral(until - ms)
  const name = quotedText(symbol)
  const last = (hours: number) => `ts >= ${since(hours * HOUR)}`
  const scope = { symbol, name, since, until: timeLiteral(until - MINUTE), last }
  return [...ofBars(scope), ...ofSweeps(scope), ...ofTrades(scope), ...ofTheRecorder(scope)]
}

type Scope = {
  readonly symbol: string
  readonly name: string
  readonly since: (ms: number) => string
  /** The last minute that has begun. */
  readonly until: string
  readonly last: (hours: number) => string
}

const ofBars = ({ symbol, name, since, until, last }: Scope): readonly Example[] => [
  {
    title: 'Bars with gaps',
    about: `Minutes of ${symbol}; one in which trades may be missing says why`,
    sql: `-- Minutes of ${symbol}; one in which trades may be missing says why
WITH minutes AS (
  SELECT unnest(generate_series(${since(HOUR)}, ${until}, INTERVAL 1 MINUTE)) AS minute
)
SELECT minute, open, high, low, close, volume, trades,
  (SELECT string_agg(DISTINCT cause, ', ') FROM gaps AS g
   WHERE (g.symbol IS NULL OR g.symbol = ${name})
     AND g.from_ts < minute + INTERVAL 1 MINUTE AND g.to_ts > minute) AS gap
FROM minutes
LEFT JOIN bars_1m AS b
  ON b.bucket = minute AND b.symbol = ${name} AND b.bucket >= ${since(HOUR)}
ORDER BY minute`,
  },
  {
    title: 'Bars of any width',
    about: 'Thirty seconds each, with the average price by volume',
    sql: `-- Thirty-second bars of ${symbol} and their average price
SELECT bucket, open, high, low, close, vwap, volume, trades
FROM bars('30s', from_ts := ${since(HOUR)})
WHERE symbol = ${name}
ORDER BY bucket`,
  },
  {
    title: 'Market share by session',
    about: 'Which symbols make up the volume before, in and after regular hours',
    sql: `-- Which symbols make up the volume of each session, in percent
SELECT session, symbol, sum(volume) AS volume,
  round(100 * sum(volume) / sum(sum(volume)) OVER (PARTITION BY session), 2) AS percent
FROM trades
WHERE ${last(24)} AND counts_volume
GROUP BY session, symbol
ORDER BY session, percent DESC`,
  },
]

const ofSweeps = ({ last }: Scope): readonly Example[] => [
  {
    title: 'Sweeps',
    about: 'How much of the volume was in intermarket sweeps',
    sql: `-- Intermarket sweeps: how many, and their share of the volume in percent
SELECT symbol, count(*) FILTER (WHERE sweep) AS sweeps,
  round(100 * coalesce(sum(volume) FILTER (WHERE sweep), 0) / sum(volume), 2) AS percent
FROM trades
WHERE ${last(24)} AND counts_volume
GROUP BY symbol
ORDER BY sweeps DESC`,
  },
  {
    title: 'Bursts of sweeps',
    about: 'Sweeps of one symbol that came within one millisecond',
    sql: `-- Sweeps of one symbol within one millisecond: one order, many venues
SELECT ts, symbol, count(*) AS sweeps, sum(volume) AS volume,
  min(price) AS low, max(price) AS high
FROM trades
WHERE ${last(24)} AND sweep
GROUP BY ts, symbol
HAVING count(*) > 1
ORDER BY volume DESC
LIMIT 50`,
  },
]

const ofTrades = ({ last }: Scope): readonly Example[] => [
  {
    title: 'Odd-lot share',
    about: 'How many trades are of less than a round lot',
    sql: `-- Trades of less than a round lot, in percent of all and of the volume
SELECT symbol, round(100 * avg(odd_lot::INT), 2) AS percent_of_trades,
  round(100 * coalesce(sum(volume) FILTER (WHERE odd_lot), 0) / sum(volume), 2) AS percent_of_volume,
  count(*) AS trades
FROM trades
WHERE ${last(24)}
GROUP BY symbol
ORDER BY percent_of_trades DESC`,
  },
  {
    title: 'Busiest milliseconds',
    about: 'When most trades bear the same time',
    sql: `-- The milliseconds with most trades
SELECT ts, symbol, count(*) AS trades, sum(volume) AS volume,
  max(price) - min(price) AS spread
FROM trades
WHERE ${last(24)}
GROUP BY ts, symbol
ORDER BY trades DESC, volume DESC
LIMIT 50`,
  },
  {
    title: 'Largest trades',
    about: 'By what was paid, with their conditions',
    sql: `-- The largest trades by what was paid
SELECT ts, symbol, price, volume, round(price * volume) AS paid, conditions, session
FROM trades
WHERE ${last(24)}
ORDER BY paid DESC
LIMIT 100`,
  },
  {
    title: 'Conditions',
    about: 'How often each condition code comes',
    sql: `-- How often each condition code comes
SELECT code, count(*) AS trades, sum(volume) AS volume
FROM (
  SELECT unnest(string_split(conditions, ',')) AS code, volume
  FROM trades WHERE ${last(24)}
)
GROUP BY code
ORDER BY trades DESC`,
  },
]

const ofTheRecorder = ({ last, since }: Scope): readonly Example[] => [
  {
    title: 'Latency',
    about: 'From the trade to its arrival, by the minute',
    sql: `-- Milliseconds from the trade to its arrival, by the minute
SELECT date_trunc('minute', ts) AS minute,
  quantile_cont(date_diff('millisecond', ts, received_at), 0.5) AS p50_ms,
  quantile_cont(date_diff('millisecond', ts, received_at), 0.99) AS p99_ms
FROM trades
WHERE ${last(2)}
GROUP BY minute
ORDER BY minute`,
  },
  {
    title: 'Gaps',
    about: 'When trades may be missing, and why',
    sql: `-- When trades may be missing, and why
SELECT coalesce(symbol, 'all') AS symbol, cause, from_ts, to_ts,
  date_diff('millisecond', from_ts, to_ts) / 1000 AS seconds, open
FROM gaps
ORDER BY from_ts DESC`,
  },
  {
    title: 'What the recorder did',
    about: 'Connections, subscriptions and losses of a day, signs of life left out',
    sql: `-- What the recorder was told and did, signs of life left out
SELECT occurred_at, kind, symbols, cause, recorder
FROM feed_log
WHERE occurred_at >= ${since(24 * HOUR)} AND kind <> 'alive'
ORDER BY occurred_at DESC
LIMIT 200`,
  },
]
