import type { Clock } from '../flow/clock.ts'
import { Fault, isFault } from '../flow/fault.ts'
import { sqlText } from './sql.ts'

// Credentials that end sooner are made anew before the next query: one may run this long.
const REFRESH_BEFORE_MS = 900_000
// Seconds for one request, and tries of it: a store that is away is told within a minute.
const TIMEOUT_S = 20
const RETRIES = 2

export type S3Credentials = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
  /** When they end; absent: never. */
  readonly expiration?: Date | undefined
}

/** How DuckDB reaches S3 by its extension httpfs. */
export type Httpfs = {
  /** Path of the extension's file; null: by its name, from where DuckDB keeps extensions. It is never fetched. */
  readonly extension: string | null
  /** `s3://bucket/prefix/`: the credentials are used for nothing else. */
  readonly scope: string
  readonly region: string
  /** URL of a store that is not AWS; null: AWS. */
  readonly endpoint: string | null
  readonly pathStyle: boolean
  /** As AWS's own chain finds them; asked again when they are about to end. */
  readonly credentials: () => Promise<S3Credentials>
  readonly clock: Clock
}

type Run = (sql: string) => Promise<unknown>

/**
 * Loads the extension and gives it the credentials; what is returned makes them anew where they are about to
 * end. To be run before the configuration is locked. Faults: `invalid` where the extension does not load.
 */
export async function openHttpfs(httpfs: Httpfs, run: Run): Promise<() => Promise<void>> {
  await loadHttpfs(httpfs.extension, run)
  await run(`SET GLOBAL http_timeout = ${TIMEOUT_S}`)
  await run(`SET GLOBAL http_retries = ${RETRIES}`)
  let endsMs = Number.NEGATIVE_INFINITY
  let refreshing: Promise<void> | null = null
  const renew = async () => {
    const credentials = await httpfs.credentials()
    await run(secretSql(httpfs, credentials))
    endsMs = credentials.expiration?.getTime() ?? Number.POSITIVE_INFINITY
  }
  const refresh = async () => {
    if (endsMs - httpfs.clock.now() > REFRESH_BEFORE_MS) return
    refreshing ??= renew().finally(() => (refreshing = null))
    await refreshing
  }
  await refresh()
  return refresh
}

/** Loads it; `invalid` where it is not there, or is for another version or machine. */
export async function loadHttpfs(extension: string | null, run: Run): Promise<void> {
  try {
    await run(`LOAD ${extension === null ? 'httpfs' : sqlText(extension)}`)
  } catch (error) {
    const words = isFault(error) ? (error.message.split('\n', 1)[0] ?? '') : String(error)
    throw new Fault('invalid', `DuckDB's extension httpfs does not load: ${words}`, {
      remedy:
        "Name the extension's file for this DuckDB and machine, or do without: files then go through the cache.",
      cause: error,
    })
  }
}

function secretSql(
  { scope, region, endpoint, pathStyle }: Httpfs,
  { accessKeyId, secretAccessKey, sessionToken }: S3Credentials,
): string {
  const url = endpoint === null ? null : new URL(endpoint)
  const options = [
    'TYPE s3',
    `SCOPE ${sqlText(scope)}`,
    `KEY_ID ${sqlText(accessKeyId)}`,
    `SECRET ${sqlText(secretAccessKey)}`,
    ...(sessionToken === undefined ? [] : [`SESSION_TOKEN ${sqlText(sessionToken)}`]),
    `REGION ${sqlText(region)}`,
    `URL_STYLE ${pathStyle ? "'path'" : "'vhost'"}`,
    ...(url === null
      ? []
      : [
          `ENDPOINT ${sqlText(`${url.host}${url.pathname.replace(/\/$/, '')}`)}`,
          `USE_SSL ${url.protocol === 'https:'}`,
        ]),
  ]
  return `CREATE OR REPLACE SECRET lake (${options.join(', ')})`
}
