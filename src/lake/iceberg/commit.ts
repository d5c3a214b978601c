import { Fault, isFault } from '../../flow/fault.ts'
import { backoffMs } from '../../flow/retry.ts'
import { carriedManifests } from './carried.ts'
import {
  ATTEMPTS_MAX,
  BACKOFF,
  busy,
  removeDropped,
  removeQuietly,
  writingUnder,
  type Attempted,
  type Change,
  type Committing,
  type TableState,
} from './committing.ts'
import { toRecord } from './data-file.ts'
import { stringifyJson, type Long } from './json.ts'
import { listed, STATUS, writeManifest } from './manifest.ts'
import { writeManifestList } from './manifest-list.ts'
import { ancestors, mainId, type Metadata } from './metadata-document.ts'
import { nextMetadata } from './metadata.ts'
import { metadataName, newSnapshotId, randomBytes, uuid } from './names.ts'
import { carriedPositions, positionProperties } from './positions.ts'
import { checkSchema, ourSortOrderId } from './schema.ts'
import { nextSequenceNumber, nextSnapshot } from './snapshot.ts'

/** What one try wrote. */
type Prepared = {
  readonly location: string
  readonly metadata: Metadata
  readonly manifestList: string
  readonly dropped: readonly string[]
}

/**
 * Adds and removes files and moves properties in one swap. Resolves when the table is so, with its new state.
 * Throws `conflict`: the base is not the one expected, or the outcome is unknown and our snapshot was not found;
 * then nothing that was staged may be committed later. A crash or a fault before the swap leaves files that
 * nobody reads.
 */
export async function commit(
  io: Committing,
  base: TableState,
  change: Change,
): Promise<TableState> {
  const { random } = io
  const snapshotId = newSnapshotId(random, base.metadata)
  const attempted: Attempted = {
    snapshotId,
    id: uuid(random),
    added: null,
    merge: null,
    struck: new Map(),
  }
  let state = base
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const properties = change.properties(state.metadata) // the fence: before anything is written for this base
    const prepared = await preparedFor(io, state, { change, attempted, attempt, properties })
    if ('moved' in prepared) {
      state = prepared.moved
      continue
    }
    change.properties(state.metadata) // asked again: a machine may have slept since, and staged files grow too old
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
  throw busy(io)
}

/** The manifest of the new files: the same for every try, since its sequence numbers are inherited. */
async function writeAdded(
  io: Committing,
  base: Metadata,
  { change, attempted }: { readonly change: Change; readonly attempted: Attempted },
): Promise<Attempted['added']> {
  const files = change.added
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
  readonly change: Change
  readonly attempted: Attempted
  readonly attempt: number
  readonly properties: Readonly<Record<string, string>>
}

/** What one try needs; or where the table stands now, when the base was tidied away meanwhile. */
async function preparedFor(
  io: Committing,
  state: TableState,
  preparing: Preparing,
): Promise<Prepared | { readonly moved: TableState }> {
  try {
    await preparing.change.admit?.(state.metadata)
    return await prepare(io, state, preparing)
  } catch (error) {
    if (!isFault(error, 'invalid')) throw error
    const moved = await io.load()
    if (moved.pointer.location === state.pointer.location) throw error
    return { moved }
  }
}

/** Manifest list and metadata document of one try; seen by nobody. */
async function prepare(
  io: Committing,
  { pointer, metadata: base }: TableState,
  { change, attempted, attempt, properties }: Preparing,
): Promise<Prepared> {
  checkSchema(base, io.table)
  attempted.added ??= await writeAdded(io, base, { change, attempted })
  const { snapshotId, id, added } = attempted
  const sequenceNumber = nextSequenceNumber(base)
  const { carried, removed } = await carriedManifests(io, base, { change, attempted })
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
  const positions = { ...carriedPositions(base), ...positionProperties(properties) }
  const { metadata, dropped } = nextMetadata(base, {
    previous: pointer.location,
    snapshot: nextSnapshot(base, {
      operation: change.operation,
      snapshotId,
      manifestList,
      added: change.added,
      removed,
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

async function landed(
  io: Committing,
  { location, metadata, dropped }: Prepared,
): Promise<TableState> {
  await removeDropped(io, dropped)
  return { pointer: { location, token: null }, metadata }
}

/** A try that surely lost leaves no trace; only tidiness, so a store that is away is no fault. */
async function forget(io: Committing, fresh: Metadata, lost: Prepared): Promise<void> {
  // It had won after all, and was rolled back, or expired already, by somebody else.
  const isListed = fresh.snapshots.some((one) => one['manifest-list'] === lost.manifestList)
  const isLogged = fresh['metadata-log'].some((one) => one['metadata-file'] === lost.location)
  if (isListed || isLogged) return
  await removeQuietly(io, [lost.location, lost.manifestList])
}

const isAncestor = (metadata: Metadata, id: Long): boolean =>
  ancestors(metadata).some((one) => one['snapshot-id'] === id)

const notFound = (io: Committing, id: Long): Fault =>
  new Fault('conflict', `the outcome of commit ${id} to ${io.table.name} is unknown`, {
    remedy: 'Nothing to do: the next turn begins where the table says.',
  })
