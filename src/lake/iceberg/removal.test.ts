import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RECORDS } from '../../market/tables.ts'
import type { DataFile } from '../lake.ts'
import { writeAvro, type AvroRecord } from './avro.ts'
import { toRecord } from './data-file.ts'
import { listed, readManifest, STATUS, writeManifest } from './manifest.ts'
import type { ManifestFile } from './manifest-list.ts'
import { firstMetadata } from './metadata.ts'
import { strikeOut } from './removal.ts'

const metadata = firstMetadata({
  table: RECORDS,
  location: 'm',
  uuid: 'u',
  nowMs: 0,
  properties: {},
})
const [spec] = metadata['partition-specs']
const [schema] = metadata.schemas
const sync = new Uint8Array(16)

const file = (location: string): DataFile => ({
  location,
  sizeBytes: 100,
  rows: 7,
  day: 20_000,
  valueCounts: new Map([[1, 7]]),
  nullCounts: new Map(),
  nanCounts: new Map(),
  columnSizes: new Map(),
  lower: new Map([[1, Buffer.from('A')]]),
  upper: new Map([[1, Buffer.from('Z')]]),
  splitOffsets: [4],
})

function manifestOf(locations: readonly string[]) {
  assert.ok(spec !== undefined && schema !== undefined)
  const entries = locations.map((location) => ({
    status: STATUS.added,
    snapshot_id: null,
    sequence_number: null,
    file_sequence_number: null,
    data_file: toRecord(file(location), spec, 1),
  }))
  const bytes = writeManifest(entries, { schema, spec, sync })
  const of = { path: 'm', length: bytes.length, spec, snapshotId: 8_744_736_658_442_914_487n }
  const days = locations.map(() => 20_000)
  const listing: ManifestFile = {
    ...listed(entries, { ...of, days }),
    sequence_number: 4,
    min_sequence_number: 4,
  }
  return { bytes, listing }
}

const striking = (locations: readonly string[], forgets = false) => ({
  locations: new Set(locations),
  forgets,
  snapshotId: 99,
  sequenceNumber: 9,
  sync,
})

test('what is struck out is told with the snapshot that did it; the rest keeps its own numbers', () => {
  const { bytes, listing } = manifestOf(['a', 'b', 'c'])
  const struck = strikeOut(bytes, listing, striking(['b', 'elsewhere']))
  assert.ok(struck !== null)
  assert.deepEqual(struck.locations, ['b'])
  assert.deepEqual(struck.removed, {
    dataFiles: 1,
    rows: 7,
    bytes: 100,
    deleteFiles: 0,
    positionDeletes: 0,
  })
  const entries = readManifest(struck.bytes, { ...listing, ...struck.counts, sequence_number: 9 })
  assert.deepEqual(
    entries.map((one) => [
      one.data_file.file_path,
      one.status,
      one.snapshot_id,
      one.sequence_number,
    ]),
    [
      ['a', STATUS.existing, 8_744_736_658_442_914_487n, 4],
      ['b', STATUS.deleted, 99, 4],
      ['c', STATUS.existing, 8_744_736_658_442_914_487n, 4],
    ],
  )
  assert.equal(struck.counts.existing_files_count, 2)
  assert.equal(struck.counts.deleted_files_count, 1)
  assert.equal(struck.counts.min_sequence_number, 4)
  const bounds = entries[0]?.data_file.lower_bounds?.map(({ key, value }) => [key, value])
  assert.deepEqual(bounds, [[1, Buffer.from('A')]])
})

test('a manifest without any of the files stays as it is', () => {
  const { bytes, listing } = manifestOf(['a'])
  assert.equal(strikeOut(bytes, listing, striking(['x'])), null)
})

test('what was deleted before is not told again; told to forget, nothing of it is', () => {
  const { bytes, listing } = manifestOf(['a', 'b', 'c'])
  const once = strikeOut(bytes, listing, striking(['a']))
  assert.ok(once !== null)
  const twice = strikeOut(once.bytes, { ...listing, ...once.counts }, striking(['b']))
  assert.ok(twice !== null)
  assert.deepEqual([twice.counts.existing_files_count, twice.counts.deleted_files_count], [1, 1])
  const forgotten = strikeOut(twice.bytes, { ...listing, ...twice.counts }, striking([], true))
  assert.ok(forgotten !== null)
  const left = readManifest(forgotten.bytes, { ...listing, ...forgotten.counts })
  assert.deepEqual(
    left.map((one) => one.data_file.file_path),
    ['c'],
  )
  assert.equal(
    strikeOut(forgotten.bytes, { ...listing, ...forgotten.counts }, striking([], true)),
    null,
  )
})

test('another writer’s names, fields and metadata are written again as they were', () => {
  // A manifest of a spec that we never write, with a field of a later version of the format.
  const theirs: AvroRecord = {
    type: 'record',
    name: 'manifest_entry',
    fields: [
      { name: 'state', type: 'int', 'field-id': 0 },
      { name: 'snap', type: ['null', 'long'], default: null, 'field-id': 1 },
      { name: 'seq', type: ['null', 'long'], default: null, 'field-id': 3 },
      { name: 'file_seq', type: ['null', 'long'], default: null, 'field-id': 4 },
      {
        name: 'file',
        'field-id': 2,
        type: {
          type: 'record',
          name: 'r2',
          fields: [
            { name: 'path', type: 'string', 'field-id': 100 },
            { name: 'rows', type: 'long', 'field-id': 103 },
            { name: 'size', type: 'long', 'field-id': 104 },
            { name: 'bucket', type: ['null', 'string'], default: null, 'field-id': 1001 },
            { name: 'first_row_id', type: ['null', 'long'], default: null, 'field-id': 142 },
          ],
        },
      },
    ],
  }
  const row = (path: string) => ({
    state: 1,
    snap: null,
    seq: null,
    file_seq: null,
    file: { path, rows: 3, size: 30, bucket: 'x', first_row_id: 9_007_199_254_740_993n },
  })
  const bytes = writeAvro(theirs, [row('a'), row('b')], { sync, metadata: { 'their-key': 'kept' } })
  const { listing } = manifestOf(['a', 'b'])
  const struck = strikeOut(bytes, listing, striking(['a']))
  assert.ok(struck !== null)
  const text = Buffer.from(struck.bytes).toString('latin1')
  for (const kept of ['their-key', '"first_row_id"', '"state"', '"field-id":1001'])
    assert.ok(text.includes(kept), kept)
  assert.equal(struck.removed.rows, 3)
})
