import { openDuckdb } from '../src/duckdb/duckdb.ts'
import { createTradeDecoder } from '../src/feed/finnhub-trades.ts'
import { systemClock } from '../src/flow/clock.ts'
import { feedLogRows, recordRows } from '../src/market/rows.ts'
import { FEED_LOG, RECORDS } from '../src/market/tables.ts'
import { openDuckdbQuery } from '../src/query/duckdb/duckdb-query.ts'
import type { Query } from '../src/query/query.ts'
import { measure, type BenchOptions, type BenchRow } from './bench.ts'
import { openFilled, type Filled } from './filled.ts'

const ENGINE = { threads: 2, memoryMb: 1024, spillDir: null }
// The best of so many: the first reads the files into the page cache.
const TIMES = 5

/** Each over `records`; what DuckDB alone is asked is the same text over the same files. */
const QUESTIONS = {
  'count of all rows': 'SELECT count(*) FROM records',
  'volume by symbol': 'SELECT symbol, sum(price * volume) FROM records GROUP BY symbol ORDER BY 2',
  'one symbol, one-minute bars': `SELECT time_bucket(INTERVAL 1 MINUTE, ts) AS minute, arg_min(price, ts),
    max(price), min(price), arg_max(price, ts), sum(volume) FROM records
    WHERE symbol = (SELECT min(symbol) FROM records) GROUP BY 1 ORDER BY 1`,
} as const

/** Scans and candles over the landed lake through the query port, and over its files by DuckDB alone. */
export async function benchQuery({ trades }: BenchOptions): Promise<BenchRow[]> {
  await using filled = await openFilled(trades)
  await filled.land()
  await using query = await openQuery(filled)
  const rows: BenchRow[] = []
  for (const [name, sql] of Object.entries(QUESTIONS)) {
    rows.push(await best(`query: ${name}`, trades, () => answer(query, sql)))
    rows.push(await best(`query: ${name}, DuckDB alone`, trades, () => plain(filled, sql)))
  }
  rows.push(
    await best('query: bars_1m of every symbol, by the condition rules', trades, () =>
      answer(query, 'SELECT count(*), sum(volume) FROM bars_1m'),
    ),
  )
  return rows
}

const openQuery = async ({ dir, tape, lake }: Filled): Promise<Query> => {
  const decode = createTradeDecoder()
  return await openDuckdbQuery({
    records: {
      table: RECORDS,
      lake,
      log: tape.trades,
      rows: (run) => recordRows(decode(run), 'bench'),
    },
    feedLog: { table: FEED_LOG, lake: NO_LAKE, log: tape.feed, rows: feedLogRows },
    readable: [dir],
    clock: systemClock,
    ...ENGINE,
  })
}

const NO_LAKE = { snapshot: async () => ({ id: null, files: [], positions: new Map() }) }

async function best(name: string, trades: number, act: () => Promise<void>): Promise<BenchRow> {
  const rows: BenchRow[] = []
  for (let i = 0; i < TIMES; i++)
    rows.push(
      await measure(name, async () => {
        await act()
        return trades
      }),
    )
  const [fastest] = rows.toSorted((a, b) => a.seconds - b.seconds)
  if (fastest === undefined) throw new Error('nothing was measured')
  return { ...fastest, note: `${(fastest.seconds * 1000).toFixed(0)} ms, best of ${TIMES}` }
}

async function answer(query: Query, sql: string): Promise<void> {
  const never = new AbortController().signal
  const { batches } = await query.run(sql, { rowsMax: null, millisMax: null }, never)
  for await (const batch of batches) if (batch.length === 0) throw new Error('an empty batch')
}

let alone: Promise<(sql: string) => Promise<void>> | undefined

/** The files as anybody would ask them: one DuckDB, open already. */
async function plain({ lake }: Filled, sql: string): Promise<void> {
  alone ??= (async () => {
    const duckdb = await openDuckdb({ ...ENGINE, readable: null })
    const connection = await duckdb.connect()
    const { files } = await lake.snapshot()
    const paths = files.map(({ location }) => `'${location}'`).join(', ')
    await connection.run(`CREATE VIEW records AS FROM read_parquet([${paths}])`)
    return async (sql: string) => {
      await connection.all(sql)
    }
  })()
  await (
    await alone
  )(sql)
}
