import type { GlueClient } from '@aws-sdk/client-glue'
import type { LifecycleRule, S3Client } from '@aws-sdk/client-s3'
import type { Fault } from '../flow/fault.ts'
import type { Account, Identity, Lifecycle } from './account.ts'
import { workgroupsOf } from './sdk-workgroups.ts'

const CONNECT_MS_MAX = 5000
/** What is asked here takes AWS a second or two. */
const ANSWER_MS_MAX = 10_000
/** So that a server which answers nothing is waited for twice as long in all. */
const TRIES_MAX = 2

type Advice = { readonly kind: 'invalid' | 'unavailable'; readonly remedy: string }

export type SdkAccountOptions = {
  readonly region: string
  /** Null: those of AWS in the region. */
  readonly s3Endpoint: string | null
  readonly glueEndpoint: string | null
  readonly athenaEndpoint: string | null
  readonly pathStyle: boolean
  /** Reads an error of the SDK as a fault; `own` reads the codes of one call. */
  readonly readError: (what: string, error: unknown, own: Readonly<Record<string, Advice>>) => Fault
}

/** Makes a call that needs the right `action`; what it throws is a Fault. */
export type During = <T>(action: string, call: () => Promise<T>) => Promise<T>

/** The account that AWS's default chain of credentials leads to. Faults: `invalid` naming the right that lacks. */
export async function openSdkAccount(options: SdkAccountOptions): Promise<Account> {
  const { region, s3Endpoint, glueEndpoint, athenaEndpoint, pathStyle } = options
  const { S3Client } = await import('@aws-sdk/client-s3')
  const { GlueClient } = await import('@aws-sdk/client-glue')
  const { AthenaClient } = await import('@aws-sdk/client-athena')
  const common = {
    region,
    maxAttempts: TRIES_MAX,
    requestHandler: {
      connectionTimeout: CONNECT_MS_MAX,
      requestTimeout: ANSWER_MS_MAX,
      throwOnRequestTimeout: true,
    },
  }
  const s3 = new S3Client({
    ...common,
    forcePathStyle: pathStyle,
    ...(s3Endpoint !== null && { endpoint: s3Endpoint }),
  })
  const glue = new GlueClient({
    ...common,
    ...(glueEndpoint !== null && { endpoint: glueEndpoint }),
  })
  const athena = new AthenaClient({
    ...common,
    ...(athenaEndpoint !== null && { endpoint: athenaEndpoint }),
  })
  const during = duringOf(options)
  return {
    region,
    identity: () => during('credentials', async () => identityOf(await s3.config.credentials())),
    ...(await bucketsOf(s3, during)),
    ...(await catalogOf(glue, during)),
    ...(await workgroupsOf(athena, during)),
    [Symbol.dispose]: () => {
      s3.destroy()
      glue.destroy()
      athena.destroy()
    },
  }
}

function duringOf(options: SdkAccountOptions): During {
  const { region, s3Endpoint, glueEndpoint, athenaEndpoint, readError } = options
  const endpoints: Readonly<Record<string, string | null>> = {
    s3: s3Endpoint,
    glue: glueEndpoint,
    athena: athenaEndpoint,
  }
  const hostOf = (action: string): string => {
    const [service = ''] = action.split(':')
    return endpoints[service]?.split('/')[2] ?? `${service}.${region}.amazonaws.com`
  }
  return async (action, call) => {
    try {
      return await call()
    } catch (error) {
      const denied: Advice = {
        kind: 'invalid',
        remedy: `Allow ${action} to whoever asks: see docs/aws.md.`,
      }
      const own = {
        AccessDenied: denied,
        AccessDeniedException: denied,
        Forbidden: denied,
        ...(statusOf(error) === 403 && { Unknown: denied }), // of HEAD, whose answer has no body
      } as const
      const named = error instanceof Error ? Object.assign(error, { host: hostOf(action) }) : error
      throw readError(action, named, own)
    }
  }
}

/** Where the SDK's chain can have found credentials; its own marks, in words. */
const SOURCES: readonly (readonly [mark: string, words: string])[] = [
  ['CREDENTIALS_ENV_VARS', 'the environment (AWS_ACCESS_KEY_ID)'],
  ['CREDENTIALS_ENV_VARS_STS_WEB_ID_TOKEN', 'a web identity token of the environment'],
  ['CREDENTIALS_PROFILE_SSO', 'a profile, by SSO'],
  ['CREDENTIALS_PROFILE_SSO_LEGACY', 'a profile, by SSO'],
  ['CREDENTIALS_SSO', 'SSO'],
  ['CREDENTIALS_PROFILE_STS_WEB_ID_TOKEN', 'a profile, by web identity'],
  ['CREDENTIALS_PROFILE_SOURCE_PROFILE', 'a profile that takes a role'],
  ['CREDENTIALS_PROFILE_PROCESS', 'a program that the profile names'],
  ['CREDENTIALS_PROFILE', 'a profile (~/.aws)'],
  ['CREDENTIALS_HTTP', 'the role of the container'],
  ['CREDENTIALS_IMDS', 'the role of the machine'],
]

function identityOf(credentials: {
  readonly accessKeyId: string
  readonly expiration?: Date
  readonly $source?: Readonly<Record<string, unknown>>
}): Identity {
  const { accessKeyId, expiration, $source = {} } = credentials
  const found = SOURCES.find(([mark]) => $source[mark] !== undefined)
  return {
    key: `${accessKeyId.length < 12 ? '' : accessKeyId.slice(0, 4)}…${accessKeyId.slice(-4)}`,
    source: found?.[1] ?? 'the default chain',
    expiresMs: expiration?.getTime() ?? null,
  }
}

const named = (error: unknown, ...names: readonly string[]): boolean =>
  error instanceof Error && names.includes(error.name)

/** What is not there is null, and no error. */
async function unlessMissing<T>(call: Promise<T>, ...names: readonly string[]): Promise<T | null> {
  try {
    return await call
  } catch (error) {
    if (named(error, ...names)) return null
    throw error
  }
}

type Buckets = Pick<Account, 'bucket' | 'owns' | 'versioned' | 'lifecycle'>

async function bucketsOf(s3: S3Client, during: During): Promise<Buckets> {
  const sdk = await import('@aws-sdk/client-s3')
  return {
    bucket: (name) =>
      during('s3:ListBucket', async () => {
        try {
          const found = await s3.send(new sdk.HeadBucketCommand({ Bucket: name }))
          return { region: found.BucketRegion ?? null }
        } catch (error) {
          if (statusOf(error) === 404) return null
          const region = regionTold(error)
          if (region === null) throw error
          return { region }
        }
      }),
    owns: async (account, name) => {
      const head = new sdk.HeadBucketCommand({ Bucket: name, ExpectedBucketOwner: account })
      return s3.send(head).then(
        () => true,
        () => false,
      )
    },
    versioned: (name) =>
      during('s3:GetBucketVersioning', async () => {
        const found = await s3.send(new sdk.GetBucketVersioningCommand({ Bucket: name }))
        return found.Status === 'Enabled'
      }),
    lifecycle: (name) =>
      during('s3:GetLifecycleConfiguration', async () => {
        const get = s3.send(new sdk.GetBucketLifecycleConfigurationCommand({ Bucket: name }))
        const found = await unlessMissing(get, 'NoSuchLifecycleConfiguration')
        return lifecycleOf(found?.Rules ?? [])
      }),
  }
}

/** S3 answers a request for a bucket of another region by naming that. */
function regionTold(error: unknown): string | null {
  const region = (error as Answered).$response?.headers?.['x-amz-bucket-region']
  const isMoved = [301, 307, 400].includes(statusOf(error))
  return isMoved && typeof region === 'string' ? region : null
}

/** What the SDK's errors carry. */
type Answered = {
  readonly $metadata?: { readonly httpStatusCode?: number }
  readonly $response?: { readonly headers?: Readonly<Record<string, unknown>> }
}

/** The HTTP status of an error; 0: there was no answer. */
const statusOf = (error: unknown): number => (error as Answered).$metadata?.httpStatusCode ?? 0

function lifecycleOf(rules: readonly LifecycleRule[]): Lifecycle {
  const active = rules.filter(({ Status }) => Status === 'Enabled')
  return {
    expiring: active
      .filter(({ Expiration: { Days, Date: on } = {} }) => Days !== undefined || on !== undefined)
      .map((rule) => rule.Filter?.Prefix ?? rule.Filter?.And?.Prefix ?? rule.Prefix ?? ''),
    abortsUploads: active.some((rule) => rule.AbortIncompleteMultipartUpload !== undefined),
  }
}

type Catalogs = Pick<Account, 'database' | 'makeDatabase' | 'table'>

async function catalogOf(glue: GlueClient, during: During): Promise<Catalogs> {
  const sdk = await import('@aws-sdk/client-glue')
  const MISSING = 'EntityNotFoundException'
  return {
    database: (name) =>
      during('glue:GetDatabase', async () => {
        const found = await unlessMissing(
          glue.send(new sdk.GetDatabaseCommand({ Name: name })),
          MISSING,
        )
        return found === null ? null : { account: found.Database?.CatalogId ?? null }
      }),
    makeDatabase: (name, location) =>
      during('glue:CreateDatabase', async () => {
        const input = { Name: name, LocationUri: location, Description: 'Live trades, by ticklake' }
        const make = glue.send(new sdk.CreateDatabaseCommand({ DatabaseInput: input }))
        // Somebody else was faster: it is there.
        await unlessMissing(make, 'AlreadyExistsException')
      }),
    table: (database, name) =>
      during('glue:GetTable', async () => {
        const get = glue.send(new sdk.GetTableCommand({ DatabaseName: database, Name: name }))
        const found = await unlessMissing(get, MISSING)
        if (found === null) return null
        const { TableType, Parameters = {} } = found.Table ?? {}
        if (TableType === 'VIRTUAL_VIEW') return { kind: 'view' }
        return { kind: Parameters['table_type']?.toUpperCase() === 'ICEBERG' ? 'iceberg' : 'other' }
      }),
  }
}
