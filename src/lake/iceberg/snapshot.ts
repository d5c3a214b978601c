import type { DataFile } from '../lake.ts'
import type { Long } from './json.ts'
import { mainSnapshot, type Metadata, type Snapshot } from './metadata-document.ts'

/** What one commit adds, as its snapshot tells it. */
export type Appended = {
  readonly snapshotId: Long
  readonly manifestList: string
  readonly files: readonly DataFile[]
  readonly nowMs: number
  /** Positions of every log, repeated here so that a rollback shows. */
  readonly positions: Readonly<Record<string, string>>
}

/** The snapshot after main's, an `append`; its summary's totals go on from the one before. */
export function appendSnapshot(base: Metadata, appended: Appended): Snapshot {
  const parent = mainSnapshot(base)
  const { snapshotId, manifestList, files, positions } = appended
  return {
    'snapshot-id': snapshotId,
    ...(parent === null ? {} : { 'parent-snapshot-id': parent['snapshot-id'] }),
    'sequence-number': nextSequenceNumber(base),
    'timestamp-ms': timestampMs(base, appended.nowMs),
    'manifest-list': manifestList,
    summary: { operation: 'append', ...added(files), ...totals(parent, files), ...positions },
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

function added(files: readonly DataFile[]): Record<string, string> {
  if (files.length === 0) return {}
  return {
    'added-data-files': String(files.length),
    'added-records': String(sum(files, ({ rows }) => rows)),
    'added-files-size': String(sum(files, ({ sizeBytes }) => sizeBytes)),
    'changed-partition-count': String(new Set(files.map(({ day }) => day)).size),
  }
}

/** Totals are left out where the snapshot before did not say them. */
function totals(parent: Snapshot | null, files: readonly DataFile[]): Record<string, string> {
  const grown: readonly [string, number][] = [
    ['total-records', sum(files, ({ rows }) => rows)],
    ['total-files-size', sum(files, ({ sizeBytes }) => sizeBytes)],
    ['total-data-files', files.length],
    ['total-delete-files', 0],
    ['total-position-deletes', 0],
    ['total-equality-deletes', 0],
  ]
  const out: Record<string, string> = {}
  for (const [key, more] of grown) {
    const before = parent === null ? '0' : parent.summary?.[key]
    if (before !== undefined && /^\d+$/.test(before))
      out[key] = String(BigInt(before) + BigInt(more))
  }
  return out
}
