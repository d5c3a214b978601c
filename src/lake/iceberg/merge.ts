import type { Table } from '../../market/tables.ts'
import { partitionDay } from './data-file.ts'
import { toLong, type Long } from './json.ts'
import {
  carriedEntry,
  listed,
  STATUS,
  writeManifest,
  type ManifestEntry,
  type ManifestWriting,
} from './manifest.ts'
import type { ManifestFile } from './manifest-list.ts'
import type { ManifestReader } from './manifest-reader.ts'
import { dayFieldId } from './schema.ts'

// Each commit adds one small manifest; past this many, opening them costs a reader more than rewriting costs us.
const SMALL_MANIFESTS_MAX = 60
// A manifest of this many files is left alone; a merged one is closed at the end of the day that reaches it.
const SMALL_FILES = 2_000
// …and at the latest here: about 3 MB.
const FILES_MAX = 10_000

/** A merge that was written: usable for as long as every manifest it replaces is still carried. */
export type Merge = {
  readonly replaces: ReadonlySet<string>
  readonly merged: readonly Omit<ManifestFile, 'sequence_number'>[]
}

export type Merging = {
  readonly table: Table
  readonly manifests: ManifestReader
  readonly snapshotId: Long
  readonly writing: () => ManifestWriting
  readonly write: (body: Uint8Array) => Promise<string>
}

/** Rewrites the small data manifests as few, each a stretch of days; null where there are not too many. */
export async function mergeSmall(
  carried: readonly ManifestFile[],
  merging: Merging,
): Promise<Merge | null> {
  const { spec } = merging.writing()
  const small = carried.filter(
    (one) =>
      one.content === 0 && one.partition_spec_id === spec['spec-id'] && filesOf(one) < SMALL_FILES,
  )
  if (small.length <= SMALL_MANIFESTS_MAX) return null
  const sourceId = dayFieldId(merging.table)
  const entries: Dated[] = []
  for (const manifest of small)
    for (const entry of await merging.manifests.entries(manifest))
      if (entry.status !== STATUS.deleted)
        entries.push({ entry, day: partitionDay(entry.data_file, spec, sourceId) ?? null })
  const merged: Omit<ManifestFile, 'sequence_number'>[] = []
  for (const group of byDays(entries)) merged.push(await writeGroup(group, merging))
  return { replaces: new Set(small.map((one) => one.manifest_path)), merged }
}

type Dated = { readonly entry: ManifestEntry; readonly day: number | null }

/** Entries in order of day, cut into groups that end with a day where they can. */
export function byDays(entries: readonly Dated[]): readonly (readonly Dated[])[] {
  const sorted = [...entries].sort((a, b) => (a.day ?? -Infinity) - (b.day ?? -Infinity) || 0)
  const groups: Dated[][] = []
  let group: Dated[] = []
  for (const one of sorted) {
    const dayEnds = group.at(-1)?.day !== one.day
    if ((dayEnds && group.length >= SMALL_FILES) || group.length >= FILES_MAX) {
      groups.push(group)
      group = []
    }
    group.push(one)
  }
  if (group.length > 0) groups.push(group)
  return groups
}

async function writeGroup(
  group: readonly Dated[],
  { writing, write, snapshotId }: Merging,
): Promise<Omit<ManifestFile, 'sequence_number'>> {
  const how = writing()
  const entries = group.map(({ entry }) => carriedEntry(entry, how.spec))
  const bytes = writeManifest(entries, how)
  const path = await write(bytes)
  const days = group.map(({ day }) => day)
  const numbers = entries.map(({ sequence_number }) => BigInt(sequence_number ?? 0))
  return {
    ...listed(entries, { path, length: bytes.length, spec: how.spec, snapshotId, days }),
    min_sequence_number: toLong(numbers.reduce((a, b) => (a < b ? a : b))),
  }
}

const filesOf = (manifest: ManifestFile): number =>
  (manifest.added_files_count ?? SMALL_FILES) + (manifest.existing_files_count ?? 0)
