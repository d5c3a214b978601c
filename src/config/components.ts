import { randomUUID } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ChangeableWatchlist } from '../feed/watchlist.ts'
import type { Watchlist } from '../feed/feed.ts'
import { systemClock, type Clock } from '../flow/clock.ts'
import { Fault, isFault } from '../flow/fault.ts'
import { silent, type Logger } from '../flow/log.ts'
import { noMetrics, type Metrics } from '../flow/metrics.ts'
import { systemRandom, type Random } from '../flow/random.ts'
import type { Stage } from '../flow/stream.ts'
import type { IcebergLake } from '../lake/iceberg-lake.ts'
import type { Lake, ParquetWriter, Rolled } from '../lake/lake.ts'
import type { Store } from '../lake/store.ts'
import { FEED_LOG, RECORDS, type Rows, type Table } from '../market/tables.ts'
import type { Run } from '../market/records.ts'
import type { Trades } from '../market/trades.ts'
import type { Recording } from '../pipeline.ts'
import type { Query } from '../query/query.ts'
import type { Log, Tape, TakeLease } from '../tape/tape.ts'
import type { Verdict, VerifyOptions } from '../verify/verify.ts'
import type { Loaded } from './load.ts'
import { feedAddress, placesOf, type Places } from './places.ts'

/** One append carries about this much at most: a few ms of writing. */
const GATHER_BYTES_MAX = 4_000_000

/** What everything is made of. */
export type Parts = {
  readonly loaded: Loaded
  readonly places: Places
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly metrics: Metrics
}

export const partsOf = (
  loaded: Loaded,
  { log = silent, metrics = noMetrics }: { log?: Logger; metrics?: Metrics } = {},
): Parts => ({
  loaded,
  places: placesOf(loaded),
  clock: systemClock,
  random: systemRandom,
  log,
  metrics,
})

/** The tape, to append to; made where there is none. Hold the recorder's lease. */
export async function openTapeToWrite({ places, clock, log }: Parts): Promise<Tape> {
  const { openSqliteTape } = await import('../tape/sqlite-tape.ts')
  return openSqliteTape({ dir: places.tape.dir, mode: 'write', source: places.source, clock, log })
}

/** `tape`, whose append waits out what may pass (a full disk, a lock) until `signal` aborts. */
export async function patientTape(parts: Parts, tape: Tape, signal: AbortSignal): Promise<Tape> {
  const { patientAppend } = await import('../tape/patient-append.ts')
  return { ...tape, append: patientAppend(tape.append, { ...parts, signal }) }
}

/** The tape, to read and to trim. Faults: `unavailable` while there is none. */
export async function openTapeToRead({ places, clock, log }: Parts): Promise<Tape> {
  const { openSqliteTape } = await import('../tape/sqlite-tape.ts')
  try {
    return await openSqliteTape({ dir: places.tape.dir, mode: 'read', clock, log })
  } catch (error) {
    if (!isFault(error, 'unavailable')) throw error
    throw new Fault('unavailable', error.message, { remedy: whatElse(places), cause: error })
  }
}

/** Where else there is something, when there is no tape. */
function whatElse(places: Places): string {
  const start = 'Start recording with `ticklake up`'
  const others = otherData(places)
  return others.length === 0
    ? `${start}, or name the folder with --data.`
    : `${start}, or choose one of those that are there: ${others.map((dir) => `--data ${dir}`).join(', ')}.`
}

/** Other folders that hold a tape: those in the one that was named, and those beside it. */
export const otherData = ({ data }: Places): readonly string[] =>
  [data, dirname(data)]
    .flatMap((parent) => names(parent).map((name) => join(parent, name)))
    .filter((dir) => dir !== data && names(join(dir, 'tape')).includes('tape.db'))

const names = (dir: string): readonly string[] => {
  try {
    return readdirSync(dir)
  } catch {
    return []
  }
}

/** The right to be the one recorder, or the one lander, of the tape. */
export const leaseOf =
  ({ places, clock }: Parts, role: 'recorder' | 'lander'): TakeLease =>
  async (signal) => {
    const { sqliteLease } = await import('../tape/sqlite-lease.ts')
    return sqliteLease({ dir: places.tape.dir, role, clock })(signal)
  }

/** The symbols to record: those named, else those of the settings, whose file is then watched. */
export async function openWatchlist(
  parts: Parts,
  named: readonly string[],
  signal: AbortSignal,
): Promise<Watchlist> {
  const { changeableWatchlist } = await import('../feed/watchlist.ts')
  const list = changeableWatchlist(named.length > 0 ? named : parts.loaded.settings.symbols)
  const fromFile = parts.loaded.origins.get('symbols') ?? 'default'
  const watched = fromFile === 'default' || fromFile.startsWith(parts.loaded.file)
  if (named.length === 0 && watched) void followFile(parts, list, signal)
  return list
}

/** Takes the symbols of the settings file again after each change; a file that is wrong changes nothing. */
async function followFile(
  { loaded, log }: Parts,
  list: ChangeableWatchlist,
  signal: AbortSignal,
): Promise<void> {
  const { fileChanges } = await import('./watch.ts')
  const { symbolsInFile } = await import('./load.ts')
  for await (const _ of fileChanges(loaded.file, signal)) {
    try {
      const symbols = await symbolsInFile(loaded.file)
      log('info', 'the settings file changed', { symbols: symbols.length })
      list.set(symbols)
    } catch (error) {
      log('error', `the settings file changed and is wrong: ${String(error)}`)
    }
  }
}

/** Feed → tape, all but the tape. */
export async function openRecording(
  parts: Parts,
  recorder: {
    readonly watchlist: Watchlist
    /** Of a simulator that runs already; null: the settings say where the feed is. */
    readonly url: string | null
    readonly epoch: number
    readonly lost: AbortSignal
  },
): Promise<Omit<Recording, 'tape' | 'signal'>> {
  const { FINNHUB_URL, finnhubFeed } = await import('../feed/finnhub.ts')
  const { createGather } = await import('../feed/gather.ts')
  const { createMark } = await import('../feed/redelivery.ts')
  const { loaded, places, clock, random, log, metrics } = parts
  const { settings } = loaded
  const address = feedAddress(loaded)
  const token = settings['finnhub.token']
  if (address.kind === 'finnhub' && token === null)
    throw new Fault('invalid', 'Finnhub needs a key, and FINNHUB_TOKEN is not set', {
      remedy: 'Set FINNHUB_TOKEN or FINNHUB_TOKEN_FILE, or say --feed simulator.',
    })
  // The key goes to Finnhub, or to another server by TLS; never in the clear to whoever listens.
  const keyed = address.kind === 'finnhub' || (address.kind === 'url' && /^wss:/i.test(address.url))
  const url = recorder.url ?? (address.kind === 'url' ? address.url : FINNHUB_URL)
  return {
    feed: finnhubFeed({
      url,
      token: token === null || !keyed ? null : () => token.reveal(),
      recorder: randomUUID(),
      epoch: recorder.epoch,
      source: places.source,
      watchlist: recorder.watchlist,
      lost: recorder.lost,
      clock,
      random,
      log,
      metrics,
      limits: {
        symbolsMax: settings['record.symbols_max'],
        queueBytesMax: settings['record.queue'],
      },
    }),
    mark: createMark(),
    gather: createGather({ bytesMax: GATHER_BYTES_MAX, clock }),
  }
}

/** One log and the table that it lands in. */
export type Landed = {
  readonly name: 'records' | 'feed_log'
  readonly log: Log
  readonly lake: IcebergLake
  readonly decode: (run: Run) => Rows
  readonly roll: Stage<Rows, Rolled>
}
export type Lakes = AsyncDisposable & { readonly records: Landed; readonly feedLog: Landed }

export async function tradeDecoder(): Promise<(run: Run) => Trades> {
  const { createTradeDecoder } = await import('../feed/finnhub-trades.ts')
  return createTradeDecoder()
}

/** Memory of the engine that sorts and writes Parquet, MB; Node's heap comes on top. */
const LAND_MEMORY_MB = 512
/** The feed log is a few rows a second at most. */
const LAND_FEED_LOG_MEMORY_MB = 128

/** What an operator accepts; see `openIcebergLake`. */
export type Adopting = { readonly adoptTape?: boolean; readonly adoptRollback?: boolean }

/** Both tables, to land in: made where they are not. Hold the lander's lease. */
export async function openLakes(parts: Parts, tape: Tape, adopting: Adopting = {}): Promise<Lakes> {
  const { duckdbParquetWriter } = await import('../lake/parquet.ts')
  const { createRoll } = await import('../lake/roll.ts')
  const { recordRows, feedLogRows } = await import('../market/rows.ts')
  const { clock, loaded } = parts
  const { settings } = loaded
  const source = (await tape.source()) ?? parts.places.source
  const opened = await openTables(parts, { tape, source, mode: 'write', adopting })
  // Named by the tape whose one lander this is: what is in there was left by one that was killed.
  const dir = join(opened.dir, tape.trades.id)
  await rm(dir, { recursive: true, force: true })
  const writers = [
    await duckdbParquetWriter({ table: RECORDS, dir, memoryMb: LAND_MEMORY_MB, threads: 2 }),
    await duckdbParquetWriter({
      table: FEED_LOG,
      dir,
      memoryMb: LAND_FEED_LOG_MEMORY_MB,
      threads: 1,
    }),
  ] as const
  const roll = createRoll({
    rowsMax: settings['land.rows'],
    bytesMax: settings['land.size'],
    ageMsMax: settings['land.age'],
    clock,
  })
  const decode = await tradeDecoder()
  return {
    records: {
      name: 'records',
      log: tape.trades,
      lake: await opened.lake(RECORDS, writers[0]),
      decode: (run) => recordRows(decode(run), source),
      roll,
    },
    feedLog: {
      name: 'feed_log',
      log: tape.feed,
      lake: await opened.lake(FEED_LOG, writers[1]),
      decode: feedLogRows,
      roll,
    },
    [Symbol.asyncDispose]: async () => {
      for (const writer of writers) await writer[Symbol.asyncDispose]()
      await opened[Symbol.asyncDispose]()
    },
  }
}

/** How an operator accepts what was trimmed before it landed; see lake/accept-gap.ts. */
export const gapsOfLake = () => import('../lake/accept-gap.ts')
export type { Hole } from '../lake/accept-gap.ts'

/** Both tables, to read: what is not there yet is empty. */
export async function openLakesToRead(
  parts: Parts,
  tape: Tape,
): Promise<
  AsyncDisposable & { readonly records: Lake; readonly feedLog: Lake; readonly store: Store }
> {
  const source = (await tape.source()) ?? parts.places.source
  const opened = await openTables(parts, { tape, source, mode: 'read' })
  return {
    records: await opened.lake(RECORDS),
    feedLog: await opened.lake(FEED_LOG),
    store: opened.store,
    [Symbol.asyncDispose]: opened[Symbol.asyncDispose],
  }
}

type Opening = {
  readonly tape: Tape
  readonly source: string
  readonly mode: 'read' | 'write'
  readonly adopting?: Adopting
}

async function openTables(
  { places, clock, random, log, metrics }: Parts,
  { tape, source, mode, adopting }: Opening,
): Promise<
  AsyncDisposable & {
    readonly store: Store
    /** A folder on the lake's own disk for files on their way. */
    readonly dir: string
    readonly lake: (table: Table, parquet?: ParquetWriter) => Promise<IcebergLake>
  }
> {
  const { openLocalStore } = await import('../lake/local-store.ts')
  const { openSqliteCatalog } = await import('../lake/sqlite-catalog.ts')
  const { openIcebergLake } = await import('../lake/iceberg-lake.ts')
  const store = await openLocalStore({ dir: places.lake.dir, mode, clock, random })
  const catalog = openSqliteCatalog({ file: places.catalog.file, mode })
  return {
    store,
    dir: store.stagingDir,
    lake: (table, parquet) =>
      openIcebergLake({
        table,
        log: (table === RECORDS ? tape.trades : tape.feed).id,
        source,
        catalog,
        store,
        ...(parquet && { parquet }),
        clock,
        random,
        logger: log,
        metrics,
        mode,
        ...adopting,
      }),
    [Symbol.asyncDispose]: () => catalog[Symbol.asyncDispose](),
  }
}

const QUERY_THREADS = 2
const MB = 1_000_000

/** What a question reads: lake and tape of both tables, decoded alike; and what the engine may take. */
async function openSources(parts: Parts) {
  const { recordRows, feedLogRows } = await import('../market/rows.ts')
  const { loaded, places } = parts
  await using opening = new AsyncDisposableStack()
  const tape = opening.use(await openTapeToRead(parts))
  const source = (await tape.source()) ?? places.source
  const lakes = opening.use(await openLakesToRead(parts, tape))
  const decode = await tradeDecoder()
  const opened = opening.move()
  return {
    records: {
      table: RECORDS,
      lake: lakes.records,
      log: tape.trades,
      rows: (run: Run) => recordRows(decode(run), source),
    },
    feedLog: { table: FEED_LOG, lake: lakes.feedLog, log: tape.feed, rows: feedLogRows },
    engine: {
      threads: QUERY_THREADS,
      memoryMb: Math.floor(loaded.settings['query.memory'] / MB),
      spillDir: join(places.data, 'spill'),
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

/** SQL over lake and tape, with everything that it reads; closing it closes those too. */
export async function openQuery(parts: Parts): Promise<Query> {
  const { openDuckdbQuery } = await import('../query/duckdb/duckdb-query.ts')
  const { places, clock } = parts
  await using opening = new AsyncDisposableStack()
  const { records, feedLog, engine } = opening.use(await openSources(parts))
  const readable = [places.lake.dir]
  const query = opening.use(await openDuckdbQuery({ records, feedLog, readable, clock, ...engine }))
  const closing = opening.move()
  return {
    covers: query.covers,
    run: query.run,
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}

export type Verifying = Pick<
  VerifyOptions,
  'extent' | 'signal' | 'findingsMax' | 'found' | 'progress'
>

/** Compares tape and lake, both tables. */
export async function runVerify(parts: Parts, verifying: Verifying): Promise<readonly Verdict[]> {
  const { verify } = await import('../verify/verify.ts')
  await using opened = await openSources(parts)
  const { records, feedLog, engine } = opened
  return await verify({ ...verifying, sources: [records, feedLog], ...engine })
}
