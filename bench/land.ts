import { createTradeDecoder } from '../src/feed/finnhub-trades.ts'
import { verify } from '../src/verify/verify.ts'
import { recordRows } from '../src/market/rows.ts'
import { RECORDS, type Rows } from '../src/market/tables.ts'
import { measure, tapeRuns, type BenchOptions, type BenchRow } from './bench.ts'
import { openFilled, type Filled } from './filled.ts'

const ROLL_ROWS = 500_000
const RUN_TRADES = 10_000

/** Decoded rows → sorted Parquet alone; SQLite tape → visible rows, committed and fsynced; and verify of them. */
export async function benchLand({ trades }: BenchOptions): Promise<BenchRow[]> {
  await using filled = await openFilled(trades)
  // First: peak memory is then of landing alone.
  const landing = await measure('land: SQLite tape → visible rows', async () => {
    await filled.land()
    return trades
  })
  return [
    landing,
    await writeParquet(filled, trades),
    await measure('verify: tape against lake, every column', () => verifyAll(filled)),
  ]
}

async function writeParquet({ parquet, decode }: Filled, trades: number): Promise<BenchRow> {
  const batches: Rows[] = []
  const rows = Math.min(trades, ROLL_ROWS)
  for (const run of tapeRuns({ trades: rows }, RUN_TRADES)) batches.push(decode(run))
  const rolled = { batches, rows, stretches: new Map(), openedMs: 0 }
  await parquet.write(rolled) // loads DuckDB
  let bytes = 0
  const row = await measure('land: rows → sorted Parquet', async () => {
    for (const { sizeBytes } of await parquet.write(rolled)) bytes += sizeBytes
    return rows
  })
  return { ...row, note: `${(bytes / rows).toFixed(1)} bytes a row` }
}

async function verifyAll({ tape, lake }: Filled): Promise<number> {
  const decode = createTradeDecoder()
  const [verdict] = await verify({
    sources: [
      { table: RECORDS, lake, log: tape.trades, rows: (run) => recordRows(decode(run), 'bench') },
    ],
    threads: 2,
    memoryMb: 1024,
    spillDir: null,
    signal: new AbortController().signal,
    findingsMax: 1,
    found: (finding) => console.error(finding),
  })
  if (verdict?.passed !== true) throw new Error('what landed is not what was on the tape')
  return verdict.records
}
