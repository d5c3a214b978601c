import { mkdir, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Fault } from '../src/flow/fault.ts'
import { freshSeed } from '../src/flow/random.ts'
import { CREDENTIALS, REGION, makeBucket } from './aws/bucket.ts'
import { s3Proxy, type S3Mishaps } from './aws/s3-proxy.ts'
import { minioProgram } from './minio/program.ts'
import { HOST, freePorts } from './ports.ts'
import { awaitReady, startServer, type ServerProcess } from './server.ts'
import { openWarden } from './warden.ts'

export type MinioOptions = {
  /** Of the chance by which mishaps happen; by default one that nobody chose. */
  readonly seed?: number
  /** The bucket that is there from the start: `lake`. */
  readonly bucket?: string
}

/**
 * An S3 store that writes to disk and outlives a kill, on 127.0.0.1: it keeps its ports and its
 * folder whatever is done to it. Disposing ends it and removes the folder.
 */
export type Minio = AsyncDisposable & {
  /** URL of S3, through the proxy that has mishaps; path style. */
  readonly endpoint: string
  /** Its own URL. */
  readonly direct: string
  readonly s3Faults: S3Mishaps
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly bucket: string
  /** Of the running process; null while it is down. */
  readonly pid: number | null
  readonly log: string
  /** SIGKILL; resolves when the process has ended. */
  kill(): Promise<void>
  /**
   * Starts it again, and resolves when it answers. Faults: `unavailable` with the end of its log,
   * `invalid` when it runs.
   */
  start(): Promise<void>
}

/**
 * Starts MinIO and resolves when it answers. Should this process die, in whichever way, it is
 * killed. Faults: `unavailable` with what Go or its log said.
 */
export async function startMinio(options: MinioOptions = {}): Promise<Minio> {
  const { seed = freshSeed(), bucket = 'lake' } = options
  const program = await minioProgram()
  await using held = new AsyncDisposableStack()
  const dir = await mkdtemp(join(tmpdir(), 'ticklake-minio-'))
  const warden = openWarden(dir)
  held.defer(() => warden.close())
  await mkdir(join(dir, 'data'))
  const [port = 0] = await freePorts(1, [])
  const direct = `http://${HOST}:${port}`
  const log = join(dir, 'minio.log')
  const command = {
    program,
    args: ['server', join(dir, 'data'), '--address', `${HOST}:${port}`],
    env: ENVIRONMENT,
  }
  let process: ServerProcess | null = null
  const running = () => (process?.running() === true ? process : null)
  const kill = async () => {
    const victim = running()
    victim?.signal('SIGKILL')
    await victim?.ended
  }
  const start = async () => {
    if (running() !== null)
      throw new Fault('invalid', 'MinIO runs already', { remedy: 'Kill it first.' })
    process = await startServer(command, { log, warden })
    const look = async () => (await fetch(`${direct}/minio/health/ready`)).ok
    await awaitReady(process, { name: 'MinIO', log, look })
  }
  held.defer(kill)
  await start()
  await makeBucket(direct, bucket)
  const proxy = held.use(await s3Proxy(direct, seed))
  const ending = held.move()
  return {
    endpoint: proxy.url,
    direct,
    s3Faults: proxy.mishaps,
    region: REGION,
    ...CREDENTIALS,
    bucket,
    get pid() {
      return running()?.pid ?? null
    },
    log,
    kill,
    start,
    [Symbol.asyncDispose]: () => ending.disposeAsync(),
  }
}

const ENVIRONMENT = {
  MINIO_ROOT_USER: CREDENTIALS.accessKeyId,
  MINIO_ROOT_PASSWORD: CREDENTIALS.secretAccessKey,
  MINIO_REGION: REGION,
  MINIO_BROWSER: 'off',
  MINIO_UPDATE: 'off',
}
