import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createTradeDecoder } from '../src/feed/finnhub-trades.ts'
import { systemClock } from '../src/flow/clock.ts'
import { systemRandom } from '../src/flow/random.ts'
import { openIcebergLake } from '../src/lake/iceberg-lake.ts'
import type { Lake, ParquetWriter } from '../src/lake/lake.ts'
import { openLocalStore } from '../src/lake/local-store.ts'
import { duckdbParquetWriter } from '../src/lake/parquet.ts'
import { createRoll } from '../src/lake/roll.ts'
import { openSqliteCatalog } from '../src/lake/sqlite-catalog.ts'
import type { Run } from '../src/market/records.ts'
import { recordRows } from '../src/market/rows.ts'
import { RECORDS, type Rows } from '../src/market/tables.ts'
import { land } from '../src/pipeline.ts'
import { openSqliteTape } from '../src/tape/sqlite-tape.ts'
import type { Tape } from '../src/tape/tape.ts'

const SOURCE = 'bench'
const FILL = fileURLToPath(new URL('fill.ts', import.meta.url))
// What `land` uses by default.
const ROLL = { rowsMax: 500_000, bytesMax: 256 * 1024 * 1024, ageMsMax: 10_000 }
const PARQUET = { memoryMb: 512, threads: 2 }

/** A tape beside an empty lake in a folder. */
export type Landing = AsyncDisposable & {
  readonly lake: Lake
  readonly parquet: ParquetWriter
  readonly decode: (run: Run) => Rows
  /** Tape → lake through the pipeline; resolves with how many are visible, once all that were asked for are. */
  land(): Promise<number>
}

/** A filled SQLite tape beside an empty lake, both in a temporary folder that goes when it is disposed. */
export type Filled = Landing & { readonly dir: string; readonly tape: Tape }

export async function openFilled(trades: number): Promise<Filled> {
  await using opening = new AsyncDisposableStack()
  const dir = opening.adopt(await mkdtemp(join(tmpdir(), 'ticklake-bench-')), remove)
  await promisify(execFile)(process.execPath, [FILL, join(dir, 'tape'), SOURCE, String(trades)])
  const tape = opening.use(
    await openSqliteTape({ dir: join(dir, 'tape'), mode: 'read', clock: systemClock }),
  )
  const landing = opening.use(await openLanding({ dir, tape, trades }))
  const closing = opening.move()
  return { ...landing, dir, tape, [Symbol.asyncDispose]: () => closing.disposeAsync() }
}

const remove = (dir: string) => rm(dir, { recursive: true, force: true })

/** An empty lake in the folder `lake` of `dir`, to land at least `trades` of the trades on the tape. */
export async function openLanding({
  dir,
  tape,
  trades,
}: Pick<Filled, 'dir' | 'tape'> & { readonly trades: number }): Promise<Landing> {
  await using opening = new AsyncDisposableStack()
  const [clock, random] = [systemClock, systemRandom]
  await mkdir(join(dir, 'lake'))
  const store = await openLocalStore({ dir: join(dir, 'lake'), mode: 'write', clock, random })
  const catalog = opening.use(
    openSqliteCatalog({ file: join(dir, 'lake', 'catalog.db'), mode: 'write' }),
  )
  const parquet = opening.use(
    await duckdbParquetWriter({ table: RECORDS, dir: store.stagingDir, ...PARQUET }),
  )
  const writing = { log: tape.trades.id, source: SOURCE, catalog, store, parquet, clock, random }
  const lake = await openIcebergLake({ ...writing, table: RECORDS, mode: 'write' })
  const trade = createTradeDecoder()
  const decode = (run: Run) => recordRows(trade(run), SOURCE)
  const closing = opening.move()
  return {
    lake,
    parquet,
    decode,
    land: () => landAll({ tape, lake, decode, trades }),
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}

type LandingAll = Pick<Filled, 'tape' | 'lake' | 'decode'> & { readonly trades: number }

async function landAll({ tape, lake, decode, trades }: LandingAll): Promise<number> {
  const stop = new AbortController()
  let landed = 0
  const commit: Lake['commit'] = async (staged) => {
    await lake.commit(staged)
    landed += staged.rows
    if (landed >= trades) stop.abort()
  }
  await land({
    log: tape.trades,
    lake: { ...lake, commit },
    group: 'bench',
    decode,
    roll: createRoll({ ...ROLL, ageMsMax: 1000, clock: systemClock }),
    endOfTurn: (fault) => Promise.reject(fault),
    signal: stop.signal,
  })
  return landed
}
