import { Fault } from '../../flow/fault.ts'
import type { Table } from '../../market/tables.ts'
import type { DataFile, DeleteFile } from '../lake.ts'
import { fromRecord, partitionDay, type DataFileRecord } from './data-file.ts'
import type { Long } from './json.ts'
import { STATUS, type ManifestEntry } from './manifest.ts'
import type { ManifestFile } from './manifest-list.ts'
import type { ManifestReader } from './manifest-reader.ts'
import type { Metadata, PartitionSpec } from './metadata-document.ts'
import { dayFieldId } from './schema.ts'
import { dayOfTimeBounds } from './time-bounds.ts'

const MANIFESTS_AT_ONCE = 8 // reads in flight: enough to hide a store's latency, few open files
/** Of a manifest entry and of a manifest: data files, or files of position deletes, or of equality deletes. */
export const CONTENT = { data: 0, positionDeletes: 1, equalityDeletes: 2 } as const
/** A manifest of delete files of either sort. */
export const DELETE_MANIFEST = 1
// Reserved field id of the column `file_path` in a file of position deletes (Iceberg v2 specification).
const FILE_PATH_ID = 2147483546

export type Planning = {
  readonly metadata: Metadata
  readonly table: Table
  readonly manifests: ManifestReader
}

/** A live data file and where its entry stands. */
export type LiveFile = {
  readonly file: DataFile
  readonly sequenceNumber: Long
  readonly specId: number
  readonly manifest: ManifestFile
  /** Its partition's values, comparable within a spec. */
  readonly partition: string
}

/** A live file of position deletes, and what it may strike out. */
export type LiveDelete = DeleteFile & {
  readonly sequenceNumber: Long
  readonly specId: number
  readonly manifest: ManifestFile
  readonly partition: string
  readonly day: number | null
  /** Data files between these, as UTF-8; null: that side is open. */
  readonly fromPath: Uint8Array | null
  readonly toPath: Uint8Array | null
}

export type Live = { readonly data: readonly LiveFile[]; readonly deletes: readonly LiveDelete[] }

/**
 * The live files of `manifests` (of one snapshot), data files with the position deletes that may apply to them,
 * in the order of the list. Throws `invalid` where rows are struck out in a way that is not read here (by
 * equality, or by a deletion vector): reading on would bring those rows back.
 */
export async function readLive(planning: Planning, listed: readonly ManifestFile[]): Promise<Live> {
  const data: LiveFile[] = []
  const deletes: LiveDelete[] = []
  for (let at = 0; at < listed.length; at += MANIFESTS_AT_ONCE) {
    const some = listed.slice(at, at + MANIFESTS_AT_ONCE)
    const read = await Promise.all(some.map((one) => planning.manifests.entries(one)))
    some.forEach((manifest, i) => {
      const entries = (read[i] ?? []).filter(({ status }) => status !== STATUS.deleted)
      const of = { manifest, spec: specById(planning.metadata, manifest.partition_spec_id) }
      if (manifest.content === DELETE_MANIFEST)
        for (const entry of entries) deletes.push(liveDelete(planning, of, entry))
      else for (const entry of entries) data.push(liveFile(planning, of, entry))
    })
  }
  return { data: deletes.length === 0 ? data : withDeletes(data, deletes), deletes }
}

type Listed = { readonly manifest: ManifestFile; readonly spec: PartitionSpec }

/** A data file with its day, whatever spec it was written under. */
function liveFile({ table }: Planning, { manifest, spec }: Listed, entry: ManifestEntry): LiveFile {
  const timeId = dayFieldId(table)
  const day = partitionDay(entry.data_file, spec, timeId)
  const file = fromRecord(entry.data_file, null)
  return {
    file: { ...file, day: day === undefined ? dayOfTimeBounds(file, timeId) : day },
    sequenceNumber: entry.sequence_number ?? 0,
    specId: spec['spec-id'],
    manifest,
    partition: partitionText(entry.data_file, spec),
  }
}

function liveDelete(
  { table }: Planning,
  { manifest, spec }: Listed,
  { data_file, sequence_number }: ManifestEntry,
): LiveDelete {
  if (data_file.content !== CONTENT.positionDeletes) throw notRead(table, data_file, 'by equality')
  if (data_file.file_format.toLowerCase() !== 'parquet')
    throw notRead(table, data_file, `as ${data_file.file_format}`)
  const { lower, upper } = fromRecord(data_file, null)
  const named = data_file.referenced_data_file
  const only = typeof named === 'string' ? Buffer.from(named) : null
  return {
    location: data_file.file_path,
    sizeBytes: Number(data_file.file_size_in_bytes),
    rows: Number(data_file.record_count),
    sequenceNumber: sequence_number ?? 0,
    specId: spec['spec-id'],
    manifest,
    partition: partitionText(data_file, spec),
    day: partitionDay(data_file, spec, dayFieldId(table)) ?? null,
    fromPath: only ?? lower.get(FILE_PATH_ID) ?? null,
    toPath: only ?? upper.get(FILE_PATH_ID) ?? null,
  }
}

/**
 * Whether rows of `file` may be struck out by `struck` (Iceberg v2 specification, "Scan Planning"): the same
 * partition of the same spec, written before it or with it, and between its bounds of paths.
 */
export function appliesTo(struck: LiveDelete, { file, ...live }: LiveFile): boolean {
  if (struck.specId !== live.specId || struck.partition !== live.partition) return false
  if (struck.sequenceNumber < live.sequenceNumber) return false
  const path = Buffer.from(file.location)
  return (
    (struck.fromPath === null || Buffer.compare(path, struck.fromPath) >= 0) &&
    (struck.toPath === null || Buffer.compare(path, struck.toPath) <= 0)
  )
}

function withDeletes(data: readonly LiveFile[], deletes: readonly LiveDelete[]): LiveFile[] {
  const keyOf = ({ specId, partition }: LiveFile | LiveDelete) => `${specId} ${partition}`
  const byPartition = Map.groupBy(deletes, keyOf)
  return data.map((live) => {
    const found = (byPartition.get(keyOf(live)) ?? []).filter((one) => appliesTo(one, live))
    if (found.length === 0) return live
    const files = found.map(({ location, sizeBytes, rows }) => ({ location, sizeBytes, rows }))
    return { ...live, file: { ...live.file, deletes: files } }
  })
}

const partitionText = ({ partition }: DataFileRecord, { fields }: PartitionSpec): string =>
  JSON.stringify(fields.map((field) => plain(partition[`f${field['field-id']}`])))

const plain = (value: unknown): unknown => {
  if (typeof value === 'bigint') return value.toString()
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : (value ?? null)
}

/** The spec that a manifest was written under; `corrupt` when the table does not have it. */
export function specById(metadata: Metadata, id: number): PartitionSpec {
  const spec = metadata['partition-specs'].find((one) => one['spec-id'] === id)
  if (spec !== undefined) return spec
  throw new Fault(
    'corrupt',
    `a manifest names partition spec ${id}, which the table does not have`,
    {
      remedy: 'The metadata document is damaged: roll the table back to an older one.',
    },
  )
}

const notRead = (table: Table, { file_path }: DataFileRecord, how: string): Fault =>
  new Fault(
    'invalid',
    `rows of table ${table.name} were deleted ${how}, which ticklake does not read (${file_path})`,
    {
      remedy:
        'Let the engine that deleted them rewrite the files (Flink and Spark: rewrite_data_files; Trino: ALTER TABLE … EXECUTE optimize), or query the table there.',
    },
  )
