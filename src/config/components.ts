import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import type { ChangeableWatchlist } from '../feed/watchlist.ts'
import type { Watchlist } from '../feed/feed.ts'
import { systemClock, type Clock } from '../flow/clock.ts'
import { Fault } from '../flow/fault.ts'
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
import type { Lease, Log, Tape } from '../tape/tape.ts'
import type { Loaded } from './load.ts'
import { catalogText, namespaceOf } from './lake-places.ts'
import type { LakeParts } from './lakes.ts'
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
    readonly lease: Lease
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
      epoch: recorder.lease.epoch,
      source: places.source,
      watchlist: recorder.watchlist,
      lost: recorder.lease.lost,
      holds: recorder.lease.holds,
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
  /** Landers of the same table share its log. */
  readonly group: string
  readonly decode: (run: Run) => Rows
  readonly roll: Stage<Rows, Rolled>
}
export type Lakes = AsyncDisposable & {
  readonly records: Landed
  readonly feedLog: Landed
  /** A folder of this process alone for files on their way; gone when this is disposed. */
  readonly dir: string
}

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
  const { stagingFolder } = await import('../lake/staging-folder.ts')
  const { recordRows, feedLogRows } = await import('../market/rows.ts')
  const { clock, loaded } = parts
  const { settings } = loaded
  const source = (await tape.source()) ?? parts.places.source
  // A lake that is away when it is opened is opened again and again: nothing may stay of a try.
  await using opening = new AsyncDisposableStack()
  const opened = opening.use(await openTables(parts, { tape, source, mode: 'write', adopting }))
  const dir = await stagingFolder(opened.stagingDir)
  opening.defer(() => rm(dir, { recursive: true, force: true }))
  const writer = async (table: Table, memoryMb: number, threads: number) =>
    opening.use(await duckdbParquetWriter({ table, dir, memoryMb, threads }))
  const recordsWriter = await writer(RECORDS, LAND_MEMORY_MB, 2)
  const feedLogWriter = await writer(FEED_LOG, LAND_FEED_LOG_MEMORY_MB, 1)
  const roll = createRoll({
    rowsMax: settings['land.rows'],
    bytesMax: settings['land.size'],
    ageMsMax: settings['land.age'],
    clock,
  })
  const decode = await tradeDecoder()
  const records = await opened.lake(RECORDS, recordsWriter)
  const feedLog = await opened.lake(FEED_LOG, feedLogWriter)
  const closing = opening.move()
  return {
    records: {
      name: 'records',
      log: tape.trades,
      lake: records,
      group: groupOf(records),
      decode: (run) => recordRows(decode(run), source),
      roll,
    },
    feedLog: {
      name: 'feed_log',
      log: tape.feed,
      lake: feedLog,
      group: groupOf(feedLog),
      decode: feedLogRows,
      roll,
    },
    dir,
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}

/** Two lakes that land one tape do not share its partitions. */
const groupOf = ({ id }: IcebergLake): string => `ticklake-land-${id}`

/** How an operator accepts what was trimmed before it landed; see lake/accept-gap.ts. */
export const gapsOfLake = () => import('../lake/accept-gap.ts')
export type { Hole } from '../lake/accept-gap.ts'

export type LakesRead = AsyncDisposable & {
  readonly records: Lake
  readonly feedLog: Lake
  readonly store: Store
  /** What the tables are bound to; null: neither is there. Faults: those of the lake. */
  readonly binding: IcebergLake['binding']
}

/**
 * Both tables, to read: what is not there yet is empty. Without a tape they have no positions, and are of the
 * source that they are bound to, unless the settings name one.
 */
export async function openLakesToRead(parts: Parts, tape: Tape | null): Promise<LakesRead> {
  const source = tape === null ? namedSource(parts) : ((await tape.source()) ?? parts.places.source)
  const opened = await openTables(parts, { tape, source, mode: 'read' })
  const records = await opened.lake(RECORDS)
  const feedLog = await opened.lake(FEED_LOG)
  return {
    records,
    feedLog,
    store: opened.store,
    binding: async () => (await records.binding()) ?? (await feedLog.binding()),
    [Symbol.asyncDispose]: opened[Symbol.asyncDispose],
  }
}

const namedSource = ({ loaded: { origins }, places }: Parts): string | null =>
  [origins.get('source'), origins.get('feed')].every((origin) => origin === 'default')
    ? null
    : places.source

type Opening = {
  /** Null, and a null source: to read. */
  readonly tape: Tape | null
  readonly source: string | null
  readonly mode: 'read' | 'write'
  readonly adopting?: Adopting
}

export async function openTables(
  parts: Parts,
  { tape, source, mode, adopting }: Opening,
): Promise<
  LakeParts & {
    readonly lake: (table: Table, parquet?: ParquetWriter) => Promise<IcebergLake>
  }
> {
  const { openIcebergLake } = await import('../lake/iceberg-lake.ts')
  const { openLakeParts } = await import('./lakes.ts')
  const { places, clock, random, log, metrics } = parts
  const opened = await openLakeParts(parts, mode)
  const { store, catalog } = opened
  return {
    ...opened,
    lake: (table, parquet) =>
      openIcebergLake({
        table,
        log: tape && (table === RECORDS ? tape.trades : tape.feed).id,
        source,
        namespace: namespaceOf(places),
        catalogText: catalogText(places),
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
  }
}
