import type { DataFile } from '../lake.ts'
import type { AvroRecord, AvroType } from './avro.ts'
import type { Long } from './json.ts'
import type { PartitionSpec } from './metadata-document.ts'

/*
 * `data_file` of a manifest entry (Iceberg v2 specification, "Manifests"), under the specification's names:
 *   field(name, id, type), optional unless marked; a map is an array of { key, value }.
 */
export type DataFileRecord = {
  /** 0: data, 1: position deletes, 2: equality deletes. */
  readonly content: number
  readonly file_path: string
  readonly file_format: string
  /** By the spec's field: `f<field id>` as read, the field's name as written. */
  readonly partition: Readonly<Record<string, unknown>>
  readonly record_count: Long
  readonly file_size_in_bytes: Long
  readonly column_sizes: Pairs<Long>
  readonly value_counts: Pairs<Long>
  readonly null_value_counts: Pairs<Long>
  readonly nan_value_counts: Pairs<Long>
  readonly lower_bounds: Pairs<Uint8Array>
  readonly upper_bounds: Pairs<Uint8Array>
  readonly key_metadata: Uint8Array | null
  readonly split_offsets: readonly Long[] | null
  readonly equality_ids: readonly number[] | null
  readonly sort_order_id: number | null
  readonly referenced_data_file: string | null
}
type Pairs<V> = readonly { readonly key: number; readonly value: V }[] | null

type MapField = {
  readonly name: string
  readonly id: number
  readonly keyId: number
  readonly value: 'long' | 'bytes'
}
// The value's id is always one past its key's.
const MAPS: readonly MapField[] = [
  { name: 'column_sizes', id: 108, keyId: 117, value: 'long' },
  { name: 'value_counts', id: 109, keyId: 119, value: 'long' },
  { name: 'null_value_counts', id: 110, keyId: 121, value: 'long' },
  { name: 'nan_value_counts', id: 137, keyId: 138, value: 'long' },
  { name: 'lower_bounds', id: 125, keyId: 126, value: 'bytes' },
  { name: 'upper_bounds', id: 128, keyId: 129, value: 'bytes' },
]

export const required = (name: string, id: number, type: AvroType) => ({
  name,
  type,
  'field-id': id,
})
export const optional = (name: string, id: number, type: AvroType) => ({
  name,
  type: ['null', type] as const,
  default: null,
  'field-id': id,
})

const mapField = ({ name, id, keyId, value }: MapField) =>
  optional(name, id, {
    type: 'array',
    logicalType: 'map',
    items: {
      type: 'record',
      name: `k${keyId}_v${keyId + 1}`,
      fields: [required('key', keyId, 'int'), required('value', keyId + 1, value)],
    },
  })

/** The Avro schema of `data_file` under a spec whose one field is day(…). */
export const dataFileSchema = (spec: PartitionSpec): AvroRecord => ({
  type: 'record',
  name: 'r2',
  fields: [
    required('content', 134, 'int'),
    required('file_path', 100, 'string'),
    required('file_format', 101, 'string'),
    required('partition', 102, {
      type: 'record',
      name: 'r102',
      fields: spec.fields.map((field) =>
        optional(avroName(field.name), field['field-id'], { type: 'int', logicalType: 'date' }),
      ),
    }),
    required('record_count', 103, 'long'),
    required('file_size_in_bytes', 104, 'long'),
    ...MAPS.map(mapField),
    optional('key_metadata', 131, 'bytes'),
    optional('split_offsets', 132, { type: 'array', items: 'long', 'element-id': 133 }),
    optional('equality_ids', 135, { type: 'array', items: 'int', 'element-id': 136 }),
    optional('sort_order_id', 140, 'int'),
    optional('referenced_data_file', 143, 'string'),
  ],
})

/** Field id → our name, for reading what any writer wrote. */
export const DATA_FILE_NAMES: ReadonlyMap<number, string> = new Map([
  [134, 'content'],
  [100, 'file_path'],
  [101, 'file_format'],
  [102, 'partition'],
  [103, 'record_count'],
  [104, 'file_size_in_bytes'],
  [131, 'key_metadata'],
  [132, 'split_offsets'],
  [135, 'equality_ids'],
  [140, 'sort_order_id'],
  [143, 'referenced_data_file'],
  ...MAPS.flatMap(({ name, id, keyId }): [number, string][] => [
    [id, name],
    [keyId, 'key'],
    [keyId + 1, 'value'],
  ]),
])

/** Java's rule for names that Avro does not allow (AvroSchemaUtil.sanitize), so that its readers agree. */
export const avroName = (name: string): string =>
  name
    .replace(
      /[^A-Za-z0-9_]/gu,
      (char) => `_x${(char.codePointAt(0) ?? 0).toString(16).toUpperCase()}`,
    )
    .replace(/^\d/, (digit) => `_${digit}`)

/** How a file is written under `spec`: its day is the value of the spec's one field. */
export const toRecord = (
  file: DataFile,
  spec: PartitionSpec,
  sortOrderId: number,
): DataFileRecord => ({
  content: 0,
  file_path: file.location,
  file_format: 'PARQUET',
  partition: Object.fromEntries(spec.fields.map(({ name }) => [avroName(name), file.day])),
  record_count: file.rows,
  file_size_in_bytes: file.sizeBytes,
  column_sizes: pairs(file.columnSizes),
  value_counts: pairs(file.valueCounts),
  null_value_counts: pairs(file.nullCounts),
  nan_value_counts: pairs(file.nanCounts),
  lower_bounds: pairs(file.lower),
  upper_bounds: pairs(file.upper),
  key_metadata: null,
  split_offsets: file.splitOffsets.length === 0 ? null : file.splitOffsets,
  equality_ids: null,
  sort_order_id: sortOrderId,
  referenced_data_file: null,
})

/** A file as it was read; `day` comes from its partition (see partitionDay). */
export const fromRecord = (record: DataFileRecord, day: number | null): DataFile => ({
  location: record.file_path,
  sizeBytes: Number(record.file_size_in_bytes),
  rows: Number(record.record_count),
  day,
  valueCounts: numbers(record.value_counts),
  nullCounts: numbers(record.null_value_counts),
  nanCounts: numbers(record.nan_value_counts),
  columnSizes: numbers(record.column_sizes),
  lower: bytes(record.lower_bounds),
  upper: bytes(record.upper_bounds),
  splitOffsets: (record.split_offsets ?? []).map(Number),
})

/** The day of a file as read, under a spec that has a day(`sourceId`) field; undefined: the spec has none. */
export function partitionDay(
  record: DataFileRecord,
  spec: PartitionSpec,
  sourceId: number,
): number | null | undefined {
  const field = spec.fields.find((one) => one['source-id'] === sourceId && one.transform === 'day')
  if (field === undefined) return undefined
  const value = record.partition[`f${field['field-id']}`]
  return typeof value === 'number' ? value : null
}

const pairs = <V extends number | Uint8Array>(map: ReadonlyMap<number, V>) =>
  [...map]
    .sort(([a], [b]) => a - b)
    .map(([key, value]) => ({
      key,
      value: (typeof value === 'number' ? value : Buffer.from(value)) as V,
    }))

const numbers = (list: Pairs<Long>): ReadonlyMap<number, number> =>
  new Map((list ?? []).map(({ key, value }) => [key, Number(value)]))

const bytes = (list: Pairs<Uint8Array>): ReadonlyMap<number, Uint8Array> =>
  new Map((list ?? []).map(({ key, value }) => [key, value]))
