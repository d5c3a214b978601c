import { offset, type LogId, type Positions } from '../../market/records.ts'
import type { Counts, LandedStretch, PastSnapshot } from '../lake.ts'
import { ancestors, type Metadata, type Snapshot } from './metadata-document.ts'
import { positionProperties, summaryPositions } from './positions.ts'

type Summary = NonNullable<Snapshot['summary']>

/** Main's snapshots, the newest first, `most` at most; null: there is no table. */
export function historyOf(metadata: Metadata | null, most: number): readonly PastSnapshot[] {
  if (metadata === null) return []
  const chain = [...ancestors(metadata).take(most + 1)]
  return chain.slice(0, most).map((one, i) => pastSnapshot(one, chain[i + 1] ?? null))
}

function pastSnapshot(snapshot: Snapshot, parent: Snapshot | null): PastSnapshot {
  const { summary = {} } = snapshot
  const counts = (rows: string, files: string): Counts => ({
    rows: countOf(summary[rows]),
    files: countOf(summary[files]),
  })
  const changes = counts('added-records', 'added-data-files')
  const removed = counts('deleted-records', 'deleted-data-files')
  return {
    id: String(snapshot['snapshot-id']),
    atMs: snapshot['timestamp-ms'],
    operation: summary['operation'] ?? 'unknown',
    added: changes,
    removed: { ...removed, rows: removedRows(summary, removed.rows) },
    total: counts('total-records', 'total-data-files'),
    by: engineOf(summary),
    landed: landedWith(snapshot, parent),
  }
}

/** Rows struck out are removed too, though their file stays; a rewrite that takes strikes away removes none. */
function removedRows(summary: Summary, rows: number | null): number | null {
  const struck = countOf(summary['added-position-deletes'])
  return struck === null ? rows : (rows ?? 0) + struck
}

const countOf = (text: string | undefined): number | null =>
  text !== undefined && /^\d+$/.test(text) ? Number(text) : null

/** Keys by which an engine shows that does not name itself by `engine-name`. */
const ENGINE_KEYS = [
  ['trino_query_id', 'trino'],
  ['spark.app.id', 'spark'],
  ['flink.job-id', 'flink'],
] as const

function engineOf(summary: Summary): string | null {
  const { 'engine-name': name, 'engine-version': version } = summary
  if (name !== undefined) return version === undefined ? name : `${name} ${version}`
  const [, known] = ENGINE_KEYS.find(([key]) => key in summary) ?? []
  if (known !== undefined) return known
  return Object.keys(positionProperties(summary)).length > 0 ? 'ticklake' : null
}

/** How far positions moved since the snapshot before; from nothing where there is none, unknown where it expired. */
function landedWith(snapshot: Snapshot, parent: Snapshot | null): readonly LandedStretch[] {
  const parentId = snapshot['parent-snapshot-id'] ?? -1
  if (parent === null && parentId !== -1) return []
  const before = summaryPositions(parent?.summary ?? {})
  const after = summaryPositions(snapshot.summary ?? {})
  return [...after].flatMap(([log, positions]) => stretches(log, positions, before.get(log)))
}

const stretches = (log: LogId, after: Positions, before: Positions | undefined) =>
  [...after]
    .map(([partition, { next }]) => {
      return { log, partition, first: before?.get(partition)?.next ?? offset(0), next }
    })
    .filter(({ first, next }) => first < next)
