import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/flow/clock.ts'
import { systemRandom } from '../../src/flow/random.ts'
import { openIcebergLake, type IcebergLake } from '../../src/lake/iceberg-lake.ts'
import type { Staged } from '../../src/lake/lake.ts'
import { duckdbParquetWriter } from '../../src/lake/parquet.ts'
import { compact, type Compacted } from '../../src/lake/upkeep/compact.ts'
import { duckdbRewriter } from '../../src/lake/upkeep/duckdb-rewriter.ts'
import type { Workshop } from '../../src/lake/upkeep/replace.ts'
import { logId, offset, partition } from '../../src/market/records.ts'
import { feedLogRows } from '../../src/market/rows.ts'
import { FEED_LOG, RECORDS } from '../../src/market/tables.ts'
import { openDuckdbQuery } from '../../src/query/duckdb/duckdb-query.ts'
import { openFileCache } from '../../src/query/duckdb/file-cache.ts'
import type { Value } from '../../src/query/query.ts'
import type { Trino } from '../../stack/trino.ts'
import { runOf } from '../fixtures/rows.ts'
import { ask, rowsOf, SOURCE, tradeText } from '../fixtures/small-lake.ts'
import { readGlueLake } from '../readers/glue-lake.ts'
import { readByJava } from '../readers/iceberg-java.ts'
import { CHECKSUM_SQL, type Reading } from '../readers/reading.ts'
import type { AwsWorld } from './aws-world.ts'

const DAY_MS = 86_400_000
const P0 = partition(0)
const LOG = logId('a-log') // of the runs that fixtures/rows.ts makes
export const FIRST_DAY_MS = Date.UTC(2026, 10, 19, 15)
export const SYMBOLS_OF_DAY = 20

type Seen = Pick<Reading, 'rows' | 'checksum'>

/** A lake of S3 and Glue with one log, written in this process and read by everybody. */
export type ForeignLake = AsyncDisposable & {
  readonly lake: IcebergLake
  /** `database.table`. */
  readonly table: string
  /** Lands so many more trades as one commit, spread over two days, from where the table says. */
  land(trades: number): Promise<void>
  /** Stages trades [first, first + trades) and commits them nowhere. */
  stage(first: number, trades: number): Promise<Staged>
  readonly workshop: Workshop
  ask(sql: string): Promise<readonly (readonly Value[])[]>
  trino(sql: string): ReturnType<Trino['query']>
  compact(): Promise<readonly Compacted[]>
  /** Rows and checksum by DuckDB and Trino: the same. */
  agree(): Promise<Seen>
  /** …and by pyiceberg and Iceberg's Java library. */
  allAgree(): Promise<Seen>
}

export async function openForeignLake(world: AwsWorld, trino: Trino): Promise<ForeignLake> {
  await using opening = new AsyncDisposableStack()
  const dir = opening.adopt(await mkdtemp(join(tmpdir(), 'ticklake-foreign-')), (path) =>
    rm(path, { recursive: true, force: true }),
  )
  const namespace = world.database()
  const store = opening.use(await world.openStore({ prefix: `lakes/${randomUUID()}` }))
  const catalog = opening.use(await world.openCatalog(store.location))
  const engine = { table: RECORDS, dir, memoryMb: 256, threads: 1 }
  const parquet = opening.use(await duckdbParquetWriter(engine))
  const rewriter = opening.use(await duckdbRewriter(engine))
  const [clock, random] = [systemClock, systemRandom]
  const of = { log: LOG, source: SOURCE, catalog, store, clock, random, namespace }
  const lake = await openIcebergLake({ ...of, table: RECORDS, parquet, mode: 'write' })
  const feedLog = await openIcebergLake({ ...of, table: FEED_LOG, mode: 'read' })
  const cache = join(dir, 'cache')
  const { hold } = await openFileCache({ dir: cache, store, bytesMax: 1e9, clock, random })
  const reader = await openIcebergLake({ ...of, table: RECORDS, mode: 'read' })
  const query = opening.use(
    await openDuckdbQuery({
      records: { table: RECORDS, lake: reader, log: null, rows: rowsOf(RECORDS) },
      feedLog: { table: FEED_LOG, lake: feedLog, log: null, rows: feedLogRows },
      readable: [cache],
      hold,
      clock,
      threads: 1,
      memoryMb: 256,
      spillDir: null,
    }),
  )
  const decode = rowsOf(RECORDS)
  const workshop: Workshop = { rewriter, dir, pathOf: () => null }
  const table = `${namespace}.records`
  const closing = opening.move()
  const self: ForeignLake = {
    lake,
    table,
    workshop,
    land: async (trades) => {
      const first = (await lake.positions([P0])).get(P0)?.next ?? 0
      await lake.commit(await self.stage(first, trades))
    },
    stage: async (from, trades) => {
      const first = offset(from)
      const rows = decode(runOf(texts(first, trades), first))
      const next = offset(first + trades)
      const position = { next, last: { offset: offset(next - 1), crc: 1 } }
      const stretches = new Map([[P0, { first, position }]])
      return await lake.stage({ batches: [rows], rows: trades, stretches, openedMs: 0 })
    },
    ask: (sql) => ask(query, sql),
    trino: (sql) => trino.query(sql, { schema: namespace }),
    compact: () =>
      Array.fromAsync(compact(lake.tended(), { workshop, signal: new AbortController().signal })),
    agree: async () => {
      const [duckdb] = await self.ask(`SELECT count(*), ${CHECKSUM_SQL.duckdb} FROM records`)
      const [theirs] = await self.trino(`SELECT count(*), ${CHECKSUM_SQL.trino} FROM records`)
      const ours = seen(duckdb)
      assert.deepEqual(seen(theirs), ours, 'Trino sees what DuckDB sees')
      return ours
    },
    allAgree: async () => {
      const ours = await self.agree()
      const { env } = world.aws
      const read = await Promise.all([readGlueLake({ table, env }), readByJava({ table, env })])
      const others = read.map(({ rows, checksum }) => ({ rows, checksum }))
      assert.deepEqual(others, [ours, ours], 'pyiceberg and Java see what DuckDB sees')
      return ours
    },
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
  return self
}

const seen = (row: readonly unknown[] | undefined): Seen => ({
  rows: Number(row?.[0]),
  checksum: String(row?.[1]),
})

/** Trades of twenty symbols, on two days by turns; a few fields are what the feed may leave out. */
const texts = (first: number, count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => {
    const n = first + i
    return tradeText({
      s: `S${n % SYMBOLS_OF_DAY}`,
      t: FIRST_DAY_MS + (n % 2) * DAY_MS + n,
      p: 100 + (n % 400) / 4,
      v: n % 7,
      c: n % 3 === 0 ? null : ['1', '8'],
    })
  })
