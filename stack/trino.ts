import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Aws } from './aws.ts'
import { HOST, freePorts } from './ports.ts'
import { propertiesText } from './properties.ts'
import { awaitReady, startServer, type ServerProcess } from './server.ts'
import { trinoFolder } from './trino/archive.ts'
import { trinoJava } from './trino/java.ts'
import { lakeProperties, nodeProperties, serverProperties } from './trino/properties.ts'
import { runStatement, type Result } from './trino/statement.ts'
import { openWarden } from './warden.ts'

export type TrinoOptions = {
  /** Where the tables are found, and by default their files. */
  readonly aws: Pick<Aws, 's3' | 'glue' | 'region' | 'accessKeyId' | 'secretAccessKey'>
  /** The S3 store, when it is another one: MinIO's URL. */
  readonly s3?: string
  /** The Glue catalog, when it is another one. */
  readonly glue?: string
  /** Heap in MB: 1536. */
  readonly heapMb?: number
}

export type QueryOptions = { readonly schema?: string }

/** A running Trino 476. Disposing ends its process and removes its folder. */
export type Trino = AsyncDisposable & {
  readonly url: string
  /** The Iceberg catalog on Glue: `lake`. */
  readonly catalog: string
  /** Of the virtual machine; null when it has ended. */
  readonly pid: number | null
  readonly log: string
  /** The rows of a statement, as `run` gives them. */
  query(sql: string, options?: QueryOptions): Promise<Result['rows']>
  /** Runs a statement to its end. Faults: `invalid` with what the server said. */
  run(sql: string, options?: QueryOptions): Promise<Result>
}

const HEAP_MB = 1_536
const CATALOG = 'lake'
const USER = 'stack'
const MAIN_CLASS = 'io.trino.server.TrinoServer'
// As Trino's own jvm.config has them.
const VM = [
  '-XX:+UseG1GC',
  '-XX:+ExplicitGCInvokesConcurrent',
  '-XX:+ExitOnOutOfMemoryError',
  '-XX:ReservedCodeCacheSize=256M',
  '-Djdk.attach.allowAttachSelf=true',
  '-Djdk.nio.maxCachedBufferSize=2000000',
  '--enable-native-access=ALL-UNNAMED',
] as const

/**
 * Starts Trino on 127.0.0.1 and resolves when it runs statements. Should this process die, in
 * whichever way, it is killed. Faults: `invalid` without a Java or a Python, `unavailable` with the
 * end of its log.
 */
export async function startTrino(options: TrinoOptions): Promise<Trino> {
  const java = await trinoJava()
  const folder = await trinoFolder()
  await using held = new AsyncDisposableStack()
  const dir = await mkdtemp(join(tmpdir(), 'ticklake-trino-'))
  const warden = openWarden(dir)
  held.defer(() => warden.close())
  const [port = 0] = await freePorts(1, [])
  const url = `http://${HOST}:${port}`
  await writeSettings(dir, port, options)

  const log = join(dir, 'trino.log')
  const node = Object.entries(nodeProperties(join(dir, 'data'), join(folder, 'plugin')))
  const args = [
    ...VM,
    `-Xmx${options.heapMb ?? HEAP_MB}M`,
    ...node.map(([name, value]) => `-D${name}=${value}`),
    `-Dconfig=${join(dir, 'etc/config.properties')}`,
    '-cp',
    join(folder, 'lib/*'),
    MAIN_CLASS,
  ]
  // Catalogs are looked for in `etc` below the working folder.
  const process = await startServer({ program: java, args, cwd: dir }, { log, warden })
  held.defer(() => kill(process))
  const run: Trino['run'] = (sql, { schema = null } = {}) =>
    runStatement(sql, { url, catalog: CATALOG, schema, user: USER })
  await awaitReady(process, { name: 'Trino', log, look: () => isReady(url, run) })
  const ending = held.move()
  return {
    url,
    catalog: CATALOG,
    get pid() {
      return process.running() ? process.pid : null
    },
    log,
    run,
    query: async (sql, options) => (await run(sql, options)).rows,
    [Symbol.asyncDispose]: () => ending.disposeAsync(),
  }
}

async function writeSettings(dir: string, port: number, options: TrinoOptions): Promise<void> {
  const { aws, s3 = aws.s3, glue = aws.glue } = options
  const catalogs = join(dir, 'etc/catalog')
  await mkdir(catalogs, { recursive: true })
  await mkdir(join(dir, 'data'))
  const lake = lakeProperties({ ...aws, s3, glue })
  await writeFile(join(dir, 'etc/config.properties'), propertiesText(serverProperties(port)))
  await writeFile(join(catalogs, `${CATALOG}.properties`), propertiesText(lake))
}

/** It says that it has started before it has noticed that it is itself a worker. */
async function isReady(url: string, run: Trino['run']): Promise<boolean> {
  const response = await fetch(`${url}/v1/info`)
  const { starting } = (await response.json()) as { readonly starting: boolean }
  if (starting) return false
  await run('SELECT 1')
  return true
}

// A farewell takes it ten seconds, and nothing it holds is kept.
async function kill(process: ServerProcess): Promise<void> {
  process.signal('SIGKILL')
  await process.ended
}
