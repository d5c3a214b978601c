import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTradeDecoder } from '../../src/feed/finnhub-trades.ts'
import type { Clock } from '../../src/flow/clock.ts'
import { seededRandom } from '../../src/flow/random.ts'
import { openIcebergLake, type IcebergLake } from '../../src/lake/iceberg-lake.ts'
import { openLocalStore } from '../../src/lake/local-store.ts'
import type { Staged } from '../../src/lake/lake.ts'
import { duckdbParquetWriter } from '../../src/lake/parquet.ts'
import { openSqliteCatalog } from '../../src/lake/sqlite-catalog.ts'
import { compact, type Compacted } from '../../src/lake/upkeep/compact.ts'
import { duckdbRewriter } from '../../src/lake/upkeep/duckdb-rewriter.ts'
import { expireSnapshots } from '../../src/lake/upkeep/expire.ts'
import { removeOrphans } from '../../src/lake/upkeep/orphans.ts'
import { hoursOf } from '../../src/market/calendar.ts'
import { logId, offset, partition, type Offset, type Run } from '../../src/market/records.ts'
import { feedLogRows, recordRows } from '../../src/market/rows.ts'
import { FEED_LOG, RECORDS, type Rows } from '../../src/market/tables.ts'
import { openDuckdbQuery } from '../../src/query/duckdb/duckdb-query.ts'
import type { Query } from '../../src/query/query.ts'
import { tradeText, type ReplayTrade } from '../../src/replay/frame.ts'
import { createMarket } from '../../src/replay/simulated-market.ts'
import { LISTINGS } from '../../src/replay/simulated-symbols.ts'

const DAY_MS = 86_400_000
const LOG = logId('7ea70000-0000-4000-8000-000000000001')
const P0 = partition(0)
const SOURCE = 'simulator'
const LAG_MS = 40 // from venue to us
const RUN_TRADES = 10_000
// Each day's figures are medians over so many questions.
const ASKED = 5
const NEVER = new AbortController().signal

export type YearOptions = {
  readonly dir: string
  /** Trading days. */
  readonly days: number
  readonly tradesADay: number
  readonly commitsADay: number
  readonly seed: number
  readonly say: (line: string) => void
}

/** What one day's end was like; times in ms, sizes in bytes. */
export type DayFigures = {
  readonly day: string
  readonly rows: number
  readonly files: number
  readonly metadataBytes: number
  readonly commitMs: number
  readonly planMs: number
  readonly queryMs: number
  readonly lakeBytes: number
}

/**
 * Lands trading days one after the other on a clock of its own, with the upkeep that `land` does: the open day's files
 * gathered hourly and snapshots expired, the closed day sorted once, orphans removed daily. Throws where rows are not what landed.
 */
export async function liveYear(options: YearOptions): Promise<readonly DayFigures[]> {
  const { days, say } = options
  await using year = await openYear(options)
  const figures: DayFigures[] = []
  let day = Math.floor(Date.UTC(2025, 0, 2) / DAY_MS)
  const lived: number[] = []
  for (; lived.length < days; day++) {
    const { open, openMs, closeMs } = hoursOf(day)
    if (!open) continue
    const commitMs = await year.trade(openMs, closeMs)
    await year.close((day + 1) * DAY_MS + 2 * 3_600_000)
    lived.push(day)
    figures.push(await year.measure(day, commitMs))
    if (lived.length % 10 === 0) say(`day ${lived.length}: ${JSON.stringify(figures.at(-1))}`)
  }
  await year.check(lived)
  return figures
}

/** A clock that is set by what happens, so that a year passes in minutes. */
function setClock(): { readonly clock: Clock; readonly set: (ms: number) => void } {
  let nowMs = Date.UTC(2025, 0, 1)
  const clock: Clock = {
    now: () => nowMs,
    monotonic: () => nowMs,
    sleep: async () => undefined,
  }
  return { clock, set: (ms) => void (nowMs = Math.max(nowMs, ms)) }
}

type Year = AsyncDisposable & {
  /** Lands a session; answers the median time of a commit. */
  trade(openMs: number, closeMs: number): Promise<number>
  /** The night after it. */
  close(nowMs: number): Promise<void>
  measure(day: number, commitMs: number): Promise<DayFigures>
  check(days: readonly number[]): Promise<void>
}

async function openYear(options: YearOptions): Promise<Year> {
  const { dir, tradesADay, commitsADay, seed } = options
  await mkdir(dir, { recursive: true })
  await using opening = new AsyncDisposableStack()
  const { clock, set } = setClock()
  const random = seededRandom(seed)
  const lakeDir = join(dir, 'lake')
  const store = await openLocalStore({ dir: lakeDir, mode: 'write', clock, random })
  const catalog = opening.use(
    openSqliteCatalog({ file: join(lakeDir, 'catalog.db'), mode: 'write' }),
  )
  const engine = { table: RECORDS, dir: store.stagingDir, memoryMb: 512, threads: 2 }
  const parquet = opening.use(await duckdbParquetWriter(engine))
  const rewriter = opening.use(await duckdbRewriter(engine))
  const tableOf = { table: RECORDS, log: LOG, source: SOURCE, catalog, store, clock, random }
  const lake = await openIcebergLake({ ...tableOf, parquet, mode: 'write' })
  const workshop = { rewriter, dir: store.stagingDir, pathOf: (path: string) => path }
  const decode = createTradeDecoder()
  let next = 0
  const stage = async (trades: readonly ReplayTrade[]): Promise<Staged> => {
    const batches: Rows[] = []
    const first = offset(next)
    for (let at = 0; at < trades.length; at += RUN_TRADES) {
      const run = runOf(trades.slice(at, at + RUN_TRADES), offset(next))
      next += run.count
      batches.push(recordRows(decode(run), SOURCE))
    }
    const position = { next: offset(next), last: { offset: offset(next - 1), crc: 1 } }
    const stretches = new Map([[P0, { first, position }]])
    return await lake.stage({ batches, rows: trades.length, stretches, openedMs: 0 })
  }
  const market = createMarket({
    random,
    symbols: LISTINGS.map(({ symbol }) => symbol),
    ratePerSecond: tradesADay / (6.5 * 3600),
    activity: () => 1,
    regular: () => true,
  })
  const tend = async (scope: 'open' | 'closed'): Promise<readonly Compacted[]> =>
    await Array.fromAsync(compact(lake.tended(), { workshop, scope, signal: NEVER }))
  const query = opening.use(await openReading(lakeDir, lake))
  const closing = opening.move()
  return {
    trade: async (openMs, closeMs) => {
      const took: number[] = []
      const stepMs = (closeMs - openMs) / commitsADay
      for (let i = 0; i < commitsADay; i++) {
        const fromMs = openMs + i * stepMs
        set(fromMs + stepMs)
        const trades = market.advance(fromMs, fromMs + stepMs)
        if (trades.length === 0) continue
        const staged = await stage(trades)
        const began = performance.now()
        await lake.commit(staged)
        took.push(performance.now() - began)
        if ((i + 1) % Math.ceil(commitsADay / 6.5) !== 0) continue
        await tend('open')
        await expireSnapshots(lake.tended())
      }
      return median(took)
    },
    close: async (nowMs) => {
      set(nowMs)
      await tend('closed')
      await expireSnapshots(lake.tended())
      await removeOrphans(lake.tended())
    },
    measure: (day, commitMs) => measure({ lake, query, tableOf, store, next }, day, commitMs),
    check: (days) => checkAll(query, { days, next }),
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}

/** Trades as the records of a tape. */
function runOf(trades: readonly ReplayTrade[], first: Offset): Run {
  const texts = trades.map((trade) => Buffer.from(tradeText(trade)))
  const ends = new Uint32Array(texts.length)
  texts.reduce((end, { length }, i) => (ends[i] = end + length), 0)
  const count = texts.length
  return {
    count,
    bytes: new Uint8Array(Buffer.concat(texts)),
    ends,
    receivedMs: Float64Array.from(trades, ({ timeMs }) => timeMs + LAG_MS),
    redelivered: new Uint8Array(count),
    log: LOG,
    partition: P0,
    first,
    next: offset(first + count),
    delta: Uint32Array.from({ length: count }, (_, i) => i),
  }
}

const openReading = (dir: string, lake: IcebergLake): Promise<Query> =>
  openDuckdbQuery({
    records: {
      table: RECORDS,
      lake,
      log: null,
      rows: (run) => recordRows(createTradeDecoder()(run), SOURCE),
    },
    feedLog: {
      table: FEED_LOG,
      lake: { snapshot: async () => ({ id: null, files: [], positions: new Map() }) },
      log: null,
      rows: feedLogRows,
    },
    readable: [dir],
    clock: { now: Date.now, monotonic: () => performance.now(), sleep: async () => undefined },
    threads: 2,
    memoryMb: 512,
    spillDir: null,
  })

type Measuring = {
  readonly lake: IcebergLake
  readonly query: Query
  readonly tableOf: Omit<Parameters<typeof openIcebergLake>[0], 'mode'>
  readonly store: Awaited<ReturnType<typeof openLocalStore>>
  readonly next: number
}

async function measure(
  { lake, query, tableOf, store, next }: Measuring,
  day: number,
  commitMs: number,
): Promise<DayFigures> {
  const { pointer } = await lake.tended().load()
  const stretch = { fromMs: day * DAY_MS, toMs: (day + 1) * DAY_MS }
  const date = new Date(day * DAY_MS).toISOString().slice(0, 10)
  const planMs = await medianOf(async () => {
    // A reader of its own, as another process has: nothing is in its memory yet.
    const reader = await openIcebergLake({ ...tableOf, mode: 'read' })
    const { files } = await reader.snapshot({ ...stretch, symbols: ['AAPL'] })
    if (files.length === 0) throw new Error(`${date} has no file`)
  })
  const queryMs = await medianOf(async () => {
    const [row] = await rowsOf(
      query,
      `SELECT count(*) FROM bars_1m WHERE symbol = 'AAPL' AND bucket >= TIMESTAMP '${date} 00:00:00'
       AND bucket < TIMESTAMP '${date} 00:00:00' + INTERVAL 1 DAY`,
    )
    if (Number(row?.[0]) < 1) throw new Error(`${date} has no bar`)
  })
  let lakeBytes = 0
  for await (const { size } of store.list('')) lakeBytes += size
  return {
    day: date,
    rows: next,
    files: (await lake.snapshot()).files.length,
    metadataBytes: (await readFile(pointer.location)).length,
    commitMs,
    planMs,
    queryMs,
    lakeBytes,
  }
}

type Checking = { readonly days: readonly number[]; readonly next: number }

/** Every record is there once: the days' offsets follow each other without a hole, and nothing is beside them. */
async function checkAll(query: Query, { days, next }: Checking): Promise<void> {
  let reached = 0
  for (const day of days) {
    const date = new Date(day * DAY_MS).toISOString().slice(0, 10)
    const [row] = await rowsOf(
      query,
      `SELECT count(*), count(DISTINCT tape_offset), min(tape_offset), max(tape_offset) FROM records
       WHERE ts >= TIMESTAMP '${date}' AND ts < TIMESTAMP '${date}' + INTERVAL 1 DAY`,
    )
    const [count = 0, distinct, least, greatest] = (row ?? []).map(Number)
    if (least !== reached || distinct !== count || greatest !== reached + count - 1)
      throw new Error(`${date}: ${count} rows, ${distinct} offsets [${least}, ${greatest}]`)
    reached += count
  }
  const [all] = await rowsOf(query, 'SELECT count(*) FROM records')
  if (reached !== next || Number(all?.[0]) !== next)
    throw new Error(`${reached} rows of days, ${Number(all?.[0])} in all, of ${next}`)
}

async function rowsOf(query: Query, sql: string) {
  const answer = await query.run(sql, { rowsMax: null, millisMax: null }, NEVER)
  return (await Array.fromAsync(answer.batches)).flat()
}

const medianOf = async (act: () => Promise<void>): Promise<number> => {
  const took: number[] = []
  for (let i = 0; i < ASKED; i++) {
    const began = performance.now()
    await act()
    took.push(performance.now() - began)
  }
  return median(took)
}

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
