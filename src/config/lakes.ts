import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Catalog } from '../lake/catalog.ts'
import type { Store } from '../lake/store.ts'
import { FEED_LOG, RECORDS } from '../market/tables.ts'
import { glueReach, s3Reach } from './aws.ts'
import type { Parts } from './components.ts'

/** Store and catalog of the lake that the settings name. */
export type LakeParts = AsyncDisposable & {
  readonly store: Store
  readonly catalog: Catalog
  /** A folder of this machine for files on their way to the store, made in write mode. */
  readonly stagingDir: string
}

/** `write` makes what is missing, and refuses a store that cannot keep a lake. */
export async function openLakeParts(parts: Parts, mode: 'write' | 'read'): Promise<LakeParts> {
  await using opening = new AsyncDisposableStack()
  const { store, stagingDir } = await openStore(parts, { mode, opening })
  const catalog = opening.use(await openCatalog(parts, { mode, store }))
  const opened = opening.move()
  return { store, catalog, stagingDir, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

async function openStore(
  { loaded, places, clock, random }: Parts,
  { mode, opening }: { readonly mode: 'write' | 'read'; readonly opening: AsyncDisposableStack },
): Promise<{ readonly store: Store; readonly stagingDir: string }> {
  const { lake, data } = places
  if (lake.kind === 'file') {
    const { openLocalStore } = await import('../lake/local-store.ts')
    const store = await openLocalStore({ dir: lake.dir, mode, clock, random })
    return { store, stagingDir: store.stagingDir }
  }
  const { openS3Store } = await import('../lake/s3-store.ts')
  const { bucket, prefix } = lake
  const reach = s3Reach(loaded)
  const store = opening.use(await openS3Store({ bucket, prefix, reach, mode, clock, random }))
  const stagingDir = join(data, 'staging')
  if (mode === 'write') await mkdir(stagingDir, { recursive: true })
  return { store, stagingDir }
}

async function openCatalog(
  { loaded, places: { catalog }, clock, random }: Parts,
  { mode, store }: { readonly mode: 'write' | 'read'; readonly store: Store },
): Promise<Catalog> {
  if (catalog.kind === 'sqlite') {
    const { openSqliteCatalog } = await import('../lake/sqlite-catalog.ts')
    return openSqliteCatalog({ file: catalog.file, mode })
  }
  const { openGlueCatalog } = await import('../lake/glue-catalog.ts')
  return openGlueCatalog({
    reach: glueReach(loaded),
    mode,
    tables: [RECORDS, FEED_LOG],
    location: store.location,
    clock,
    random,
  })
}
