import { randomUUID } from 'node:crypto'
import { systemClock } from '../../src/flow/clock.ts'
import { systemRandom } from '../../src/flow/random.ts'
import { openGlueCatalog, type GlueCatalog } from '../../src/lake/glue-catalog.ts'
import { openS3Store, type S3Store, type S3StoreOptions } from '../../src/lake/s3-store.ts'
import { FEED_LOG, RECORDS } from '../../src/market/tables.ts'
import { startAws, type Aws } from '../../stack/aws.ts'

/** What is waited for in vain for so long ends the test. */
export const MS_MAX = 240_000
/** Of a busy machine: what answers at all answers within this. */
const PATIENCE_MS = 20_000
/** For tests in which nothing answers: a mishap that hangs costs this. */
export const IMPATIENCE_MS = 1_000

export type Patience = { readonly patienceMs?: number }
type LocationOf = (folder: string) => string

export type AwsWorld = AsyncDisposable & {
  readonly aws: Aws
  /** A store of an empty prefix, or of the one that is named. */
  readonly openStore: (how?: Partial<S3StoreOptions> & Patience) => Promise<S3Store>
  readonly openCatalog: (location?: LocationOf, patience?: Patience) => Promise<GlueCatalog>
  /** A database name without a database. */
  readonly database: () => string
}

/** moto behind the proxies that have mishaps; credentials come by the environment of this process. */
export async function startAwsWorld(): Promise<AwsWorld> {
  const aws = await startAws()
  Object.assign(process.env, aws.env)
  const around = { clock: systemClock, random: systemRandom }
  return {
    aws,
    openStore: ({ patienceMs, ...how } = {}) =>
      openS3Store({
        bucket: aws.bucket,
        prefix: `lakes/${randomUUID()}`,
        reach: { region: null, endpoint: aws.s3, pathStyle: true, timeouts: within(patienceMs) },
        mode: 'write',
        ...around,
        ...how,
      }),
    openCatalog: (location = (folder) => `s3://${aws.bucket}/${folder}`, { patienceMs } = {}) =>
      openGlueCatalog({
        reach: { region: null, endpoint: aws.glue, timeouts: within(patienceMs) },
        mode: 'write',
        tables: [RECORDS, FEED_LOG],
        location,
        ...around,
      }),
    database: () => `market_${randomUUID().replaceAll('-', '')}`,
    [Symbol.asyncDispose]: () => aws[Symbol.asyncDispose](),
  }
}

const within = (patienceMs = PATIENCE_MS) => ({ connectMs: patienceMs, idleMs: patienceMs })
