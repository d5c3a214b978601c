import { Fault } from '../../flow/fault.ts'
import { readAvro, writeAvro, type AvroRecord } from './avro.ts'
import { optional, required } from './data-file.ts'
import type { Long } from './json.ts'

/*
 * A manifest list (Iceberg v2 specification, "Manifest Lists"): the manifests of one snapshot, with the bounds
 * of their partitions, so that a plan opens only those that it needs.
 */
export type ManifestFile = {
  readonly manifest_path: string
  readonly manifest_length: Long
  readonly partition_spec_id: number
  /** 0: data files, 1: delete files. */
  readonly content: number
  readonly sequence_number: Long
  readonly min_sequence_number: Long
  readonly added_snapshot_id: Long
  readonly added_files_count: number | null
  readonly existing_files_count: number | null
  readonly deleted_files_count: number | null
  readonly added_rows_count: Long | null
  readonly existing_rows_count: Long | null
  readonly deleted_rows_count: Long | null
  readonly partitions: readonly FieldSummary[] | null
  readonly key_metadata: Uint8Array | null
}

/** Bounds of one field of the spec over a manifest, as single values of the transform's type (day: int). */
export type FieldSummary = {
  readonly contains_null: boolean
  readonly contains_nan: boolean | null
  readonly lower_bound: Uint8Array | null
  readonly upper_bound: Uint8Array | null
}

const summary: AvroRecord = {
  type: 'record',
  name: 'r508',
  fields: [
    required('contains_null', 509, 'boolean'),
    optional('contains_nan', 518, 'boolean'),
    optional('lower_bound', 510, 'bytes'),
    optional('upper_bound', 511, 'bytes'),
  ],
}

const schema: AvroRecord = {
  type: 'record',
  name: 'manifest_file',
  fields: [
    required('manifest_path', 500, 'string'),
    required('manifest_length', 501, 'long'),
    required('partition_spec_id', 502, 'int'),
    required('content', 517, 'int'),
    required('sequence_number', 515, 'long'),
    required('min_sequence_number', 516, 'long'),
    required('added_snapshot_id', 503, 'long'),
    required('added_files_count', 504, 'int'),
    required('existing_files_count', 505, 'int'),
    required('deleted_files_count', 506, 'int'),
    required('added_rows_count', 512, 'long'),
    required('existing_rows_count', 513, 'long'),
    required('deleted_rows_count', 514, 'long'),
    optional('partitions', 507, { type: 'array', 'element-id': 508, items: summary }),
    optional('key_metadata', 519, 'bytes'),
  ],
}

const NAMES: ReadonlyMap<number, string> = new Map(
  [...schema.fields, ...summary.fields].map((field) => [field['field-id'], field.name]),
)

export type ListWriting = {
  readonly snapshotId: Long
  readonly parentId: Long | null
  readonly sequenceNumber: Long
  /** 16 random bytes. */
  readonly sync: Uint8Array
}

export const writeManifestList = (
  manifests: readonly ManifestFile[],
  { snapshotId, parentId, sequenceNumber, sync }: ListWriting,
): Uint8Array =>
  writeAvro(schema, manifests.map(complete), {
    sync,
    metadata: {
      'snapshot-id': String(snapshotId),
      'parent-snapshot-id': parentId === null ? 'null' : String(parentId),
      'sequence-number': String(sequenceNumber),
      'format-version': '2',
    },
  })

export function readManifestList(bytes: Uint8Array, path: string): readonly ManifestFile[] {
  const { rows } = readAvro(bytes, NAMES, path)
  return rows.map((row) => {
    const file = row as ManifestFile
    if (typeof file.manifest_path !== 'string' || typeof file.partition_spec_id !== 'number')
      throw new Fault('corrupt', `${path} is no Iceberg manifest list`, {
        remedy: 'Restore the file from a backup, or roll the table back to an older snapshot.',
      })
    // Written under format version 1, a list has no content and no sequence numbers: data, and 0.
    const { content, sequence_number, min_sequence_number } = file
    return {
      ...file,
      content: content ?? 0,
      sequence_number: sequence_number ?? 0,
      min_sequence_number: min_sequence_number ?? 0,
    }
  })
}

/** Whether it may hold a live file: a writer that does not say leaves it to the reader to look. */
export const mayHoldFiles = (
  file: Pick<ManifestFile, 'added_files_count' | 'existing_files_count'>,
): boolean => file.added_files_count !== 0 || file.existing_files_count !== 0

// A version 2 list requires the counts; a list of version 1 may have left them out.
const complete = (file: ManifestFile): ManifestFile => ({
  ...file,
  added_files_count: counted(file, file.added_files_count),
  existing_files_count: counted(file, file.existing_files_count),
  deleted_files_count: counted(file, file.deleted_files_count),
  added_rows_count: counted(file, file.added_rows_count),
  existing_rows_count: counted(file, file.existing_rows_count),
  deleted_rows_count: counted(file, file.deleted_rows_count),
  partitions: file.partitions ?? null,
  key_metadata: file.key_metadata ?? null,
})

function counted<T extends Long>(file: ManifestFile, count: T | null): T {
  if (count !== null && count !== undefined) return count
  throw new Fault('corrupt', `${file.manifest_path} is listed without its counts of files`, {
    remedy:
      'Rewrite the manifests in the engine that wrote them (rewrite_manifests), then start again.',
  })
}
