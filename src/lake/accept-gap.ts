import type { Clock } from '../flow/clock.ts'
import type { Offset, Partition } from '../market/records.ts'
import type { Log } from '../tape/tape.ts'
import type { Lake, Stretch } from './lake.ts'

/** Records [first, next) of a partition that were trimmed from the tape before they landed. */
export type Hole = { readonly partition: Partition; readonly first: Offset; readonly next: Offset }

/**
 * Moves the lake's positions over what the tape no longer holds, in one commit without rows, and answers the
 * holes, for the operator who accepts them and for the feed log (`hole_accepted`). Without a hole it does
 * nothing. Faults as `Lake.commit`.
 */
export async function acceptGap(options: {
  readonly lake: Lake
  readonly log: Log
  readonly clock: Clock
}): Promise<readonly Hole[]> {
  const { lake, log, clock } = options
  const bounds = await log.bounds()
  const positions = await lake.positions([...bounds.keys()])
  const holes: Hole[] = []
  const stretches = new Map<Partition, Stretch>()
  for (const [partition, { next: first }] of positions) {
    const next = bounds.get(partition)?.earliest
    if (next === undefined || next <= first) continue
    holes.push({ partition, first, next })
    stretches.set(partition, { first, position: { next, last: null } })
  }
  await lake.commit({ files: [], rows: 0, stretches, stagedMs: clock.monotonic() })
  return holes
}
