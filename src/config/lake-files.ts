import { join, resolve } from 'node:path'
import { holdLocal, httpfsLoads, type Hold, type Httpfs } from '../duckdb/duckdb.ts'
import { regionOf } from '../lake/aws-reach.ts'
import type { Store } from '../lake/store.ts'
import type { Fetching } from '../query/duckdb/file-cache.ts'
import { s3Reach } from './aws.ts'
import type { Parts } from './components.ts'
import type { LakePlace } from './lake-places.ts'

export type { Fetching } from '../query/duckdb/file-cache.ts'

/** How DuckDB comes to the lake's data files. */
export type LakeFiles = {
  /** What SQL may read; see `DuckdbOptions`. */
  readonly readable: readonly string[]
  readonly hold: Hold
  readonly httpfs?: Httpfs
}

type Opening = { readonly store: Store; readonly progress?: (fetching: Fetching) => void }

/**
 * For queries: files of this machine where they are; of S3 by httpfs where that loads, else through the cache.
 * Faults: `invalid` where the settings name an extension that does not load.
 */
export async function openLakeFiles(parts: Parts, opening: Opening): Promise<LakeFiles> {
  const { lake } = parts.places
  if (lake.kind === 'file') return { readable: [lake.dir], hold: holdLocal }
  const httpfs = await httpfsOf(parts, lake)
  if (httpfs === null) return await openCachedFiles(parts, opening)
  return { readable: [httpfs.scope], hold: holdRemote, httpfs }
}

/** For who reads whole files anyway: of S3 through the cache. */
export async function openCachedFiles(
  parts: Parts,
  { store, progress }: Opening,
): Promise<LakeFiles> {
  const { places, clock, random, log, loaded } = parts
  if (places.lake.kind === 'file') return { readable: [places.lake.dir], hold: holdLocal }
  const { openFileCache } = await import('../query/duckdb/file-cache.ts')
  const dir = cacheDir(parts)
  const bytesMax = loaded.settings['query.cache']
  const telling = progress && { progress }
  const { hold } = await openFileCache({ dir, store, bytesMax, clock, random, log, ...telling })
  return { readable: [dir], hold }
}

/** Copies of files of a lake on S3; below it is nothing else. */
export const cacheDir = ({ places }: Pick<Parts, 'places'>): string => join(places.data, 'cache')

/** Removes every copy, for who removed what they are of. */
export async function emptyCache(parts: Parts): Promise<void> {
  const { emptyFileCache } = await import('../query/duckdb/file-cache.ts')
  await emptyFileCache(cacheDir(parts))
}

/** Hadoop's names of S3 are not DuckDB's. */
const holdRemote: Hold = async () => ({
  pathOf: (location) => location.replace(/^s3[an]:\/\//, 's3://'),
  release: async () => undefined,
})

/** Null: it is switched off, or DuckDB has it not. */
async function httpfsOf(
  { loaded, clock }: Parts,
  { address }: Extract<LakePlace, { kind: 's3' }>,
): Promise<Httpfs | null> {
  const named = loaded.settings['query.httpfs']
  if (named === 'off') return null
  const extension = named === null ? null : resolve(loaded.cwd, named)
  if (named === null && !(await httpfsLoads(extension))) return null
  const reach = s3Reach(loaded)
  const { S3Client } = await import('@aws-sdk/client-s3')
  const region = await regionOf(reach, () => new S3Client().config.region())
  const { config } = new S3Client({ region })
  return {
    extension,
    scope: `${address}/`,
    region,
    endpoint: reach.endpoint ?? (await configuredEndpoint(config)),
    pathStyle: reach.pathStyle,
    credentials: () => config.credentials(),
    clock,
  }
}

/** Of AWS_ENDPOINT_URL_S3 or the profile, which the SDK heeds by itself and DuckDB does not know. */
async function configuredEndpoint(config: object): Promise<string | null> {
  const found: unknown =
    'serviceConfiguredEndpoint' in config && typeof config.serviceConfiguredEndpoint === 'function'
      ? await config.serviceConfiguredEndpoint()
      : undefined
  return typeof found === 'string' ? found : null
}
