import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Hold } from '../../src/duckdb/duckdb.ts'
import { systemClock } from '../../src/flow/clock.ts'
import { seededRandom } from '../../src/flow/random.ts'
import type { Catalog } from '../../src/lake/catalog.ts'
import { memoryCatalog } from '../../src/lake/memory-catalog.ts'
import type { Store } from '../../src/lake/store.ts'
import { openFileCache } from '../../src/query/duckdb/file-cache.ts'
import type { DuckdbQueryOptions } from '../../src/query/duckdb/duckdb-query.ts'
import { verify, type Finding, type Verdict } from '../../src/verify/verify.ts'
import { openSmallLake, rowsOf, tradeText, type SmallLake } from '../fixtures/small-lake.ts'
import { httpfsExtension } from '../readers/httpfs.ts'
import { startAwsWorld, type AwsWorld } from './aws-world.ts'

export const T0 = Date.UTC(2026, 10, 20, 15)
export const DAY_MS = 86_400_000
const CACHE_BYTES = 100_000_000

/** A small lake on S3, of a prefix of its own. */
export type S3Lake = AsyncDisposable & { readonly small: SmallLake; readonly prefix: string }
/** What opens the query over a lake on S3 by one of the two ways to its files. */
export type Way = (lake: S3Lake) => Promise<Partial<DuckdbQueryOptions>>

export type S3QueryWorld = AsyncDisposable & {
  readonly world: AwsWorld
  /** Requests for data files by caches, of every lake. */
  readonly fetched: () => number
  /** Named by a catalog in memory, or by Glue. */
  readonly openLake: (catalog?: 'memory' | 'glue') => Promise<S3Lake>
  readonly cacheDir: () => Promise<string>
  readonly openCache: (lake: S3Lake, how?: CacheHow) => Promise<{ readonly hold: Hold }>
  readonly byCache: (bytesMax?: number) => Way
  readonly byHttpfs: Way
}
type CacheHow = { readonly dir?: string; readonly bytesMax?: number }

export async function openS3QueryWorld(): Promise<S3QueryWorld> {
  await using opening = new AsyncDisposableStack()
  const world = opening.use(await startAwsWorld())
  const parent = await mkdtemp(join(tmpdir(), 'ticklake-cache-'))
  opening.defer(() => rm(parent, { recursive: true, force: true }))
  let fetched = 0
  const cacheDir = () => mkdtemp(join(parent, 'c-'))
  const openCache: S3QueryWorld['openCache'] = async ({ prefix }, how = {}) => {
    const { dir = await cacheDir(), bytesMax = CACHE_BYTES } = how
    const store = await world.openStore({ prefix, mode: 'read' })
    const counted: Pick<Store, 'read' | 'keyOf'> = {
      keyOf: store.keyOf,
      read: (key, range) => {
        fetched += 1
        return store.read(key, range)
      },
    }
    const around = { clock: systemClock, random: seededRandom(1) }
    return openFileCache({ dir, store: counted, bytesMax, ...around })
  }
  const closing = opening.move()
  return {
    world,
    fetched: () => fetched,
    cacheDir,
    openCache,
    openLake: async (named = 'memory') => {
      const namespace = world.database()
      const prefix = `lakes/${namespace}`
      await using held = new AsyncDisposableStack()
      // 'read' is without the start-up probe.
      const store = held.use(await world.openStore({ prefix, mode: 'read' }))
      const catalog: Catalog =
        named === 'memory' ? memoryCatalog() : await world.openCatalog(store.location)
      held.use(catalog)
      const small = held.use(await openSmallLake({}, { store, catalog, namespace }))
      const ending = held.move()
      return { small, prefix, [Symbol.asyncDispose]: () => ending.disposeAsync() }
    },
    byCache: (bytesMax) => async (lake) => {
      const dir = await cacheDir()
      const how = bytesMax === undefined ? { dir } : { dir, bytesMax }
      return { readable: [dir], hold: (await openCache(lake, how)).hold }
    },
    byHttpfs: async ({ prefix }) => {
      const scope = `s3://${world.aws.bucket}/${prefix}/`
      const { region, s3: endpoint, accessKeyId, secretAccessKey } = world.aws
      const httpfs = {
        extension: httpfsExtension(),
        scope,
        region,
        endpoint,
        pathStyle: true,
        credentials: async () => ({ accessKeyId, secretAccessKey }),
        clock: systemClock,
      }
      return { readable: [scope], hold: remote, httpfs }
    },
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}

const remote: Hold = async () => ({
  pathOf: (location) => location,
  release: async () => undefined,
})

/** Three days of three symbols, a file for each day and landing: 900 trades. */
export async function fill(small: SmallLake): Promise<void> {
  for (const symbol of ['A', 'B', 'C']) {
    const trades = Array.from({ length: 300 }, (_, i) =>
      tradeText({ s: symbol, t: T0 + (i % 3) * DAY_MS + i, p: 100 + i / 8 }),
    )
    await small.append(trades, T0 + 3 * DAY_MS)
    await small.land()
  }
}

/** One file of those, and what it answers. */
export const OF_B =
  "SELECT count(*), sum(price) FROM trades WHERE symbol = 'B' AND ts::DATE = '2026-11-21'"
export const B_ROWS = [[100n, 11868.75]]

/** What `verify` says of the records. */
export async function verified(
  { small: { records } }: S3Lake,
  reads: { readonly hold: Hold; readonly holdBytesMax?: number },
): Promise<{ readonly verdict: Verdict | undefined; readonly findings: readonly Finding[] }> {
  const findings: Finding[] = []
  const [verdict] = await verify({
    sources: [{ ...records, rows: rowsOf(records.table) }],
    ...reads,
    threads: 1,
    memoryMb: 256,
    spillDir: null,
    signal: new AbortController().signal,
    findingsMax: 1000,
    found: (finding) => findings.push(finding),
  })
  return { verdict, findings }
}
