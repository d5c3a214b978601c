import { readManifest, type ManifestEntry } from './manifest.ts'
import { readManifestList, type ManifestFile } from './manifest-list.ts'
import type { Snapshot } from './metadata-document.ts'
import type { TableFiles } from './table-files.ts'

// Manifests never change, so what a reader read once is kept: about 7 KB an entry, 140 MB in all.
const ENTRIES_MAX = 20_000

/** Reads manifest lists and manifests; the latest ones come from memory, up to `entriesMax` entries. */
export type ManifestReader = {
  list(snapshot: Snapshot | null): Promise<readonly ManifestFile[]>
  entries(manifest: ManifestFile): Promise<readonly ManifestEntry[]>
}

export function manifestReader(files: TableFiles, entriesMax = ENTRIES_MAX): ManifestReader {
  let last: { path: string; manifests: readonly ManifestFile[] } | null = null
  const kept = new Map<string, readonly ManifestEntry[]>()
  let count = 0
  const keep = (path: string, entries: readonly ManifestEntry[]) => {
    count += entries.length - (kept.get(path)?.length ?? 0)
    kept.delete(path)
    kept.set(path, entries)
    for (const [oldest, { length }] of kept) {
      if (count <= entriesMax) break
      kept.delete(oldest)
      count -= length
    }
  }
  return {
    list: async (snapshot) => {
      if (snapshot === null) return []
      const path = snapshot['manifest-list']
      if (last?.path === path) return last.manifests
      const manifests = readManifestList(await files.read(path), path)
      last = { path, manifests }
      return manifests
    },
    entries: async (manifest) => {
      const path = manifest.manifest_path
      const entries = kept.get(path) ?? readManifest(await files.read(path), manifest)
      keep(path, entries)
      return entries
    },
  }
}
