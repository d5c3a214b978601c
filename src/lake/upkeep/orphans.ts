import { Fault } from '../../flow/fault.ts'
import type { ManifestFile } from '../iceberg/manifest-list.ts'
import type { Entry, Key } from '../store.ts'
import { checkCollectable, type Tended } from './tended.ts'

// A batch is committed within an hour or never, and no reader plans for days on a document that it once read.
const OLDER_THAN_MS = 3 * 86_400_000
/** Whoever stages a file drops it after an hour: two leave room for clocks that differ. */
export const ORPHAN_AGE_MS_MIN = 2 * 3_600_000
// Removed in one call to the store.
const BATCH = 500
/** What commits of ours and of other engines leave; anything else is not ours to judge. */
const KINDS = /\.(?:parquet|avro|metadata\.json)$/

export type Cleaning = {
  /** Files younger than this stay, ms; by default three days. */
  readonly olderThanMs?: number
  readonly dryRun?: boolean
}
/** What went, or would go. */
export type Orphans = { readonly files: readonly Entry[]; readonly bytes: number }

/**
 * Removes data files, manifests, manifest lists and documents in the table's folder that no snapshot of the table
 * reaches and that are older than three days: what crashes, lost commits and expired snapshots left. Safe at any
 * time: what is reachable is asked after what is there was listed. Faults: `invalid` where the table names a file
 * by a location that cannot be compared with what is there, or says gc.enabled=false; then nothing is removed.
 */
export async function removeOrphans(io: Tended, cleaning: Cleaning = {}): Promise<Orphans> {
  const { olderThanMs = OLDER_THAN_MS, dryRun = false } = cleaning
  const { store, folder, clock } = io
  checkCollectable(io.table, (await io.load()).metadata)
  const there: Entry[] = []
  for await (const entry of store.list(`${folder}/`)) there.push(entry)
  // The store's own clock says how old its files are: one of ours that is ahead makes nothing older.
  const newestMs = there.reduce((ms, { modifiedMs }) => Math.max(ms, modifiedMs), 0)
  // Who only looks may see younger ones too.
  const before =
    Math.min(clock.now(), newestMs) - Math.max(olderThanMs, dryRun ? 0 : ORPHAN_AGE_MS_MIN)
  const stale = new Map<Key, Entry>()
  for (const entry of there)
    if (entry.modifiedMs <= before && KINDS.test(entry.key)) stale.set(entry.key, entry)
  if (stale.size > 0) await keepReachable(io, stale)
  const files = [...stale.values()]
  const keys = [...stale.keys()]
  if (!dryRun)
    for (let at = 0; at < keys.length; at += BATCH) await store.remove(keys.slice(at, at + BATCH))
  return { files, bytes: files.reduce((sum, { size }) => sum + size, 0) }
}

/** Takes out of `stale` what the table reaches now. */
async function keepReachable(io: Tended, stale: Map<Key, Entry>): Promise<void> {
  const { pointer, metadata } = await io.load()
  const nameOf = (path: string) => path.slice(path.lastIndexOf('/') + 1)
  const names = new Set([...stale.keys()].map(nameOf))
  const keep = (location: string) => {
    const key = io.store.keyOf(location)
    if (key !== null) stale.delete(key)
    // Names are random: the same one elsewhere is the same file, under an address that is not known here.
    else if (names.has(nameOf(location))) throw elsewhere(location, io)
  }
  keep(pointer.location)
  for (const entry of metadata['metadata-log']) keep(entry['metadata-file'])
  const manifests = new Map<string, ManifestFile>()
  for (const snapshot of metadata.snapshots) {
    keep(snapshot['manifest-list'])
    for (const one of await io.manifests.list(snapshot)) manifests.set(one.manifest_path, one)
  }
  for (const manifest of manifests.values()) {
    keep(manifest.manifest_path)
    if (stale.size === 0) return
    for (const { data_file } of await io.manifests.entries(manifest)) keep(data_file.file_path)
  }
}

const elsewhere = (location: string, { store }: Tended): Fault =>
  new Fault(
    'invalid',
    `the table names ${location}, which cannot be compared with what is in ${store.location('')}`,
    {
      remedy:
        'Nothing was removed. The lake was moved, or another engine writes its address in another way: name the address under which the table was made.',
    },
  )
