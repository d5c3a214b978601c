import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFault } from '../../flow/fault.ts'
import { RECORDS } from '../../market/tables.ts'
import { stringifyJson } from './json.ts'
import { ancestors, mainSnapshot, parseMetadata, type Metadata } from './metadata-document.ts'
import { firstMetadata, nextMetadata } from './metadata.ts'
import { checkSchema, ourSpec } from './schema.ts'
import { nextSnapshot } from './snapshot.ts'

const NOW = 1_763_900_000_000
const empty = (): Metadata =>
  firstMetadata({ table: RECORDS, location: 'memory://t', uuid: 'u', nowMs: NOW, properties: {} })

function next(base: Metadata, id: number, nowMs = NOW) {
  const snapshot = nextSnapshot(base, {
    operation: 'append',
    snapshotId: id,
    manifestList: `memory://t/${id}.avro`,
    added: [],
    nowMs,
    positions: {},
  })
  const previous = `memory://t/${id - 1}.metadata.json`
  return nextMetadata(base, { previous, snapshot, properties: {}, nowMs })
}

const grown = (last: number, base = empty()): Metadata => {
  let metadata = base
  for (let id = base.snapshots.length + 1; id <= last; id++) ({ metadata } = next(metadata, id))
  return metadata
}

test('a new table reads back as it was written', () => {
  const metadata = empty()
  assert.deepEqual(parseMetadata(stringifyJson(metadata), 'it'), metadata)
  assert.equal(mainSnapshot(metadata), null)
  checkSchema(metadata, RECORDS)
  assert.equal(ourSpec(metadata, RECORDS).fields[0]?.name, 'ts_day')
})

test('fields that we do not know are kept through a commit, and 63-bit ids with them', () => {
  const document = stringifyJson({
    ...grown(1),
    'x-engine': { nested: [1, { id: 8_744_736_658_442_914_487n }] },
    refs: { main: { 'snapshot-id': 1, type: 'branch', 'max-ref-age-ms': 7 } },
  })
  const { metadata } = next(parseMetadata(document, 'it'), 2)
  const text = stringifyJson(metadata)
  assert.match(text, /"x-engine":\{"nested":\[1,\{"id":8744736658442914487\}\]\}/)
  assert.match(text, /"max-ref-age-ms":7/)
})

test("another engine's snapshot with a 63-bit id is our parent", () => {
  const theirs = 8_744_736_658_442_914_487n
  const base = grown(1)
  const { metadata } = next(
    {
      ...base,
      'current-snapshot-id': theirs,
      refs: { main: { 'snapshot-id': theirs, type: 'branch' } },
      snapshots: [
        ...base.snapshots,
        {
          'snapshot-id': theirs,
          'parent-snapshot-id': 1,
          'timestamp-ms': NOW,
          'manifest-list': 'x',
        },
      ],
    },
    2,
  )
  const back = parseMetadata(stringifyJson(metadata), 'it')
  assert.deepEqual(
    [...ancestors(back)].map((one) => one['snapshot-id']),
    [2, theirs, 1],
  )
})

test('time in the documents never goes back, whatever the clock does', () => {
  let { metadata } = next(empty(), 1)
  for (const nowMs of [NOW - 3_600_000, NOW - 7_200_000]) {
    const before = metadata['last-updated-ms']
    ;({ metadata } = next(metadata, 2, nowMs))
    assert.ok(metadata['last-updated-ms'] > before)
  }
})

test('the document stays bounded: old snapshots leave it, heads of tags stay', () => {
  const tagged = { ...grown(3), refs: { old: { 'snapshot-id': 2, type: 'tag' } } }
  const metadata = grown(900, tagged)
  assert.equal(metadata.snapshots.length, 721)
  assert.ok(metadata.snapshots.some((one) => one['snapshot-id'] === 2))
  assert.equal(metadata['metadata-log'].length, 100)
  const kept = new Set(metadata.snapshots.map((one) => one['snapshot-id']))
  assert.ok(metadata['snapshot-log'].every((entry) => kept.has(entry['snapshot-id'])))
})

test('statistics of snapshots that expired are dropped with them', () => {
  const statistics = [{ 'snapshot-id': 1 }, { 'snapshot-id': 2 }]
  const { metadata } = next(
    { ...grown(721), statistics: [...statistics, { 'snapshot-id': 721 }] },
    722,
  )
  assert.deepEqual(metadata.statistics, [{ 'snapshot-id': 721 }])
})

test('documents that the log lets go of are named for removal, unless the table keeps them', () => {
  const base = grown(100)
  assert.deepEqual(next(base, 101).dropped, ['memory://t/0.metadata.json'])
  const keeps = { ...base.properties, 'write.metadata.delete-after-commit.enabled': 'false' }
  assert.deepEqual(next({ ...base, properties: keeps }, 101).dropped, [])
})

test('a document that is none is told with what is wrong', () => {
  assert.throws(
    () => parseMetadata('{"format-version":2}', 'x.metadata.json'),
    (error) => isFault(error, 'corrupt') && /x\.metadata\.json.*location/s.test(error.message),
  )
})

test('after a partition evolution we write under the spec that is still ours', () => {
  const metadata = empty()
  const [spec] = metadata['partition-specs']
  assert.ok(spec !== undefined)
  const finer = {
    'spec-id': 7,
    fields: [
      ...spec.fields,
      { 'source-id': 1, 'field-id': 1001, name: 'symbol_bucket', transform: 'bucket[4]' },
    ],
  }
  const evolved = {
    ...metadata,
    'partition-specs': [finer, { ...spec, 'spec-id': 3 }],
    'default-spec-id': 7,
  }
  assert.equal(ourSpec(evolved, RECORDS)['spec-id'], 3)
  assert.throws(
    () => ourSpec({ ...evolved, 'partition-specs': [finer] }, RECORDS),
    (error) => isFault(error, 'corrupt'),
  )
})

test('columns that others renamed, dropped, widened or added do not stop us; a changed type does', () => {
  const metadata = empty()
  const [schema] = metadata.schemas
  assert.ok(schema !== undefined)
  const withFields = (fields: typeof schema.fields): Metadata => ({
    ...metadata,
    schemas: [{ ...schema, fields }],
  })
  const changed = schema.fields
    .filter(({ name }) => name !== 'volume')
    .map((field) => (field.name === 'tape_partition' ? { ...field, type: 'long' } : field))
    .map((field) => (field.name === 'price' ? { ...field, name: 'last_price' } : field))
  const added = { id: 99, name: 'venue', required: false, type: 'string' }
  checkSchema(withFields([...changed, added]), RECORDS)
  const refused = (fields: typeof schema.fields) =>
    assert.throws(
      () => checkSchema(withFields(fields), RECORDS),
      (error) => isFault(error, 'corrupt'),
    )
  refused([...changed, { ...added, required: true }])
  refused(changed.map((field) => (field.name === 'ts' ? { ...field, type: 'string' } : field)))
})
