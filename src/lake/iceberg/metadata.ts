import type { Table } from '../../market/tables.ts'
import type { Long } from './json.ts'
import type { Metadata, Snapshot } from './metadata-document.ts'
import { schemaOf, sortOrderOf, specOf, unsorted } from './schema.ts'
import { timestampMs } from './snapshot.ts'

// One hour of the default commit interval, six of one commit a minute. An expired snapshot leaves the document;
// its manifest list and merged manifests stay on disk until orphans are removed. The document must stay small:
// it is written whole by every commit.
const SNAPSHOTS_MAX = 360
const DOCUMENTS_MAX = 100 // older documents are removed once the log no longer names them

const PREVIOUS_MAX = 'write.metadata.previous-versions-max'
const DELETE_AFTER = 'write.metadata.delete-after-commit.enabled'

// What other engines are asked to do when they write here: no delete files, the same codec, the same care.
const PROPERTIES: Readonly<Record<string, string>> = {
  'write.format.default': 'parquet',
  'write.parquet.compression-codec': 'zstd',
  'write.metadata.metrics.default': 'truncate(16)',
  'write.delete.mode': 'copy-on-write',
  'write.update.mode': 'copy-on-write',
  'write.merge.mode': 'copy-on-write',
  [DELETE_AFTER]: 'true',
  [PREVIOUS_MAX]: String(DOCUMENTS_MAX),
  'commit.manifest.min-count-to-merge': '60',
  'history.expire.min-snapshots-to-keep': String(SNAPSHOTS_MAX),
}

export type Creation = {
  readonly table: Table
  readonly location: string
  readonly uuid: string
  readonly nowMs: number
  readonly properties: Readonly<Record<string, string>>
}

/** The first document of a table: no snapshot yet. */
export function firstMetadata({ table, location, uuid, nowMs, properties }: Creation): Metadata {
  const spec = specOf(table)
  const order = sortOrderOf(table)
  return {
    'format-version': 2,
    'table-uuid': uuid,
    location,
    'last-sequence-number': 0,
    'last-updated-ms': Math.floor(nowMs),
    'last-column-id': Math.max(...table.fields.map(({ id }) => id)),
    'current-schema-id': 0,
    schemas: [schemaOf(table)],
    'default-spec-id': spec['spec-id'],
    'partition-specs': [spec],
    'last-partition-id': Math.max(...spec.fields.map((field) => field['field-id'])),
    'default-sort-order-id': order['order-id'],
    'sort-orders': [unsorted, order],
    properties: { ...PROPERTIES, ...properties },
    'current-snapshot-id': -1,
    refs: {},
    snapshots: [],
    'snapshot-log': [],
    'metadata-log': [],
    statistics: [],
    'partition-statistics': [],
  }
}

export type Change = {
  /** Location of the document that this one replaces. */
  readonly previous: string
  readonly snapshot: Snapshot
  readonly properties: Readonly<Record<string, string>>
  readonly nowMs: number
}

/** The next document, and the locations of those that its log no longer names and the table lets go of. */
export function nextMetadata(
  base: Metadata,
  { previous, snapshot, properties, nowMs }: Change,
): { readonly metadata: Metadata; readonly dropped: readonly string[] } {
  const id = snapshot['snapshot-id']
  const now = timestampMs(base, nowMs)
  const heads = new Set([id, ...Object.values(base.refs ?? {}).map((ref) => ref['snapshot-id'])])
  const snapshots = newest([...base.snapshots, snapshot], heads)
  const kept = new Set(snapshots.map((one) => one['snapshot-id']))
  const log = [
    ...base['metadata-log'],
    { 'metadata-file': previous, 'timestamp-ms': base['last-updated-ms'] },
  ]
  const cut = Math.max(0, log.length - documentsMax(base))
  const metadata: Metadata = {
    ...base,
    'last-sequence-number': snapshot['sequence-number'] ?? base['last-sequence-number'],
    'last-updated-ms': now,
    'current-snapshot-id': id,
    refs: { ...base.refs, main: { ...base.refs?.['main'], 'snapshot-id': id, type: 'branch' } },
    snapshots,
    'snapshot-log': historyOf(base, { id, now, kept }),
    'metadata-log': log.slice(cut),
    properties: { ...base.properties, ...properties },
  }
  const stays = (one: { 'snapshot-id': Long }) => kept.has(one['snapshot-id'])
  if (base.statistics !== undefined) metadata.statistics = base.statistics.filter(stays)
  if (base['partition-statistics'] !== undefined)
    metadata['partition-statistics'] = base['partition-statistics'].filter(stays)
  const dropped = log.slice(0, cut).map((entry) => entry['metadata-file'])
  return { metadata, dropped: base.properties[DELETE_AFTER] === 'true' ? dropped : [] }
}

/** The newest snapshots; heads of branches and tags stay however old they are. */
const newest = (snapshots: readonly Snapshot[], heads: ReadonlySet<Long>): Snapshot[] =>
  snapshots.filter(
    (one, i) => i >= snapshots.length - SNAPSHOTS_MAX || heads.has(one['snapshot-id']),
  )

// An entry whose snapshot is gone takes all before it along: history may not have holes.
function historyOf(
  base: Metadata,
  { id, now, kept }: { id: Long; now: number; kept: ReadonlySet<Long> },
): Metadata['snapshot-log'] {
  const log = [...base['snapshot-log'], { 'snapshot-id': id, 'timestamp-ms': now }]
  return log.slice(log.findLastIndex((entry) => !kept.has(entry['snapshot-id'])) + 1)
}

const documentsMax = (base: Metadata): number => {
  const asked = Number(base.properties[PREVIOUS_MAX])
  return Number.isSafeInteger(asked) && asked > 0 ? asked : DOCUMENTS_MAX
}
