import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freshSeed } from '../src/flow/random.ts'
import { CREDENTIALS, REGION, makeBucket } from './aws/bucket.ts'
import { glueProxy, type GlueMishaps } from './aws/glue-proxy.ts'
import { startMoto } from './aws/moto.ts'
import { s3Proxy, type S3Mishaps } from './aws/s3-proxy.ts'
import { openWarden } from './warden.ts'

export type AwsOptions = {
  /** Of the chance by which mishaps happen; by default one that nobody chose. */
  readonly seed?: number
  /** The bucket that is there from the start: `lake`. */
  readonly bucket?: string
  /** The S3 store, when it is not moto: the URL of one that is running. */
  readonly s3?: string
}

/**
 * S3, Glue and Athena on 127.0.0.1, by moto. Disposing ends it, and all it holds is gone. What a
 * stand-in cannot show: throughput, limits of an account, and Athena's SQL, which moto does not
 * run.
 */
export type Aws = AsyncDisposable & {
  /** URL of S3, through the proxy that has mishaps; path style. */
  readonly s3: string
  /** URL of Glue, through the proxy that checks versions and has mishaps. */
  readonly glue: string
  /** URL of Athena: moto itself. */
  readonly athena: string
  /** moto's own URL: S3, Glue and Athena past the proxies. */
  readonly moto: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Made at the start. */
  readonly bucket: string
  /** The environment by which ticklake, and every AWS SDK, comes to it. */
  readonly env: Readonly<Record<string, string>>
  readonly s3Faults: S3Mishaps
  readonly glueFaults: GlueMishaps
  /** Of the seed that mishaps happen by. */
  readonly seed: number
  /** Of moto's process; null when it has ended. */
  readonly pid: number | null
  readonly log: string
}

/**
 * Starts it, and resolves when it answers. Should this process die, in whichever way, moto is
 * killed. Faults: `invalid` without a Python, `unavailable` with the end of its log.
 */
export async function startAws(options: AwsOptions = {}): Promise<Aws> {
  const { seed = freshSeed(), bucket = 'lake' } = options
  await using held = new AsyncDisposableStack()
  const dir = await mkdtemp(join(tmpdir(), 'ticklake-aws-'))
  const warden = openWarden(dir)
  held.defer(() => warden.close())
  const { url: moto, log, process } = await startMoto(dir, warden)
  held.defer(() => process.stop())
  const store = options.s3 ?? moto
  await makeBucket(store, bucket)
  const s3 = held.use(await s3Proxy(store, seed))
  const glue = held.use(await glueProxy(moto, seed))
  const ending = held.move()
  return {
    s3: s3.url,
    glue: glue.url,
    athena: moto,
    moto,
    region: REGION,
    ...CREDENTIALS,
    bucket,
    env: environment({ s3: s3.url, glue: glue.url, athena: moto }),
    s3Faults: s3.mishaps,
    glueFaults: glue.mishaps,
    seed,
    get pid() {
      return process.running() ? process.pid : null
    },
    log,
    [Symbol.asyncDispose]: () => ending.disposeAsync(),
  }
}

/** Names of the AWS SDKs and Tools Reference Guide; the second region is boto's. */
const environment = (urls: Record<'s3' | 'glue' | 'athena', string>) => ({
  AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
  AWS_REGION: REGION,
  AWS_DEFAULT_REGION: REGION,
  AWS_ENDPOINT_URL_S3: urls.s3,
  AWS_ENDPOINT_URL_GLUE: urls.glue,
  AWS_ENDPOINT_URL_ATHENA: urls.athena,
  AWS_EC2_METADATA_DISABLED: 'true',
})
