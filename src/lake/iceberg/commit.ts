import { Fault, isFault } from '../../flow/fault.ts'
import type { Clock } from '../../flow/clock.ts'
import type { Logger } from '../../flow/log.ts'
import type { Random } from '../../flow/random.ts'
import { backoffMs } from '../../flow/retry.ts'
import type { Table } from '../../market/tables.ts'
import type { Catalog, Pointer, TableName } from '../catalog.ts'
import type { DataFile } from '../lake.ts'
import { toRecord } from './data-file.ts'
import { stringifyJson, type Long } from './json.ts'
import { listed, STATUS, writeManifest, type ManifestWriting } from './manifest.ts'
import { mayHoldFiles, writeManifestList, type ManifestFile } from './manifest-list.ts'
import type { ManifestReader } from './manifest-reader.ts'
import { mergeSmall, type Merge } from './merge.ts'
import { ancestors, mainId, mainSnapshot, type Metadata } from './metadata-document.ts'
import { nextMetadata } from './metadata.ts'
import { metadataName, newSnapshotId, randomBytes, uuid } from './names.ts'
import { positionProperties } from './positions.ts'
import { checkSchema, currentSchema, ourSortOrderId, ourSpec } from './schema.ts'
import { appendSnapshot, nextSequenceNumber } from './snapshot.ts'
import type { TableFiles } from './table-files.ts'

// Swaps lost in a row before the turn ends: other writers are that busy only when something is wrong.
const ATTEMPTS_MAX = 12
const BACKOFF = { baseMs: 20, capMs: 2_000 } as const

/** A table at one moment. */
export type TableState = { readonly pointer: Pointer; readonly metadata: Metadata }

/** What the commit works on; `load` asks the catalog. */
export type Committing = {
  readonly table: Table
  readonly name: TableName
  readonly catalog: Catalog
  readonly files: TableFiles
  readonly manifests: ManifestReader
  readonly load: () => Promise<TableState>
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

export type Append = {
  readonly files: readonly DataFile[]
  /** The table properties that move with the files; throws `conflict` where the base is not the one expected. */
  readonly properties: (base: Metadata) => Readonly<Record<string, string>>
}

/** What stays the same over all tries of one commit. */
type Attempted = {
  readonly snapshotId: Long
  readonly id: string
  added: Omit<ManifestFile, 'sequence_number' | 'min_sequence_number'> | null
  merge: Merge | null
}

/** What one try wrote. */
type Prepared = {
  readonly location: string
  readonly metadata: Metadata
  readonly manifestList: string
  readonly dropped: readonly string[]
}

/**
 * Adds files and moves properties in one swap. Resolves when the table holds them, with its new state. Throws
 * `conflict`: the fence held, or the outcome is unknown and our snapshot was not found; then nothing that
 * was staged may be committed later. A crash or a fault before the swap leaves files that nobody reads.
 */
export async function append(
  io: Committing,
  base: TableState,
  change: Append,
): Promise<TableState> {
  const { random } = io
  const snapshotId = newSnapshotId(random, base.metadata)
  const attempted: Attempted = { snapshotId, id: uuid(random), added: null, merge: null }
  let state = base
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const properties = change.properties(state.metadata) // the fence: before anything is written for this base
    attempted.added ??= await writeAdded(io, state.metadata, { change, attempted })
    const prepared = await prepare(io, state, { change, attempted, attempt, properties })
    // THE COMMIT POINT: before this line nobody sees the files; after it rows and positions are there at once.
    const outcome = await io.catalog.swap(io.name, state.pointer, prepared.location)
    if (outcome === 'swapped') return await landed(io, prepared)
    const fresh = await io.load()
    if (isAncestor(fresh.metadata, snapshotId)) return fresh
    if (outcome === 'unknown') throw notFound(io, snapshotId) // it may still happen: delete nothing
    await forget(io, fresh.metadata, prepared)
    io.log('debug', 'another writer committed first', { table: io.table.name, attempt })
    await io.clock.sleep(backoffMs(BACKOFF, attempt, random))
    state = await io.load()
  }
  throw new Fault('conflict', `${ATTEMPTS_MAX} commits to ${io.table.name} lost in a row`, {
    remedy: 'Other writers commit without a pause: run fewer of them, or commit less often.',
  })
}

/** The manifest of the new files: the same for every try, since its sequence numbers are inherited. */
async function writeAdded(
  io: Committing,
  base: Metadata,
  { change, attempted }: { readonly change: Append; readonly attempted: Attempted },
): Promise<Attempted['added']> {
  const { files } = change
  if (files.length === 0) return null
  const how = writingUnder(io, base)
  const sortOrderId = ourSortOrderId(base, io.table)
  const entries = files.map((file) => ({
    status: STATUS.added,
    snapshot_id: attempted.snapshotId,
    sequence_number: null,
    file_sequence_number: null,
    data_file: toRecord(file, how.spec, sortOrderId),
  }))
  const bytes = writeManifest(entries, how)
  return listed(entries, {
    path: await io.files.write(`metadata/${attempted.id}-m0.avro`, bytes),
    length: bytes.length,
    spec: how.spec,
    snapshotId: attempted.snapshotId,
    days: files.map(({ day }) => day),
  })
}

type Preparing = {
  readonly change: Append
  readonly attempted: Attempted
  readonly attempt: number
  readonly properties: Readonly<Record<string, string>>
}

/** Manifest list and metadata document of one try; seen by nobody. */
async function prepare(
  io: Committing,
  { pointer, metadata: base }: TableState,
  { change, attempted, attempt, properties }: Preparing,
): Promise<Prepared> {
  checkSchema(base, io.table)
  const { snapshotId, id, added } = attempted
  const sequenceNumber = nextSequenceNumber(base)
  const carried = await carriedManifests(io, base, attempted)
  const bytes = writeManifestList(
    [
      ...(added === null
        ? []
        : [{ ...added, sequence_number: sequenceNumber, min_sequence_number: sequenceNumber }]),
      ...carried.map((one) => ({ sequence_number: sequenceNumber, ...one })),
    ],
    { snapshotId, parentId: mainId(base), sequenceNumber, sync: randomBytes(io.random, 16) },
  )
  const manifestList = await io.files.write(
    `metadata/snap-${snapshotId}-${attempt}-${id}.avro`,
    bytes,
  )
  const nowMs = io.clock.now()
  const positions = positionProperties({ ...base.properties, ...properties })
  const { metadata, dropped } = nextMetadata(base, {
    previous: pointer.location,
    snapshot: appendSnapshot(base, {
      snapshotId,
      manifestList,
      files: change.files,
      nowMs,
      positions,
    }),
    properties,
    nowMs,
  })
  const location = await io.files.write(
    metadataName(pointer.location, uuid(io.random)),
    Buffer.from(stringifyJson(metadata)),
  )
  return { location, metadata, manifestList, dropped }
}

/** What the base holds and the new snapshot keeps; a merged manifest takes the new sequence number. */
async function carriedManifests(
  io: Committing,
  base: Metadata,
  attempted: Attempted,
): Promise<readonly (Omit<ManifestFile, 'sequence_number'> & { sequence_number?: Long })[]> {
  const carried = (await io.manifests.list(mainSnapshot(base))).filter(mayHoldFiles)
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
  if (merge === null) return carried
  return [...merge.merged, ...carried.filter((one) => !merge.replaces.has(one.manifest_path))]
}

const writingUnder = (io: Committing, base: Metadata): ManifestWriting => ({
  schema: currentSchema(base),
  spec: ourSpec(base, io.table),
  sync: randomBytes(io.random, 16),
})

async function landed(
  io: Committing,
  { location, metadata, dropped }: Prepared,
): Promise<TableState> {
  try {
    await io.files.remove(dropped)
  } catch (error) {
    if (!isFault(error)) throw error
    io.log('warn', 'old metadata documents stay', { table: io.table.name, cause: error.message })
  }
  return { pointer: { location, token: null }, metadata }
}

/** A try that surely lost leaves no trace; only tidiness, so a store that is away is no fault. */
async function forget(io: Committing, fresh: Metadata, lost: Prepared): Promise<void> {
  const listed = fresh.snapshots.some((one) => one['manifest-list'] === lost.manifestList)
  if (listed) return // rolled back by somebody after it had won
  try {
    await io.files.remove([lost.location, lost.manifestList])
  } catch (error) {
    if (!isFault(error)) throw error
  }
}

const isAncestor = (metadata: Metadata, id: Long): boolean =>
  ancestors(metadata).some((one) => one['snapshot-id'] === id)

const notFound = (io: Committing, id: Long): Fault =>
  new Fault('conflict', `the outcome of commit ${id} to ${io.table.name} is unknown`, {
    remedy: 'Nothing to do: the next turn begins where the table says.',
  })
