import { commitMetadata } from '../iceberg/commit-metadata.ts'
import type { Long } from '../iceberg/json.ts'
import { DELETE_MANIFEST } from '../iceberg/live.ts'
import { STATUS, type ManifestEntry } from '../iceberg/manifest.ts'
import type { ManifestFile } from '../iceberg/manifest-list.ts'
import {
  ancestors,
  mainSnapshot,
  type Metadata,
  type Snapshot,
} from '../iceberg/metadata-document.ts'
import { headsOf, SNAPSHOTS_KEPT, withoutSnapshots } from '../iceberg/metadata.ts'
import { checkCollectable, removeFiles, type Tended } from './tended.ts'

const READS_AT_ONCE = 8
const GRACE_MS = 3_600_000

export type Expiring = {
  /** The newest snapshots that stay, with heads of branches and tags; by default 360. */
  readonly keep?: number
  /**
   * Data files that a commit took out of the table less than this ago stay, for whoever is reading them, ms; they
   * go as orphans. By default an hour: of several landers the newest 360 snapshots may be of a few minutes.
   */
  readonly graceMs?: number
  /** Says what would go and changes nothing. */
  readonly dryRun?: boolean
}

/** What went, or would go. Locations are absolute. */
export type Expired = {
  readonly snapshots: number
  readonly dataFiles: readonly string[]
  readonly deleteFiles: readonly string[]
  /** Manifests, manifest lists and statistics. */
  readonly metadataFiles: readonly string[]
}

/**
 * Takes old snapshots out of the table, then removes the files that only they reached. The document goes first,
 * in one swap: a crash after it leaves files that nobody reads, for the removal of orphans. A file that any
 * snapshot left reaches is never removed. Faults: as `commitMetadata`; `invalid` where the table says gc.enabled=false.
 */
export async function expireSnapshots(io: Tended, expiring: Expiring = {}): Promise<Expired> {
  const { keep = SNAPSHOTS_KEPT, graceMs = GRACE_MS, dryRun = false } = expiring
  const base = await io.load()
  checkCollectable(io.table, base.metadata)
  let before = base.metadata
  const struckBeforeMs = graceMs === 0 ? Infinity : io.clock.now() - graceMs
  if (dryRun) {
    const ids = expirable(before, keep)
    const next = withoutSnapshots(before, { previous: '', expired: ids, nowMs: 0 })
    return await onlyReached(io, { before, after: next.metadata, struckBeforeMs })
  }
  const seen = new Map(before.snapshots.map((one) => [one['snapshot-id'], one]))
  const after = await commitMetadata(io, base, {
    next: (metadata, previous) => {
      const expired = expirable(metadata, keep)
      if (expired.size === 0) return null
      // A try that won although it was told otherwise took snapshots that this document has no more.
      for (const one of metadata.snapshots) seen.set(one['snapshot-id'], one)
      before = { ...metadata, snapshots: [...seen.values()] }
      return withoutSnapshots(metadata, { previous, expired, nowMs: io.clock.now() })
    },
  })
  const gone = await onlyReached(io, { before, after: after.metadata, struckBeforeMs })
  await removeFiles(io, [...gone.dataFiles, ...gone.deleteFiles])
  await removeFiles(io, gone.metadataFiles)
  return gone
}

/** Snapshots beyond the newest `keep` that nothing points at. */
export function expirable(metadata: Metadata, keep: number): ReadonlySet<Long> {
  const heads = headsOf(metadata)
  const old = metadata.snapshots.slice(0, Math.max(0, metadata.snapshots.length - keep))
  return new Set(old.map((one) => one['snapshot-id']).filter((id) => !heads.has(id)))
}

type Comparing = {
  readonly before: Metadata
  readonly after: Metadata
  /** What was struck out later stays. */
  readonly struckBeforeMs: number
}

/** The files that snapshots of `before` reached and none of `after` does. */
async function onlyReached(
  io: Tended,
  { before, after, struckBeforeMs }: Comparing,
): Promise<Expired> {
  const kept = new Set(after.snapshots.map((one) => one['snapshot-id']))
  const expired = before.snapshots.filter((one) => !kept.has(one['snapshot-id']))
  if (expired.length === 0)
    return { snapshots: 0, dataFiles: [], deleteFiles: [], metadataFiles: [] }
  const main = [...ancestors(after)]
  const isOneLine = main.length === after.snapshots.length && isChain(before)
  const reader = listReader(io)
  // On one line a manifest that the oldest snapshot left does not list never comes back.
  const oldest = main.at(-1)
  const asked = isOneLine && oldest !== undefined ? [oldest] : after.snapshots
  const stays = new Set((await reader(asked)).flatMap(pathsOf))
  for (const { manifest_path } of await io.manifests.list(mainSnapshot(after)))
    stays.add(manifest_path)
  const lists = await reader(expired)
  const deadManifests = new Map<string, ManifestFile>()
  for (const manifest of lists.flat())
    if (!stays.has(manifest.manifest_path)) deadManifests.set(manifest.manifest_path, manifest)
  const strikers = [...expired, ...(oldest === undefined ? [] : [oldest])]
  const ids = new Set(
    strikers
      .filter((one) => one['timestamp-ms'] <= struckBeforeMs)
      .map((one) => one['snapshot-id']),
  )
  const oldestLists = oldest === undefined ? [] : await reader([oldest])
  const struck = [...lists.flat(), ...oldestLists.flat()].filter(mayStrike(ids))
  const candidates = await goneFiles(io, {
    struck: [...new Map(struck.map((one) => [one.manifest_path, one])).values()],
    dead: isOneLine ? [] : [...deadManifests.values()], // beside one line nothing was added
    ids,
    chain: new Set([...ancestors(before)].map((one) => one['snapshot-id'])),
  })
  const nothing = candidates.data.size + candidates.deletes.size === 0
  const live = nothing
    ? new Set<string>()
    : await livePaths(io, isOneLine ? [mainSnapshot(after)] : after.snapshots)
  const isGone = (path: string) => !live.has(path)
  return {
    snapshots: expired.length,
    dataFiles: [...candidates.data].filter(isGone),
    deleteFiles: [...candidates.deletes].filter(isGone),
    metadataFiles: [
      ...deadManifests.keys(),
      ...listsOnly(expired, after.snapshots),
      ...statisticsOnly(before, after),
    ],
  }
}

/** Whether every snapshot stands on main's line, none beside it. */
const isChain = (metadata: Metadata): boolean =>
  [...ancestors(metadata)].length === metadata.snapshots.length

const pathsOf = (manifests: readonly ManifestFile[]): readonly string[] =>
  manifests.map((one) => one.manifest_path)

const mayStrike =
  (ids: ReadonlySet<Long>) =>
  ({ added_snapshot_id, deleted_files_count }: ManifestFile): boolean =>
    ids.has(added_snapshot_id) && deleted_files_count !== 0

/** Reads manifest lists, several at once, each once. */
function listReader({ manifests }: Tended) {
  const read = new Map<string, Promise<readonly ManifestFile[]>>()
  return async (snapshots: readonly Snapshot[]): Promise<readonly (readonly ManifestFile[])[]> => {
    const lists: (readonly ManifestFile[])[] = []
    for (let at = 0; at < snapshots.length; at += READS_AT_ONCE) {
      const some = snapshots.slice(at, at + READS_AT_ONCE).map(async (snapshot) => {
        const path = snapshot['manifest-list']
        const known = read.get(path) ?? manifests.list(snapshot)
        read.set(path, known)
        return await known
      })
      lists.push(...(await Promise.all(some)))
    }
    return lists
  }
}

type Looking = {
  /** Manifests that were written by an expired snapshot, or the oldest left, and say what it struck out. */
  readonly struck: readonly ManifestFile[]
  /** Manifests that only expired snapshots list. */
  readonly dead: readonly ManifestFile[]
  readonly ids: ReadonlySet<Long>
  /** The line of main before anything expired. */
  readonly chain: ReadonlySet<Long>
}

/**
 * Files that a snapshot which is gone struck out, so that all that reached them are gone; and files that were
 * added by snapshots beside main's line, such as those before a rollback.
 */
async function goneFiles({ manifests }: Tended, { struck, dead, ids, chain }: Looking) {
  const files = { data: new Set<string>(), deletes: new Set<string>() }
  const note = ({ content }: ManifestFile, { data_file }: ManifestEntry) =>
    (content === DELETE_MANIFEST ? files.deletes : files.data).add(data_file.file_path)
  for (const manifest of struck)
    for (const entry of await manifests.entries(manifest))
      if (entry.status === STATUS.deleted && ids.has(entry.snapshot_id ?? -1)) note(manifest, entry)
  for (const manifest of dead) {
    if (chain.has(manifest.added_snapshot_id)) continue
    for (const entry of await manifests.entries(manifest))
      if (!chain.has(entry.snapshot_id ?? -1)) note(manifest, entry)
  }
  return files
}

/** All files that these snapshots reach. */
async function livePaths(
  { manifests }: Tended,
  snapshots: readonly (Snapshot | null)[],
): Promise<ReadonlySet<string>> {
  const listed = new Map<string, ManifestFile>()
  for (const snapshot of snapshots)
    for (const one of await manifests.list(snapshot)) listed.set(one.manifest_path, one)
  const paths = new Set<string>()
  for (const manifest of listed.values())
    for (const { status, data_file } of await manifests.entries(manifest))
      if (status !== STATUS.deleted) paths.add(data_file.file_path)
  return paths
}

const listsOnly = (expired: readonly Snapshot[], kept: readonly Snapshot[]): readonly string[] => {
  const still = new Set(kept.map((one) => one['manifest-list']))
  return expired.map((one) => one['manifest-list']).filter((path) => !still.has(path))
}

/** Statistics files of snapshots that are gone. */
function statisticsOnly(before: Metadata, after: Metadata): readonly string[] {
  const paths = (metadata: Metadata) =>
    [...(metadata.statistics ?? []), ...(metadata['partition-statistics'] ?? [])]
      .map((one) => (one as { readonly 'statistics-path'?: unknown })['statistics-path'])
      .filter((path) => typeof path === 'string')
  const still = new Set(paths(after))
  return paths(before).filter((path) => !still.has(path))
}
