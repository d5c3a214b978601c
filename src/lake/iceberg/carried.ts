import { Fault } from '../../flow/fault.ts'
import type { Attempted, Change, Committing, Removal, Struck, Unnumbered } from './committing.ts'
import { writingUnder } from './committing.ts'
import { mayHoldFiles, type ManifestFile } from './manifest-list.ts'
import { mergeSmall } from './merge.ts'
import { mainSnapshot, type Metadata } from './metadata-document.ts'
import { randomBytes, uuid } from './names.ts'
import { addRemoved, NOTHING_REMOVED, strikeOut, type Removed } from './removal.ts'
import { nextSequenceNumber } from './snapshot.ts'

export type Carried = { readonly carried: readonly Unnumbered[]; readonly removed: Removed }

/** What the base holds and the new snapshot keeps; a manifest that is written anew takes the new sequence number. */
export async function carriedManifests(
  io: Committing,
  base: Metadata,
  { change, attempted }: { readonly change: Change; readonly attempted: Attempted },
): Promise<Carried> {
  const carried = (await io.manifests.list(mainSnapshot(base))).filter(mayHoldFiles)
  if (change.removed !== undefined)
    return await strikeCarried(io, carried, { removal: change.removed, attempted, base })
  const paths = new Set(carried.map((one) => one.manifest_path))
  const usable =
    attempted.merge !== null && [...attempted.merge.replaces].every((one) => paths.has(one))
  if (!usable) {
    attempted.merge = await mergeSmall(carried, {
      table: io.table,
      manifests: io.manifests,
      snapshotId: attempted.snapshotId,
      writing: () => writingUnder(io, base),
      write: (body) => io.files.write(`metadata/${uuid(io.random)}-m1.avro`, body),
    })
  }
  const { merge } = attempted
  if (merge === null) return { carried, removed: NOTHING_REMOVED }
  const rest = carried.filter((one) => !merge.replaces.has(one.manifest_path))
  return { carried: [...merge.merged, ...rest], removed: NOTHING_REMOVED }
}

type Removing = {
  readonly removal: Removal
  readonly attempted: Attempted
  readonly base: Metadata
}

/** Every removed file is found and struck out, or the change does not fit the base. */
async function strikeCarried(
  io: Committing,
  carried: readonly ManifestFile[],
  { removal, attempted, base }: Removing,
): Promise<Carried> {
  const left = new Set(removal.locations)
  const replaced = new Map<string, Unnumbered>()
  let removed = NOTHING_REMOVED
  const hinted = ({ manifest_path }: ManifestFile) => removal.manifests.has(manifest_path)
  for (const manifest of [...carried.filter(hinted), ...carried.filter((one) => !hinted(one))]) {
    const mayForget = removal.forgets === true && manifest.deleted_files_count !== 0
    if (left.size === 0 && !mayForget) continue
    const path = manifest.manifest_path
    const known = attempted.struck.get(path)
    const struck =
      known === undefined ? await strikeOne(io, manifest, { removal, attempted, base }) : known
    attempted.struck.set(path, struck)
    if (struck === null) continue
    for (const location of struck.locations) left.delete(location)
    replaced.set(path, struck.manifest)
    removed = addRemoved(removed, struck.removed)
  }
  const [missing] = left
  if (missing !== undefined)
    throw new Fault('conflict', `${missing} is not in ${io.table.name} any more`, {
      remedy: 'Nothing to do: another writer replaced it, and it is planned again.',
    })
  const all = carried.map((one) => replaced.get(one.manifest_path) ?? one)
  return {
    carried: all.filter((one) => mayHoldFiles(one) || one.deleted_files_count !== 0),
    removed,
  }
}

async function strikeOne(
  io: Committing,
  manifest: ManifestFile,
  { removal, attempted, base }: Removing,
): Promise<Struck | null> {
  const { snapshotId } = attempted
  const struck = strikeOut(await io.files.read(manifest.manifest_path), manifest, {
    locations: removal.locations,
    forgets: removal.forgets ?? false,
    snapshotId,
    sequenceNumber: nextSequenceNumber(base),
    sync: randomBytes(io.random, 16),
  })
  if (struck === null) return null
  const path = await io.files.write(`metadata/${uuid(io.random)}-m2.avro`, struck.bytes)
  const { sequence_number: _, ...rest } = manifest
  const size = struck.bytes.length
  const listed = { manifest_path: path, manifest_length: size, added_snapshot_id: snapshotId }
  return {
    manifest: { ...rest, ...listed, ...struck.counts },
    locations: struck.locations,
    removed: struck.removed,
  }
}
