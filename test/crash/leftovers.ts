import { systemClock } from '../../src/flow/clock.ts'
import { systemRandom } from '../../src/flow/random.ts'
import { join } from 'node:path'
import type { Catalog } from '../../src/lake/catalog.ts'
import { openGlueCatalog } from '../../src/lake/glue-catalog.ts'
import { openIcebergLake } from '../../src/lake/iceberg-lake.ts'
import { STATUS } from '../../src/lake/iceberg/manifest.ts'
import { parseMetadata } from '../../src/lake/iceberg/metadata-document.ts'
import { openLocalStore } from '../../src/lake/local-store.ts'
import { openS3Store } from '../../src/lake/s3-store.ts'
import { openSqliteCatalog } from '../../src/lake/sqlite-catalog.ts'
import type { Store } from '../../src/lake/store.ts'
import { ORPHAN_AGE_MS_MIN, removeOrphans } from '../../src/lake/upkeep/orphans.ts'
import { logId } from '../../src/market/records.ts'
import { RECORDS } from '../../src/market/tables.ts'
import { agedStore } from '../fixtures/aged-store.ts'
import type { Aws } from '../../stack/aws.ts'

const POSITIONS = 'ticklake.positions.'

/** What a cleaning found, and what stands in the bucket after it. */
export type Leftovers = {
  /** Orphans that it removed. */
  readonly removed: number
  /** Files of the table's folder that no snapshot reaches, after it; must be none. */
  readonly orphans: readonly string[]
  /** Files that a snapshot reaches and that are not there; must be none. */
  readonly lost: readonly string[]
}

const around = { clock: systemClock, random: systemRandom }

/** Of a lake in a folder, with its catalog in it. */
export async function leftoversIn(dir: string): Promise<Leftovers> {
  const store = await openLocalStore({ dir, mode: 'write', ...around })
  await using catalog = openSqliteCatalog({ file: join(dir, 'catalog.db'), mode: 'write' })
  return await leftoversOf({ store, catalog, namespace: 'market' })
}

export type OnGlue = {
  readonly aws: Aws
  readonly database: string
  readonly prefix: string
}

/** Of a lake on S3 and Glue. */
export async function leftoversOnGlue({ aws, database, prefix }: OnGlue): Promise<Leftovers> {
  Object.assign(process.env, aws.env)
  using store = await openS3Store({
    bucket: aws.bucket,
    prefix,
    reach: { region: aws.region, endpoint: aws.s3, pathStyle: true },
    mode: 'write',
    ...around,
  })
  await using catalog = await openGlueCatalog({
    reach: { region: aws.region, endpoint: aws.glue },
    mode: 'write',
    tables: [RECORDS],
    location: store.location,
    ...around,
  })
  return await leftoversOf({ store, catalog, namespace: database })
}

type Looking = {
  readonly store: Store
  readonly catalog: Catalog
  readonly namespace: string
}

/** Removes the orphans of `records` as one would hours later, then compares what is there with what is reached. */
async function leftoversOf({ store, catalog, namespace }: Looking): Promise<Leftovers> {
  const name = { namespace, name: RECORDS.name }
  const pointer = await catalog.load(name)
  const bytes = await store.read(store.keyOf(pointer?.location ?? '') ?? '')
  const { properties } = parseMetadata(Buffer.from(bytes).toString(), pointer?.location ?? '')
  const log = Object.keys(properties).find((key) => key.startsWith(POSITIONS)) ?? ''
  const lake = await openIcebergLake({
    table: RECORDS,
    log: logId(log.slice(POSITIONS.length)),
    source: 'proof',
    namespace,
    catalog,
    store: agedStore(store, 2 * ORPHAN_AGE_MS_MIN),
    mode: 'write',
    ...around,
  })
  const io = lake.tended()
  const { files } = await removeOrphans(io, { olderThanMs: ORPHAN_AGE_MS_MIN })
  const state = await io.load()
  const reached = new Set([state.pointer.location])
  const told = new Set<string>() // deleted, by a snapshot that is still there
  for (const entry of state.metadata['metadata-log']) reached.add(entry['metadata-file'])
  for (const snapshot of state.metadata.snapshots) {
    reached.add(snapshot['manifest-list'])
    for (const manifest of await io.manifests.list(snapshot)) {
      reached.add(manifest.manifest_path)
      for (const { status, data_file } of await io.manifests.entries(manifest))
        (status === STATUS.deleted ? told : reached).add(data_file.file_path)
    }
  }
  const there = new Set<string>()
  for await (const { key } of store.list(`${namespace}/${RECORDS.name}/`))
    there.add(store.location(key))
  return {
    removed: files.length,
    orphans: [...there].filter((one) => !reached.has(one) && !told.has(one)),
    lost: [...reached].filter((one) => !there.has(one)),
  }
}
