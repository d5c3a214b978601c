import type { Table } from '../../market/tables.ts'
import type { Long } from './json.ts'
import type { Metadata, Snapshot } from './metadata-document.ts'
import { schemaOf, sortOrderOf, specOf, unsorted } from './schema.ts'
import { timestampMs } from './snapshot.ts'

/** What expiry leaves: one hour of the default commit interval, six of one commit a minute. */
export const SNAPSHOTS_KEPT = 360
// The document must stay small, since every commit writes it whole. Where nothing expires snapshots a commit lets go
// of those beyond this; what only they reached stays on disk until orphans are removed.
const SNAPSHOTS_MAX = 2 * SNAPSHOTS_KEPT
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
  'history.expire.min-snapshots-to-keep': String(SNAPSHOTS_KEPT),
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

/** A document to be swapped in, and the locations of older ones that its log no longer names and the table lets go of. */
export type NextMetadata = { readonly metadata: Metadata; readonly dropped: readonly string[] }

/** The document after a commit. */
export function nextMetadata(
  base: Metadata,
  { previous, snapshot, properties, nowMs }: Change,
): NextMetadata {
  const id = snapshot['snapshot-id']
  const now = timestampMs(base, nowMs)
  const snapshots = newest([...base.snapshots, snapshot], headsOf(base, id))
  const kept = new Set(snapshots.map((one) => one['snapshot-id']))
  const log = [...base['snapshot-log'], { 'snapshot-id': id, 'timestamp-ms': now }]
  return logged(base, previous, {
    ...base,
    'last-sequence-number': snapshot['sequence-number'] ?? base['last-sequence-number'],
    'last-updated-ms': now,
    'current-snapshot-id': id,
    refs: { ...base.refs, main: { ...base.refs?.['main'], 'snapshot-id': id, type: 'branch' } },
    ...keeping(base, { snapshots, kept, log }),
    properties: { ...base.properties, ...properties },
  })
}

export type Expiry = {
  /** Location of the document that this one replaces. */
  readonly previous: string
  /** None of them is the head of a branch or a tag. */
  readonly expired: ReadonlySet<Long>
  readonly nowMs: number
}

/** The document without the expired snapshots; what main points at stays as it is. */
export function withoutSnapshots(
  base: Metadata,
  { previous, expired, nowMs }: Expiry,
): NextMetadata {
  const snapshots = base.snapshots.filter((one) => !expired.has(one['snapshot-id']))
  const kept = new Set(snapshots.map((one) => one['snapshot-id']))
  return logged(base, previous, {
    ...base,
    'last-updated-ms': timestampMs(base, nowMs),
    ...keeping(base, { snapshots, kept, log: base['snapshot-log'] }),
  })
}

/** Snapshots that branches and tags point at. */
export const headsOf = (base: Metadata, ...more: readonly Long[]): ReadonlySet<Long> =>
  new Set([...more, ...Object.values(base.refs ?? {}).map((ref) => ref['snapshot-id'])])

/** The newest snapshots; heads of branches and tags stay however old they are. */
const newest = (snapshots: readonly Snapshot[], heads: ReadonlySet<Long>): Snapshot[] =>
  snapshots.filter(
    (one, i) => i >= snapshots.length - SNAPSHOTS_MAX || heads.has(one['snapshot-id']),
  )

type Kept = {
  readonly snapshots: Snapshot[]
  readonly kept: ReadonlySet<Long>
  readonly log: Metadata['snapshot-log']
}

/** The fields that speak of snapshots, of those that are kept alone. */
function keeping(
  base: Metadata,
  { snapshots, kept, log }: Kept,
): Partial<Metadata> & Pick<Metadata, 'snapshots' | 'snapshot-log'> {
  const stays = (one: { 'snapshot-id': Long }) => kept.has(one['snapshot-id'])
  return {
    snapshots,
    // An entry whose snapshot is gone takes all before it along: history may not have holes.
    'snapshot-log': log.slice(log.findLastIndex((entry) => !stays(entry)) + 1),
    ...(base.statistics && { statistics: base.statistics.filter(stays) }),
    ...(base['partition-statistics'] && {
      'partition-statistics': base['partition-statistics'].filter(stays),
    }),
  }
}

/** With the replaced document in the log of documents. */
function logged(base: Metadata, previous: string, metadata: Metadata): NextMetadata {
  const log = [
    ...base['metadata-log'],
    { 'metadata-file': previous, 'timestamp-ms': base['last-updated-ms'] },
  ]
  const cut = Math.max(0, log.length - documentsMax(base))
  const dropped = log.slice(0, cut).map((entry) => entry['metadata-file'])
  return {
    metadata: { ...metadata, 'metadata-log': log.slice(cut) },
    dropped: base.properties[DELETE_AFTER] === 'true' ? dropped : [],
  }
}

const documentsMax = (base: Metadata): number => {
  const asked = Number(base.properties[PREVIOUS_MAX])
  return Number.isSafeInteger(asked) && asked > 0 ? asked : DOCUMENTS_MAX
}
