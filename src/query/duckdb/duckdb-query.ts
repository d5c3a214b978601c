import {
  holdLocal,
  opened,
  openDuckdb,
  type Answering,
  type Connection,
  type Duckdb,
  type Hold,
  type Httpfs,
} from '../../duckdb/duckdb.ts'
import type { Clock } from '../../flow/clock.ts'
import { isFault } from '../../flow/fault.ts'
import type { Wanted } from '../../lake/lake.ts'
import type { Table } from '../../market/tables.ts'
import type { AsOf, Query, ResultColumn } from '../query.ts'
import { viewStatements, type ViewOptions } from '../views.ts'
import { checkReadOnly, prepareReadOnly, type Checked } from './guard.ts'
import { lastLandedMs } from './landed.ts'
import { deadlineOf, limitRows } from './limits.ts'
import { openPruning, type Pruning } from './pruning.ts'
import { emptySql, relationSql } from './relation.ts'
import { openTail, UNREAD, type Reading, type Source, type Tail } from './tail.ts'

export type { Source } from './tail.ts'

// About three million trades: what a recorder without a lander gathers in a busy quarter of an hour.
const TAIL_BYTES_MAX = 256 * 1024 * 1024
// A file that was expired between the snapshot and the first read of it: the next snapshot has not got it.
const TRIES_MAX = 2

export type DuckdbQueryOptions = {
  readonly records: Source
  readonly feedLog: Source
  /** Folders, or the prefix on S3, of the files that `hold` gives: SQL can read these and nothing else. */
  readonly readable: readonly string[]
  /** Where DuckDB reads the lake's files; absent: where they are, on this machine. */
  readonly hold?: Hold
  /** Reads S3; then statements may name no files themselves. */
  readonly httpfs?: Httpfs
  readonly clock: Clock
  readonly threads: number
  readonly memoryMb: number
  /** Where DuckDB spills; null: a query that does not fit in memory fails. */
  readonly spillDir: string | null
  readonly tailBytesMax?: number
  readonly views?: ViewOptions
}

/**
 * SQL by DuckDB over one snapshot of the lake and the tape after it: each record once, none that was on the
 * tape when the query began is missing. Views are those of query/views.ts over `records` and `feed_log`. Only
 * files that may hold what the statement asks for are opened.
 * Queries may run side by side; whoever gets an answer reads its batches to the end or returns them.
 */
export async function openDuckdbQuery(options: DuckdbQueryOptions): Promise<Query> {
  const { records, feedLog, clock, tailBytesMax = TAIL_BYTES_MAX, hold = holdLocal } = options
  const tables = [records.table, feedLog.table]
  await using opening = new AsyncDisposableStack()
  const planning = openPruning(tables, options.views) // takes its time beside the engine
  opening.defer(() =>
    planning.then(
      (opened) => opened[Symbol.asyncDispose](),
      () => undefined,
    ),
  )
  const duckdb = opening.use(await openDuckdb(options))
  await createViews(duckdb, tables, options.views)
  const tails: Tailed[] = []
  for (const source of [records, feedLog]) {
    const connection = opening.use(await duckdb.connect())
    const tail = openTail({ connection, source, bytesMax: tailBytesMax })
    tails.push({ source, tail, always: source === records })
  }
  const files = options.httpfs === undefined
  const pruning = await planning
  const running: Running = { duckdb, pruning, tails, hold, files }
  const closing = opening.move()
  const covers = records.log === null ? 'lake' : 'lake and tail'
  return {
    covers,
    run: async (sql, limits, signal) => {
      const deadline = deadlineOf(limits, clock, signal)
      try {
        await using starting = new AsyncDisposableStack()
        const { answering, readings, end } = await started(running, sql, deadline.signal)
        starting.defer(end)
        const reach = await asOf({ covers, source: records, clock }, readings[0])
        const ending = starting.move()
        const release = async () => {
          deadline.clear()
          await ending.disposeAsync()
        }
        return {
          asOf: reach,
          columns: answering.columns,
          planned: plannedOf(readings),
          ...limitRows(answering, limits, { release, explain: deadline.explain }),
        }
      } catch (error) {
        deadline.clear()
        throw deadline.explain(error)
      }
    },
    check: async (sql) => (await checkedFirst(running, sql)).columns,
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}

/** The views are bound to the base relations of whichever session asks: here those are empty. */
async function createViews(
  duckdb: Duckdb,
  tables: readonly Table[],
  views: ViewOptions | undefined,
): Promise<void> {
  using connection = await duckdb.connect()
  for (const table of tables) await nameTable(connection, table, emptySql(table))
  for (const statement of viewStatements(views)) await connection.run(statement)
}

/** `always`: it tells how far an answer reaches, also one that does not read it. */
type Tailed = { readonly source: Source; readonly tail: Tail; readonly always: boolean }
type Running = {
  readonly duckdb: Duckdb
  readonly pruning: Pruning
  readonly tails: readonly Tailed[]
  readonly hold: Hold
  /** Statements may name files. */
  readonly files: boolean
}
/** A reading, and what was wanted of the lake. */
type Read = Reading & { readonly table: Table; readonly wanted: Wanted }
type Started = {
  readonly readings: readonly Read[]
  readonly answering: Answering
  /** Gives back all that the query holds. */
  readonly end: () => Promise<void>
}

async function started(running: Running, sql: string, signal: AbortSignal): Promise<Started> {
  const { checked } = await checkedFirst(running, sql)
  for (let attempt = 1; ; attempt++) {
    const last = attempt >= TRIES_MAX
    try {
      const once = await startedOnce(running, checked, { signal, last })
      if (once !== null) return once
    } catch (error) {
      if (last || !isFault(error, 'unavailable')) throw error
    }
  }
}

/** Whatever is wrong with the statement is told before anything is read for it. */
async function checkedFirst(
  { duckdb, tails, files }: Running,
  sql: string,
): Promise<{ readonly checked: Checked; readonly columns: readonly ResultColumn[] }> {
  using session = await duckdb.connect()
  const checked = await checkReadOnly(session, sql, { files })
  for (const { source } of tails) await nameTable(session, source.table, emptySql(source.table))
  using statement = await prepareReadOnly(session, checked)
  return { checked, columns: statement.columns }
}

const nameTable = async (session: Connection, { name }: Table, select: string): Promise<void> =>
  await session.run(`CREATE TEMP VIEW ${name} AS ${select}`)

/** Null: a file that was named is not there, and this was not the last try. */
async function startedOnce(
  { duckdb, pruning, tails, hold }: Running,
  checked: Checked,
  { signal, last }: { readonly signal: AbortSignal; readonly last: boolean },
): Promise<Started | null> {
  await using holding = new AsyncDisposableStack()
  const wants = await pruning.wants(checked.body)
  const readings = await allOrNone(
    tails.map(async ({ source: { table }, tail, always }): Promise<Read> => {
      const wanted = wants.get(table.name) ?? null
      const read = wanted !== null || always
      const reading = read ? await tail.read(wanted ?? NO_ROWS, signal) : UNREAD
      return { ...reading, table, wanted: wanted ?? NO_ROWS }
    }),
  )
  holding.defer(() => releaseAll(readings))
  const named = opened(readings.flatMap(({ snapshot }) => snapshot.files))
  const held = await hold(named, signal).catch((error: unknown) => {
    if (last || !isFault(error, 'invalid')) throw error
    return null
  })
  if (held === null) return null
  holding.defer(() => held.release())
  const session = holding.use(await duckdb.connect())
  for (const { table, ...reading } of readings)
    await nameTable(session, table, relationSql(table, reading, held.pathOf))
  using statement = await prepareReadOnly(session, checked)
  const answering = await statement.stream(signal)
  const ending = holding.move()
  return { readings, answering, end: () => ending.disposeAsync() }
}

/** Of the lake: no moment is in it. */
const NO_ROWS: Wanted = { symbols: [], fromMs: 0, toMs: 0 }

async function allOrNone(reads: readonly Promise<Read>[]): Promise<readonly Read[]> {
  const settled = await Promise.allSettled(reads)
  const failed = settled.find((outcome) => outcome.status === 'rejected')
  const readings = settled.flatMap((o) => (o.status === 'fulfilled' ? [o.value] : []))
  if (failed === undefined) return readings
  await releaseAll(readings)
  throw failed.reason
}

const releaseAll = async (readings: readonly Reading[]): Promise<void> => {
  for (const reading of readings) await reading.release()
}

function plannedOf(readings: readonly Read[]): { files: number; bytes: number } {
  const files = readings.flatMap(({ snapshot }) => snapshot.files)
  return { files: files.length, bytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) }
}

type Reaching = {
  readonly covers: AsOf['covers']
  readonly source: Source
  readonly clock: Clock
}

/** Of the records: what a trade is, is on that log. */
async function asOf({ covers, source, clock }: Reaching, reading: Read | undefined): Promise<AsOf> {
  if (reading === undefined) return { covers, receivedMs: null, degraded: false }
  const { degraded, snapshot, wanted } = reading
  const whole = Object.keys(wanted).length === 0
  const landed = () => lastLandedMs({ ...source, clock, snapshot, whole })
  return { covers, receivedMs: reading.receivedMs ?? (await landed()), degraded }
}
