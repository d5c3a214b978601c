import { isFault } from '../../flow/fault.ts'
import type { ManifestFile } from '../iceberg/manifest-list.ts'
import { parseMetadata, type Metadata, type Snapshot } from '../iceberg/metadata-document.ts'
import { removeFiles, type Tended } from './tended.ts'

/**
 * Removes what an expiry that was killed left: files that snapshots of earlier documents reached, as long as those
 * are in the table's metadata log, and that none of now does. Expiry removes data before the lists that name it,
 * so what is left is named. For a purge alone, which keeps one snapshot: others wait for the removal of orphans.
 * Answers how many data files were asked for.
 */
export async function removeLeftovers(io: Tended): Promise<number> {
  const { metadata } = await io.load()
  const gone = await goneSnapshots(io, metadata)
  const kept = await keptPaths(io, metadata)
  const manifests = new Map<string, ManifestFile>()
  const lists: string[] = []
  for (const snapshot of gone) {
    const listed = await unlessGone(() => io.manifests.list(snapshot))
    if (listed === null) continue
    lists.push(snapshot['manifest-list'])
    for (const one of listed) manifests.set(one.manifest_path, one)
  }
  const data = new Set<string>()
  for (const manifest of manifests.values())
    for (const { data_file } of (await unlessGone(() => io.manifests.entries(manifest))) ?? [])
      data.add(data_file.file_path)
  const left = (paths: Iterable<string>) => [...paths].filter((path) => !kept.has(path))
  const files = await removeFiles(io, left(data))
  await removeFiles(io, left([...lists, ...manifests.keys()]))
  return files
}

/** Snapshots of the documents of the metadata log that the table no longer has. */
async function goneSnapshots(io: Tended, metadata: Metadata): Promise<Iterable<Snapshot>> {
  const now = new Set(metadata.snapshots.map((one) => one['manifest-list']))
  const gone = new Map<string, Snapshot>()
  for (const { 'metadata-file': location } of metadata['metadata-log']) {
    const bytes = await unlessGone(() => io.files.read(location))
    if (bytes === null) continue
    for (const snapshot of parseMetadata(Buffer.from(bytes).toString(), location).snapshots)
      if (!now.has(snapshot['manifest-list'])) gone.set(snapshot['manifest-list'], snapshot)
  }
  return gone.values()
}

/** All that the table reaches now. */
async function keptPaths(io: Tended, metadata: Metadata): Promise<ReadonlySet<string>> {
  const kept = new Set<string>()
  for (const snapshot of metadata.snapshots) {
    kept.add(snapshot['manifest-list'])
    for (const one of await io.manifests.list(snapshot)) {
      kept.add(one.manifest_path)
      for (const { data_file } of await io.manifests.entries(one)) kept.add(data_file.file_path)
    }
  }
  return kept
}

/** What `read` answers; null: the file was removed. */
async function unlessGone<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read()
  } catch (error) {
    if (!isFault(error, 'invalid')) throw error
    return null
  }
}
