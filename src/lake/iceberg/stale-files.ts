import type { Clock } from '../../flow/clock.ts'
import type { Key, Store } from '../store.ts'
import type { TableState } from './commit.ts'
import type { ManifestReader } from './manifest-reader.ts'

// A batch is committed within an hour or never, and no reader plans for days on a document that it once read.
const STALE_MS = 3 * 86_400_000
// Removed in one call to the store.
const BATCH = 500
/** What our commits and those of other engines leave in metadata/; anything else there is not ours to judge. */
const KINDS = /\.(?:avro|metadata\.json)$/

export type Tidying = {
  readonly store: Store
  /** `<namespace>/<table>`, below the store's root. */
  readonly folder: Key
  readonly manifests: Pick<ManifestReader, 'list'>
  /** Asks the catalog. */
  readonly load: () => Promise<TableState>
  readonly clock: Clock
}

/**
 * Removes manifests, manifest lists and documents that no snapshot of the table reaches any more and that are
 * older than three days; answers how many. Each commit leaves two such files when its snapshot expires. Data
 * files are never touched. Safe at any time: what is reachable is asked after what is there was listed.
 */
export async function removeStaleMetadata(tidying: Tidying): Promise<number> {
  const { store, folder, load, clock } = tidying
  const before = clock.now() - STALE_MS
  const stale = new Set<Key>()
  for await (const { key, modifiedMs } of store.list(`${folder}/metadata/`))
    if (modifiedMs < before && KINDS.test(key)) stale.add(key)
  if (stale.size === 0) return 0
  const keep = (location: string) => {
    const key = store.keyOf(location)
    if (key !== null) stale.delete(key)
  }
  const { pointer, metadata } = await load()
  keep(pointer.location)
  for (const entry of metadata['metadata-log']) keep(entry['metadata-file'])
  for (const snapshot of metadata.snapshots) {
    keep(snapshot['manifest-list'])
    for (const { manifest_path } of await tidying.manifests.list(snapshot)) keep(manifest_path)
  }
  const keys = [...stale]
  for (let at = 0; at < keys.length; at += BATCH) await store.remove(keys.slice(at, at + BATCH))
  return keys.length
}
