import { Fault } from '../../flow/fault.ts'
import { readOwnAvro, writeAvro, type OwnAvroFile } from './avro.ts'
import { toLong, type Long } from './json.ts'
import { DELETE_MANIFEST } from './live.ts'
import { STATUS } from './manifest.ts'
import type { ManifestFile } from './manifest-list.ts'

/*
 * A manifest written again with some of its files struck out (Iceberg v2 specification, "Manifests"): their
 * entries get the status deleted and the id of the snapshot that removes them, all others existing, each with
 * the sequence numbers that it had so far inherited. Schema, names and metadata stay those of the first writer,
 * so that a manifest of any partition spec, of data or of deletes, can be written.
 */
const ID = {
  status: 0,
  snapshotId: 1,
  dataFile: 2,
  sequenceNumber: 3,
  fileSequenceNumber: 4,
  path: 100,
  rows: 103,
  size: 104,
} as const

/** What a commit takes out of the table. */
export type Removed = {
  readonly dataFiles: number
  readonly rows: number
  readonly bytes: number
  readonly deleteFiles: number
  readonly positionDeletes: number
}
export const NOTHING_REMOVED: Removed = {
  dataFiles: 0,
  rows: 0,
  bytes: 0,
  deleteFiles: 0,
  positionDeletes: 0,
}

export const addRemoved = (a: Removed, b: Removed): Removed => ({
  dataFiles: a.dataFiles + b.dataFiles,
  rows: a.rows + b.rows,
  bytes: a.bytes + b.bytes,
  deleteFiles: a.deleteFiles + b.deleteFiles,
  positionDeletes: a.positionDeletes + b.positionDeletes,
})

export type Rewritten = {
  /** Found in it and struck out. */
  readonly locations: readonly string[]
  readonly removed: Removed
  readonly bytes: Uint8Array
  /** As the next manifest list has it, but for its place and size. */
  readonly counts: Pick<
    ManifestFile,
    | 'added_files_count'
    | 'existing_files_count'
    | 'deleted_files_count'
    | 'added_rows_count'
    | 'existing_rows_count'
    | 'deleted_rows_count'
    | 'min_sequence_number'
  >
}

export type Striking = {
  readonly locations: ReadonlySet<string>
  /** Leaves entries out instead of telling that they were deleted, those that were before too. */
  readonly forgets: boolean
  readonly snapshotId: Long
  readonly sequenceNumber: Long
  readonly sync: Uint8Array
}

/** The manifest without the live entries of `locations`; null: nothing of it changes. */
export function strikeOut(
  bytes: Uint8Array,
  manifest: ManifestFile,
  striking: Striking,
): Rewritten | null {
  const { locations, snapshotId, sync, forgets } = striking
  const file = readOwnAvro(bytes, manifest.manifest_path)
  const field = fieldsOf(file, manifest)
  const live = file.rows
    .map((row) => row as Row)
    .filter((row) => row[field.status] !== STATUS.deleted)
  const fileOf = (row: Row) => row[field.dataFile] as Row
  const gone = live.filter((row) => locations.has(String(fileOf(row)[field.path])))
  if (gone.length === 0 && !(forgets && live.length < file.rows.length)) return null
  for (const row of live) {
    row[field.sequenceNumber] ??= manifest.sequence_number
    row[field.fileSequenceNumber] ??= manifest.sequence_number
    row[field.snapshotId] ??= manifest.added_snapshot_id
    row[field.status] = STATUS.existing
  }
  for (const row of gone) {
    row[field.status] = STATUS.deleted
    row[field.snapshotId] = snapshotId
  }
  const left = live.filter((row) => row[field.status] === STATUS.existing)
  const sum = (rows: readonly Row[], of: string) =>
    rows.reduce((total, row) => total + Number(fileOf(row)[of]), 0)
  const numbers = left.map((row) => BigInt(row[field.sequenceNumber] as Long))
  const least = numbers.reduce((a, b) => (a < b ? a : b), BigInt(striking.sequenceNumber))
  const [rows, isDelete] = [sum(gone, field.rows), manifest.content === DELETE_MANIFEST]
  return {
    locations: gone.map((row) => String(fileOf(row)[field.path])),
    removed: {
      ...NOTHING_REMOVED,
      ...(isDelete
        ? { deleteFiles: gone.length, positionDeletes: rows }
        : { dataFiles: gone.length, rows }),
      bytes: sum(gone, field.size),
    },
    bytes: writeAvro(file.schema, forgets ? left : live, { sync, metadata: kept(file) }),
    counts: {
      added_files_count: 0,
      existing_files_count: left.length,
      deleted_files_count: forgets ? 0 : gone.length,
      added_rows_count: 0,
      existing_rows_count: sum(left, field.rows),
      deleted_rows_count: forgets ? 0 : rows,
      min_sequence_number: toLong(least),
    },
  }
}

type Row = { [name: string]: unknown }

function fieldsOf(
  { nameOf }: OwnAvroFile,
  { manifest_path }: ManifestFile,
): Record<keyof typeof ID, string> {
  const entries = Object.entries(ID).map(([what, id]) => {
    const name = nameOf(id)
    if (name !== null) return [what, name]
    throw new Fault('invalid', `${manifest_path} has no field ${id}: another format version`, {
      remedy: 'Rewrite the manifests in the engine that wrote them (rewrite_manifests).',
    })
  })
  return Object.fromEntries(entries) as Record<keyof typeof ID, string>
}

/** The metadata of the container but for what it is written with. */
const kept = ({ metadata }: OwnAvroFile): Record<string, string> =>
  Object.fromEntries([...metadata].filter(([key]) => !key.startsWith('avro.')))
