import { join } from 'node:path'
import { Fault } from '../flow/fault.ts'
import { FEED_LOG, RECORDS } from '../market/tables.ts'
import type { Run } from '../market/records.ts'
import type { Query } from '../query/query.ts'
import type { Log, Tape } from '../tape/tape.ts'
import type { Verdict, VerifyOptions } from '../verify/verify.ts'
import { openLakesToRead, tradeDecoder, type LakesRead, type Parts } from './components.ts'
import { openCachedFiles, openLakeFiles, type Fetching } from './lake-files.ts'
import { catalogText, lakeText } from './lake-places.ts'
import { isFound, namesLake, openTapeIfThere, openTapeToRead } from './tapes.ts'

export type { Fetching } from './lake-files.ts'
export { emptyCache } from './lake-files.ts'

const QUERY_THREADS = 2
const MB = 1_000_000

/** What the lake's tables are bound to; null: there are none. */
type Binding = Awaited<ReturnType<LakesRead['binding']>>
type Both<T> = { readonly tape: T; readonly lakes: LakesRead; readonly binding: Binding }

/** Tape and lake for a question; a null tape: the lake alone. What is wrong with the lake shows here already. */
async function openBoth(parts: Parts, opening: AsyncDisposableStack): Promise<Both<Tape | null>> {
  const { places } = parts
  const tape = opening.use(await openTapeIfThere(parts))
  if (tape !== null && isFound(parts) && namesLake(parts)) {
    const lakes = opening.use(await openLakesToRead(parts, null))
    const binding = await lakes.binding()
    // A tape that nobody named, and that only happens to lie here, is no reason to refuse the lake.
    if (binding !== null && binding.source !== (await tape.source()))
      return { tape: null, lakes, binding }
  }
  const lakes = opening.use(await openLakesToRead(parts, tape))
  const binding = await lakes.binding()
  if (tape === null && binding === null)
    throw new Fault(
      'unavailable',
      `no tape here, and no table in ${catalogText(places)} of the lake ${lakeText(places)}`,
      {
        remedy:
          'Correct TICKLAKE_LAKE and TICKLAKE_CATALOG, or start recording with `ticklake up`.',
      },
    )
  return { tape, lakes, binding }
}

/** What a question reads of both tables, decoded alike; and what the engine may take. */
async function sourcesOf<L extends Log | null>(
  { loaded, places }: Parts,
  read: {
    readonly lakes: LakesRead
    readonly trades: L
    readonly feed: L
    readonly source: string
  },
) {
  const { recordRows, feedLogRows } = await import('../market/rows.ts')
  const { lakes, trades, feed, source } = read
  const decode = await tradeDecoder()
  return {
    records: {
      table: RECORDS,
      lake: lakes.records,
      log: trades,
      rows: (run: Run) => recordRows(decode(run), source),
    },
    feedLog: { table: FEED_LOG, lake: lakes.feedLog, log: feed, rows: feedLogRows },
    engine: {
      threads: QUERY_THREADS,
      memoryMb: Math.floor(loaded.settings['query.memory'] / MB),
      spillDir: join(places.data, 'spill'),
    },
  }
}

/** Answers of it reach to the tape's end, or, where it covers the lake alone, to the last commit. */
export type LakeQuery = Query & {
  /** What the tables are bound to, when it was opened; null: neither was there. */
  readonly binding: Binding
}

/**
 * SQL over lake and tape, with everything that it reads; closing it closes those too. Where there is no tape on
 * this machine, and the settings name a lake, over that alone. `progress` is told every second while files of a
 * lake on S3 are fetched. Faults: those of tape and lake; `unavailable` where there is neither.
 */
export async function openQuery(
  parts: Parts,
  progress?: (fetching: Fetching) => void,
): Promise<LakeQuery> {
  const { openDuckdbQuery } = await import('../query/duckdb/duckdb-query.ts')
  const { clock, places } = parts
  await using opening = new AsyncDisposableStack()
  const { tape, lakes, binding } = await openBoth(parts, opening)
  const source = (await tape?.source()) ?? binding?.source ?? places.source
  const logs = { trades: tape?.trades ?? null, feed: tape?.feed ?? null }
  const { records, feedLog, engine } = await sourcesOf(parts, { ...logs, lakes, source })
  const { store } = lakes
  const files = await openLakeFiles(parts, { store, ...(progress && { progress }) })
  const query = opening.use(await openDuckdbQuery({ records, feedLog, clock, ...files, ...engine }))
  const closing = opening.move()
  return {
    covers: query.covers,
    binding,
    run: query.run,
    ...(query.check && { check: query.check }),
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}

export type Verifying = Pick<
  VerifyOptions,
  'extent' | 'signal' | 'findingsMax' | 'found' | 'progress'
>

/** Compares tape and lake, both tables. Faults: those of both; `unavailable` where there is no tape. */
export async function runVerify(parts: Parts, verifying: Verifying): Promise<readonly Verdict[]> {
  const { verify } = await import('../verify/verify.ts')
  await using opening = new AsyncDisposableStack()
  const tape = opening.use(await openTapeToRead(parts))
  const lakes = opening.use(await openLakesToRead(parts, tape))
  const source = (await tape.source()) ?? parts.places.source
  const logs = { trades: tape.trades, feed: tape.feed }
  const { records, feedLog, engine } = await sourcesOf(parts, { ...logs, lakes, source })
  const { hold } = await openCachedFiles(parts, lakes)
  // What queries keep there stays for them.
  const holdBytesMax = parts.loaded.settings['query.cache'] / 2
  return await verify({ ...verifying, sources: [records, feedLog], hold, holdBytesMax, ...engine })
}
