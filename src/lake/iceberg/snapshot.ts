import type { DataFile } from '../lake.ts'
import type { Long } from './json.ts'
import { mainSnapshot, type Metadata, type Snapshot } from './metadata-document.ts'
import { NOTHING_REMOVED, type Removed } from './removal.ts'

/**
 * What a commit does, in the specification's words: `append` adds, `replace` writes the same rows in other files,
 * `delete` takes rows out, `overwrite` writes some of them anew.
 */
export type Operation = 'append' | 'replace' | 'delete' | 'overwrite'

/** What one commit changes, as its snapshot tells it. */
export type Committed = {
  readonly operation: Operation
  readonly snapshotId: Long
  readonly manifestList: string
  readonly added: readonly DataFile[]
  readonly removed?: Removed
  readonly nowMs: number
  /** Positions of every log, repeated here so that a rollback shows. */
  readonly positions: Readonly<Record<string, string>>
}

/** The snapshot after main's; its summary's totals go on from the one before. */
export function nextSnapshot(base: Metadata, committed: Committed): Snapshot {
  const parent = mainSnapshot(base)
  const { snapshotId, manifestList, added, positions, operation } = committed
  const removed = committed.removed ?? NOTHING_REMOVED
  return {
    'snapshot-id': snapshotId,
    ...(parent === null ? {} : { 'parent-snapshot-id': parent['snapshot-id'] }),
    'sequence-number': nextSequenceNumber(base),
    'timestamp-ms': timestampMs(base, committed.nowMs),
    'manifest-list': manifestList,
    summary: {
      operation,
      ...addedText(added),
      ...removedText(removed),
      ...totals(parent, added, removed),
      ...positions,
    },
    'schema-id': base['current-schema-id'],
  }
}

/** A table's documents never go back in time, whatever the machine's clock does. */
export const timestampMs = (base: Metadata, nowMs: number): number =>
  Math.max(Math.floor(nowMs), base['last-updated-ms'] + 1)

export const nextSequenceNumber = (base: Metadata): number =>
  Number(base['last-sequence-number']) + 1

const sum = (files: readonly DataFile[], what: (file: DataFile) => number): number =>
  files.reduce((total, file) => total + what(file), 0)

function addedText(files: readonly DataFile[]): Record<string, string> {
  if (files.length === 0) return {}
  return {
    'added-data-files': String(files.length),
    'added-records': String(sum(files, ({ rows }) => rows)),
    'added-files-size': String(sum(files, ({ sizeBytes }) => sizeBytes)),
    'changed-partition-count': String(new Set(files.map(({ day }) => day)).size),
  }
}

function removedText(removed: Removed): Record<string, string> {
  const { dataFiles, rows, bytes, deleteFiles, positionDeletes } = removed
  const counts: readonly [string, number][] = [
    ['deleted-data-files', dataFiles],
    ['deleted-records', rows],
    ['removed-files-size', bytes],
    ['removed-delete-files', deleteFiles],
    ['removed-position-delete-files', deleteFiles],
    ['removed-position-deletes', positionDeletes],
  ]
  return Object.fromEntries(counts.filter(([, n]) => n > 0).map(([key, n]) => [key, String(n)]))
}

/** Totals are left out where the snapshot before did not say them. */
function totals(
  parent: Snapshot | null,
  files: readonly DataFile[],
  removed: Removed,
): Record<string, string> {
  const changes: readonly [string, number][] = [
    ['total-records', sum(files, ({ rows }) => rows) - removed.rows],
    ['total-files-size', sum(files, ({ sizeBytes }) => sizeBytes) - removed.bytes],
    ['total-data-files', files.length - removed.dataFiles],
    ['total-delete-files', -removed.deleteFiles],
    ['total-position-deletes', -removed.positionDeletes],
    ['total-equality-deletes', 0],
  ]
  const out: Record<string, string> = {}
  for (const [key, more] of changes) {
    const before = parent === null ? '0' : parent.summary?.[key]
    if (before === undefined || !/^\d+$/.test(before)) continue
    const total = BigInt(before) + BigInt(more)
    if (total >= 0n) out[key] = String(total) // where another writer counted otherwise
  }
  return out
}
