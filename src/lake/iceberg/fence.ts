import type { Clock } from '../../flow/clock.ts'
import { Fault } from '../../flow/fault.ts'
import type { LogId, Partition, Positions } from '../../market/records.ts'
import type { Staged, Stretch } from '../lake.ts'
import { ageMs } from '../moment.ts'
import type { Metadata } from './metadata-document.ts'
import { encodePositions, positionsKey, tablePositions } from './positions.ts'

// A batch that waited longer is dropped: expiry and orphan removal may count on it that nothing older is committed.
const STAGED_MS_MAX = 3_600_000

export type Fence = {
  readonly log: LogId
  readonly staged: Staged
  readonly clock: Clock
  /** Partitions whose position this process has seen: one that is missing now went back to nothing. */
  readonly seen: ReadonlySet<Partition>
  readonly adoptRollback: boolean
}

/**
 * The fence: the base's position of each partition must be where the batch begins. Answers the properties
 * that move with the files, or throws `conflict`: then the batch is somebody else's, or already there.
 */
export function moveProperties(
  base: Metadata,
  { log, staged, clock, seen, adoptRollback }: Fence,
): Readonly<Record<string, string>> {
  const age = ageMs(staged.stagedAt, clock)
  if (age > STAGED_MS_MAX) throw conflict(`a batch staged ${Math.round(age / 60_000)} minutes ago`)
  const { positions } = tablePositions(base, log, adoptRollback)
  const moved: Map<Partition, Stretch['position']> = new Map(positions)
  for (const [part, { first, position }] of staged.stretches) {
    const at = positions.get(part)?.next
    if (at !== first && (at !== undefined || seen.has(part)))
      throw conflict(`partition ${part} stands at ${at ?? 'nothing'}, the batch begins at ${first}`)
    moved.set(part, position)
  }
  return { [positionsKey(log)]: encodePositions(moved) }
}

/** Whether every stretch of the batch is empty and there are no files: nothing to commit. */
export const isEmpty = ({ files, stretches }: Staged): boolean =>
  files.length === 0 &&
  [...stretches.values()].every(({ first, position }) => first === position.next)

/** Positions of the partitions that were asked for. */
export const only = (positions: Positions, partitions: readonly Partition[]): Positions =>
  new Map(
    partitions.flatMap((part) => {
      const position = positions.get(part)
      return position === undefined ? [] : [[part, position] as const]
    }),
  )

const conflict = (what: string): Fault =>
  new Fault('conflict', `not committed: ${what}`, {
    remedy: 'Nothing to do: the next turn begins where the table says.',
  })
