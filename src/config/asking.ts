import { join } from 'node:path'
import { FEED_LOG, RECORDS } from '../market/tables.ts'
import type { Run } from '../market/records.ts'
import type { Query } from '../query/query.ts'
import type { Verdict, VerifyOptions } from '../verify/verify.ts'
import { openLakesToRead, tradeDecoder, type Parts } from './components.ts'
import { openCachedFiles, openLakeFiles, type Fetching } from './lake-files.ts'
import { openTapeToRead } from './tapes.ts'

export type { Fetching } from './lake-files.ts'
export { emptyCache } from './lake-files.ts'

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
    store: lakes.store,
    engine: {
      threads: QUERY_THREADS,
      memoryMb: Math.floor(loaded.settings['query.memory'] / MB),
      spillDir: join(places.data, 'spill'),
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

/**
 * SQL over lake and tape, with everything that it reads; closing it closes those too. `progress` is told every
 * second while files of a lake on S3 are fetched.
 */
export async function openQuery(
  parts: Parts,
  progress?: (fetching: Fetching) => void,
): Promise<Query> {
  const { openDuckdbQuery } = await import('../query/duckdb/duckdb-query.ts')
  const { clock } = parts
  await using opening = new AsyncDisposableStack()
  const { records, feedLog, store, engine } = opening.use(await openSources(parts))
  const files = await openLakeFiles(parts, { store, ...(progress && { progress }) })
  const query = opening.use(await openDuckdbQuery({ records, feedLog, clock, ...files, ...engine }))
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
  const { records, feedLog, store, engine } = opened
  const { hold } = await openCachedFiles(parts, { store })
  // What queries keep there stays for them.
  const holdBytesMax = parts.loaded.settings['query.cache'] / 2
  return await verify({ ...verifying, sources: [records, feedLog], hold, holdBytesMax, ...engine })
}
