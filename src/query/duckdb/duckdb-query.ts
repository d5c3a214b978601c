import { fileURLToPath } from 'node:url'
import { openDuckdb, type Answering, type Connection, type Duckdb } from '../../duckdb/duckdb.ts'
import type { Clock } from '../../flow/clock.ts'
import { isFault } from '../../flow/fault.ts'
import type { LakeSnapshot } from '../../lake/lake.ts'
import type { Table } from '../../market/tables.ts'
import type { AsOf, Query } from '../query.ts'
import { viewStatements, type ViewOptions } from '../views.ts'
import { prepareReadOnly } from './guard.ts'
import { deadlineOf, limitRows } from './limits.ts'
import { emptySql, relationSql } from './relation.ts'
import { openTail, type Reading, type Source, type Tail } from './tail.ts'

export type { Source } from './tail.ts'

// About three million trades: what a recorder without a lander gathers in a busy quarter of an hour.
const TAIL_BYTES_MAX = 256 * 1024 * 1024
// A file that was expired between the snapshot and the first read of it: the next snapshot has not got it.
const TRIES_MAX = 2

export type DuckdbQueryOptions = {
  readonly records: Source
  readonly feedLog: Source
  /** Folders of the lake's data files: SQL can read these and nothing else. */
  readonly readable: readonly string[]
  /** The local path of a data file's location. */
  readonly pathOf?: (location: string) => string
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
 * tape when the query began is missing. Views are those of query/views.ts over `records` and `feed_log`.
 * Queries may run side by side; whoever gets an answer reads its batches to the end or returns them.
 */
export async function openDuckdbQuery(options: DuckdbQueryOptions): Promise<Query> {
  const { records, feedLog, clock, tailBytesMax = TAIL_BYTES_MAX } = options
  const duckdb = await openDuckdb(options)
  await using opening = new AsyncDisposableStack()
  opening.use(duckdb)
  await createViews(duckdb, [records.table, feedLog.table], options.views)
  const tails: { readonly table: Table; readonly tail: Tail }[] = []
  for (const source of [records, feedLog]) {
    const connection = opening.use(await duckdb.connect())
    tails.push({
      table: source.table,
      tail: openTail({ connection, source, bytesMax: tailBytesMax }),
    })
  }
  const closing = opening.move()
  const covers = records.log === null ? 'lake' : 'lake and tail'
  const pathOf = options.pathOf ?? localPath
  const read = async (signal: AbortSignal): Promise<readonly Reading[]> =>
    await allOrNone(tails.map(({ tail }) => tail.read(signal)))
  return {
    covers,
    run: async (sql, limits, signal) => {
      const deadline = deadlineOf(limits, clock, signal)
      const running = { duckdb, tables: tails.map(({ table }) => table), pathOf, read }
      try {
        const { session, readings, answering } = await started(running, sql, deadline.signal)
        const release = async () => {
          deadline.clear()
          session[Symbol.dispose]()
          await releaseAll(readings)
        }
        const limited = limitRows(answering, limits, { release, explain: deadline.explain })
        return {
          asOf: asOf(covers, records.table, readings),
          columns: answering.columns,
          ...limited,
        }
      } catch (error) {
        deadline.clear()
        throw deadline.explain(error)
      }
    },
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}

/** Other engines write a local location as a URL. */
const localPath = (location: string): string =>
  location.startsWith('file:') ? fileURLToPath(location) : location

/** The views are bound to the base relations of whichever session asks: here those are empty. */
async function createViews(
  duckdb: Duckdb,
  tables: readonly Table[],
  views: ViewOptions | undefined,
): Promise<void> {
  using connection = await duckdb.connect()
  for (const table of tables)
    await connection.run(`CREATE TEMP VIEW ${table.name} AS ${emptySql(table)}`)
  for (const statement of viewStatements(views)) await connection.run(statement)
}

type Running = {
  readonly duckdb: Duckdb
  readonly tables: readonly Table[]
  readonly pathOf: (location: string) => string
  readonly read: (signal: AbortSignal) => Promise<readonly Reading[]>
}
type Started = {
  readonly session: Connection
  readonly readings: readonly Reading[]
  readonly answering: Answering
}

async function started(running: Running, sql: string, signal: AbortSignal): Promise<Started> {
  const { duckdb, tables, pathOf, read } = running
  for (let attempt = 1; ; attempt++) {
    const readings = await read(signal)
    const session = await duckdb.connect()
    try {
      for (const [i, table] of tables.entries()) {
        const reading = readings[i]
        if (reading === undefined) continue
        await session.run(
          `CREATE TEMP VIEW ${table.name} AS ${relationSql(table, reading, pathOf)}`,
        )
      }
      using statement = await prepareReadOnly(session, sql)
      return { session, readings, answering: await statement.stream(signal) }
    } catch (error) {
      session[Symbol.dispose]()
      await releaseAll(readings)
      if (attempt >= TRIES_MAX || !isFault(error, 'unavailable')) throw error
    }
  }
}

async function allOrNone(reads: readonly Promise<Reading>[]): Promise<readonly Reading[]> {
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

/** Of the records: what a trade is, is on that log. */
function asOf(covers: AsOf['covers'], table: Table, [reading]: readonly Reading[]): AsOf {
  if (reading === undefined) return { covers, receivedMs: null, degraded: false }
  const { receivedMs, degraded, snapshot } = reading
  return { covers, receivedMs: receivedMs ?? lastLandedMs(snapshot, table), degraded }
}

/** The latest arrival that the files' bounds tell of; null: there is no file. */
function lastLandedMs({ files }: LakeSnapshot, { fields }: Table): number | null {
  const id = fields.find(({ name }) => name === 'received_at')?.id
  let lastMicros: bigint | null = null
  for (const { upper } of files) {
    const bytes = id === undefined ? undefined : upper.get(id)
    if (bytes?.length !== 8) continue
    // A timestamp as an Iceberg single value: µs, little-endian.
    const micros = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigInt64(0, true)
    if (lastMicros === null || micros > lastMicros) lastMicros = micros
  }
  return lastMicros === null ? null : Number(lastMicros / 1000n)
}
