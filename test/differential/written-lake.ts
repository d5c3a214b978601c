import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTradeDecoder } from '../../src/feed/finnhub-trades.ts'
import { systemClock } from '../../src/flow/clock.ts'
import { seededRandom } from '../../src/flow/random.ts'
import type { Catalog } from '../../src/lake/catalog.ts'
import { openIcebergLake } from '../../src/lake/iceberg-lake.ts'
import type { Lake, Rolled } from '../../src/lake/lake.ts'
import { openLocalStore, type LocalStore } from '../../src/lake/local-store.ts'
import { duckdbParquetWriter } from '../../src/lake/parquet.ts'
import { openSqliteCatalog } from '../../src/lake/sqlite-catalog.ts'
import type { Store } from '../../src/lake/store.ts'
import { logId, offset, partition, type Run } from '../../src/market/records.ts'
import { recordRows } from '../../src/market/rows.ts'
import { RECORDS } from '../../src/market/tables.ts'
import { crcOf, DAY_MS, DAY_ZERO_MS } from '../simulation/rolls.ts'

export const LOG = logId('7f0d7c1e-0000-4000-8000-000000000009')
const SYMBOLS = ['AAPL', 'TSLA', 'BINANCE:BTCUSDT', 'BINANCE:1000SHIBUSDT-PERPETUAL'] as const

/** A trade as it is on the tape; null: a record that is no trade. */
export type Written = {
  readonly symbol: string
  readonly ms: number
  readonly price: number
  readonly volume: number
} | null

export type WrittenLake = AsyncDisposable & {
  readonly dir: string
  readonly lake: Lake
  readonly catalog: Catalog
  readonly store: LocalStore
  readonly written: readonly Written[]
}

export type Writing = {
  /** Commits of 50 records each; each begins a day. */
  readonly commits: number
  /** What the lake is given instead of the local store, over it. */
  readonly through?: (store: LocalStore) => Store
}

/** A lake on disk with real Parquet, written as `land` writes it; removed when disposed. */
export async function writtenLake({
  commits,
  through = (store) => store,
}: Writing): Promise<WrittenLake> {
  const dir = await mkdtemp(join(tmpdir(), 'ticklake-readers-'))
  const random = seededRandom(7)
  const store = await openLocalStore({ dir, mode: 'write', clock: systemClock, random })
  const catalog = openSqliteCatalog({ file: join(dir, 'catalog.db'), mode: 'write' })
  await using parquet = await duckdbParquetWriter({
    table: RECORDS,
    dir: store.stagingDir,
    memoryMb: 256,
    threads: 1,
  })
  const lake = await openIcebergLake({
    table: RECORDS,
    log: LOG,
    source: 'simulator',
    mode: 'write',
    catalog,
    store: through(store),
    parquet,
    clock: systemClock,
    random,
  })
  const written: Written[] = []
  for (let i = 0; i < commits; i++) {
    const records = Array.from({ length: 50 }, (_, k) => recordOf(i, k))
    await lake.commit(await lake.stage(rolled(records, written.length)))
    written.push(...records)
  }
  return {
    dir,
    lake,
    catalog,
    store,
    written,
    [Symbol.asyncDispose]: async () => {
      await catalog[Symbol.asyncDispose]()
      await rm(dir, { recursive: true })
    },
  }
}

function recordOf(commit: number, k: number): Written {
  if (k === 49) return null
  // The first commit knows one symbol, so that a filter on another leaves its file out.
  const symbol = SYMBOLS[commit === 0 ? 0 : k % SYMBOLS.length] ?? 'AAPL'
  return {
    symbol,
    ms: DAY_ZERO_MS + commit * DAY_MS + k * 1_001,
    price: 100 + k / 8,
    volume: k / 4,
  }
}

const bytesOf = (record: Written): Buffer =>
  Buffer.from(
    record === null
      ? '{"half":'
      : JSON.stringify({
          c: ['1', '8'],
          p: record.price,
          s: record.symbol,
          t: record.ms,
          v: record.volume,
        }),
  )

function rolled(records: readonly Written[], first: number): Rolled {
  const bodies = records.map(bytesOf)
  let end = 0
  const next = first + records.length
  const run: Run = {
    log: LOG,
    partition: partition(0),
    first: offset(first),
    next: offset(next),
    delta: Uint32Array.from(records, (_, i) => i),
    count: records.length,
    bytes: Buffer.concat(bodies),
    ends: Uint32Array.from(bodies, ({ length }) => (end += length)),
    receivedMs: Float64Array.from(records, (one, i) => one?.ms ?? DAY_ZERO_MS + first + i),
    redelivered: new Uint8Array(records.length),
  }
  const last = { offset: offset(next - 1), crc: crcOf(0, next - 1) }
  return {
    batches: [recordRows(createTradeDecoder()(run), 'simulator')],
    rows: records.length,
    stretches: new Map([
      [partition(0), { first: offset(first), position: { next: offset(next), last } }],
    ]),
    openedMs: 0,
  }
}
