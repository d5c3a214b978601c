import { HOST } from '../ports.ts'
import type { Properties } from '../properties.ts'

export type Endpoints = {
  readonly s3: string
  readonly glue: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

const ENVIRONMENT = 'stack'

/** One node that is coordinator and worker, for queries of a test. */
export const serverProperties = (port: number): Properties => ({
  coordinator: 'true',
  'node-scheduler.include-coordinator': 'true',
  'http-server.http.port': String(port),
  'discovery.uri': `http://${HOST}:${port}`,
  'node.internal-address': HOST,
  'query.max-memory': '1GB',
  'query.max-memory-per-node': '700MB',
  'memory.heap-headroom-per-node': '400MB',
  // Else a query that comes in the first five seconds finds no node that announced the catalog.
  'catalog.management': 'dynamic',
})

/** Of the node, which may also be told to the virtual machine. */
export const nodeProperties = (dir: string, plugins: string): Properties => ({
  'node.bind-ip': HOST,
  'node.environment': ENVIRONMENT,
  'node.id': 'stack-1',
  'node.data-dir': dir,
  'plugin.dir': plugins,
})

/** Iceberg through Glue, with procedures that may expire and remove whatever they are told to. */
export const lakeProperties = (endpoints: Endpoints): Properties => ({
  'connector.name': 'iceberg',
  'iceberg.catalog.type': 'glue',
  'iceberg.file-format': 'PARQUET',
  'iceberg.expire-snapshots.min-retention': '0s',
  'iceberg.remove-orphan-files.min-retention': '0s',
  'hive.metastore.glue.region': endpoints.region,
  'hive.metastore.glue.endpoint-url': endpoints.glue,
  'hive.metastore.glue.aws-access-key': endpoints.accessKeyId,
  'hive.metastore.glue.aws-secret-key': endpoints.secretAccessKey,
  'fs.native-s3.enabled': 'true',
  's3.endpoint': endpoints.s3,
  's3.region': endpoints.region,
  's3.path-style-access': 'true',
  's3.aws-access-key': endpoints.accessKeyId,
  's3.aws-secret-key': endpoints.secretAccessKey,
})
