import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFault } from '../../flow/fault.ts'
import { RECORDS } from '../../market/tables.ts'
import {
  appliesTo,
  CONTENT,
  DELETE_MANIFEST,
  readLive,
  type LiveDelete,
  type LiveFile,
} from './live.ts'
import { STATUS, type ManifestEntry } from './manifest.ts'
import type { ManifestFile } from './manifest-list.ts'
import { firstMetadata } from './metadata.ts'

const manifest = (content: number): ManifestFile => ({
  manifest_path: `m${content}`,
  manifest_length: 1,
  partition_spec_id: 0,
  content,
  sequence_number: 3,
  min_sequence_number: 1,
  added_snapshot_id: 1,
  added_files_count: 1,
  existing_files_count: 0,
  deleted_files_count: 0,
  added_rows_count: 1,
  existing_rows_count: 0,
  deleted_rows_count: 0,
  partitions: null,
  key_metadata: null,
})

type Given = {
  readonly path: string
  readonly content?: number
  readonly format?: string
  readonly sequence?: number
  readonly day?: number
  readonly status?: number
}

const entry = ({ path, content = 0, format = 'PARQUET', ...given }: Given): ManifestEntry => ({
  status: given.status ?? STATUS.added,
  snapshot_id: 1,
  sequence_number: given.sequence ?? 1,
  file_sequence_number: given.sequence ?? 1,
  data_file: {
    content,
    file_path: path,
    file_format: format,
    partition: { f1000: given.day ?? 5 },
    record_count: 1,
    file_size_in_bytes: 1,
    column_sizes: null,
    value_counts: null,
    null_value_counts: null,
    nan_value_counts: null,
    lower_bounds: null,
    upper_bounds: null,
    key_metadata: null,
    split_offsets: null,
    equality_ids: null,
    sort_order_id: null,
    referenced_data_file: null,
  },
})

const metadata = firstMetadata({
  table: RECORDS,
  location: 'm',
  uuid: 'u',
  nowMs: 0,
  properties: {},
})

const live = (data: readonly ManifestEntry[], deletes: readonly ManifestEntry[]) =>
  readLive(
    {
      metadata,
      table: RECORDS,
      manifests: {
        list: async () => [],
        entries: async ({ content }) => (content === DELETE_MANIFEST ? deletes : data),
      },
    },
    [manifest(0), manifest(DELETE_MANIFEST)],
  )

const struck = (given: Partial<Given> = {}) =>
  entry({ path: 'd', content: CONTENT.positionDeletes, sequence: 2, ...given })

test('a file carries the position deletes of its partition that are not older than it', async () => {
  const { data } = await live(
    [
      entry({ path: 'a' }),
      entry({ path: 'newer', sequence: 3 }),
      entry({ path: 'other day', day: 6 }),
      entry({ path: 'gone', status: STATUS.deleted }),
    ],
    [struck()],
  )
  const deletes = data.map(({ file }) => [file.location, file.deletes?.length ?? 0])
  assert.deepEqual(deletes, [
    ['a', 1],
    ['newer', 0],
    ['other day', 0],
  ])
})

test('rows struck out by equality or by a deletion vector are refused by name', async () => {
  for (const bad of [
    entry({ path: 'eq.parquet', content: CONTENT.equalityDeletes }),
    struck({ path: 'eq.parquet', format: 'PUFFIN' }),
  ])
    await assert.rejects(
      live([entry({ path: 'a' })], [bad]),
      (error) => isFault(error, 'invalid') && /eq\.parquet/.test(error.message),
    )
})

test('a delete file with bounds of paths applies between them alone', async () => {
  const { data, deletes } = await live([entry({ path: 'b' })], [struck()])
  const [file, del] = [data[0], deletes[0]]
  assert.ok(file !== undefined && del !== undefined)
  const between = (from: string, to: string): LiveDelete => ({
    ...del,
    fromPath: Buffer.from(from),
    toPath: Buffer.from(to),
  })
  const applies = (one: LiveDelete, to: LiveFile = file) => appliesTo(one, to)
  assert.ok(applies(between('b', 'b')))
  assert.ok(applies(between('a', 'c')))
  assert.ok(!applies(between('c', 'd')))
  assert.ok(!applies(between('a', 'a~')))
  assert.ok(!applies({ ...del, specId: 7 }))
})
