import { Fault } from '../../flow/fault.ts'
import { readAvro, writeAvro, type AvroRecord } from './avro.ts'
import {
  avroName,
  DATA_FILE_NAMES,
  dataFileSchema,
  optional,
  required,
  type DataFileRecord,
} from './data-file.ts'
import { stringifyJson, type Long } from './json.ts'
import type { ManifestFile } from './manifest-list.ts'
import type { IcebergSchema, PartitionSpec } from './metadata-document.ts'
import { singleValue } from './single-value.ts'

/*
 * A manifest (Iceberg v2 specification, "Manifests"): one entry a file.
 *   entry = status, snapshot_id?, sequence_number?, file_sequence_number?, data_file
 * The three numbers are null in an entry just added: readers take them from the manifest list, so the file
 * can be used again when a commit is tried again under another sequence number.
 */
export const STATUS = { existing: 0, added: 1, deleted: 2 } as const

export type ManifestEntry = {
  readonly status: number
  readonly snapshot_id: Long | null
  readonly sequence_number: Long | null
  readonly file_sequence_number: Long | null
  readonly data_file: DataFileRecord
}

export type ManifestWriting = {
  readonly schema: IcebergSchema
  readonly spec: PartitionSpec
  /** 16 random bytes. */
  readonly sync: Uint8Array
}

const ENTRY_NAMES: ReadonlyMap<number, string> = new Map([
  ...DATA_FILE_NAMES,
  [0, 'status'],
  [1, 'snapshot_id'],
  [2, 'data_file'],
  [3, 'sequence_number'],
  [4, 'file_sequence_number'],
])

const entrySchema = (spec: PartitionSpec): AvroRecord => ({
  type: 'record',
  name: 'manifest_entry',
  fields: [
    required('status', 0, 'int'),
    optional('snapshot_id', 1, 'long'),
    optional('sequence_number', 3, 'long'),
    optional('file_sequence_number', 4, 'long'),
    required('data_file', 2, dataFileSchema(spec)),
  ],
})

/** The bytes of a data manifest; every entry's partition is named by the spec's field names. */
export const writeManifest = (
  entries: readonly ManifestEntry[],
  { schema, spec, sync }: ManifestWriting,
): Uint8Array =>
  writeAvro(entrySchema(spec), entries, {
    sync,
    metadata: {
      schema: stringifyJson(schema),
      'schema-id': String(schema['schema-id']),
      'partition-spec': stringifyJson(spec.fields),
      'partition-spec-id': String(spec['spec-id']),
      'format-version': '2',
      content: 'data',
    },
  })

/** The entries of a manifest, with what they inherit from the manifest list filled in. */
export function readManifest(bytes: Uint8Array, listed: ManifestFile): readonly ManifestEntry[] {
  const { rows } = readAvro(bytes, ENTRY_NAMES, listed.manifest_path)
  return rows.map((row) => {
    const entry = row as ManifestEntry
    if (typeof entry.data_file?.file_path !== 'string' || typeof entry.status !== 'number')
      throw new Fault('corrupt', `${listed.manifest_path} is no Iceberg manifest`, {
        remedy: 'Restore the file from a backup, or roll the table back to a snapshot without it.',
      })
    return {
      status: entry.status,
      snapshot_id: entry.snapshot_id ?? listed.added_snapshot_id,
      sequence_number: entry.sequence_number ?? listed.sequence_number,
      file_sequence_number: entry.file_sequence_number ?? listed.sequence_number,
      data_file: { ...entry.data_file, content: entry.data_file.content ?? 0 },
    }
  })
}

/** An entry as read, to be written again as existing: its partition gets the spec's names back. */
export const carriedEntry = (entry: ManifestEntry, spec: PartitionSpec): ManifestEntry => ({
  ...entry,
  status: STATUS.existing,
  data_file: {
    ...entry.data_file,
    partition: Object.fromEntries(
      spec.fields.map((field) => [
        avroName(field.name),
        entry.data_file.partition[`f${field['field-id']}`] ?? null,
      ]),
    ),
  },
})

export type ListedAs = {
  readonly path: string
  readonly length: number
  readonly spec: PartitionSpec
  readonly snapshotId: Long
  /** Days of its files; null: the null day. */
  readonly days: readonly (number | null)[]
}

/** How a manifest of entries of one status stands in the manifest list of the snapshot that adds it. */
export function listed(
  entries: readonly ManifestEntry[],
  { path, length, spec, snapshotId, days }: ListedAs,
): Omit<ManifestFile, 'sequence_number' | 'min_sequence_number'> {
  const added = entries.filter(({ status }) => status === STATUS.added)
  const existing = entries.filter(({ status }) => status === STATUS.existing)
  const known = days.filter((day) => day !== null)
  const bound = (day: number) => (known.length === 0 ? null : Buffer.from(singleValue('int', day)))
  return {
    manifest_path: path,
    manifest_length: length,
    partition_spec_id: spec['spec-id'],
    content: 0,
    added_snapshot_id: snapshotId,
    added_files_count: added.length,
    existing_files_count: existing.length,
    deleted_files_count: 0,
    added_rows_count: rowsOf(added),
    existing_rows_count: rowsOf(existing),
    deleted_rows_count: 0,
    partitions: [
      {
        contains_null: known.length < days.length,
        contains_nan: null,
        lower_bound: bound(known.reduce((a, b) => Math.min(a, b), Infinity)),
        upper_bound: bound(known.reduce((a, b) => Math.max(a, b), -Infinity)),
      },
    ],
    key_metadata: null,
  }
}

const rowsOf = (entries: readonly ManifestEntry[]): number =>
  entries.reduce((sum, { data_file }) => sum + Number(data_file.record_count), 0)
