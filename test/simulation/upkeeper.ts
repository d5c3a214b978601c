import { isFault } from '../../src/flow/fault.ts'
import { compact, COMPACTION_LIMITS } from '../../src/lake/upkeep/compact.ts'
import { expireSnapshots } from '../../src/lake/upkeep/expire.ts'
import { removeOrphans } from '../../src/lake/upkeep/orphans.ts'
import type { Tended } from '../../src/lake/upkeep/tended.ts'
import { RECORDS } from '../../src/market/tables.ts'
import { jsonRewriter } from './json-rewriter.ts'
import { openSimulatedLake, type Shared } from './lander.ts'
import type { SimulatedProcess } from './world.ts'

const HOUR_MS = 3_600_000
// Beyond what a process may stop for, and beyond the hour after which staged files are dropped.
export const ORPHANS_AFTER_MS = 5 * HOUR_MS
const GATHERING = { ...COMPACTION_LIMITS, smallFilesMin: 2 }

/** A process that compacts, expires and removes orphans in any order, until it is told that all is calm. */
export async function runUpkeeper(
  of: Shared,
  process: SimulatedProcess,
  isOver: () => boolean,
): Promise<void> {
  const { world, random } = of
  while (!isOver()) {
    await world.clock.sleep(random.next() * HOUR_MS)
    try {
      const io = (await openSimulatedLake(of, process)).tended()
      for (let jobs = 1 + random.integer(3); jobs > 0; jobs--) await tend(of, io)
    } catch (error) {
      // The process may also have slept while its files went: then it starts again, as after any fault.
      if (!isFault(error) || error.kind === 'bug') throw error
    }
  }
}

async function tend(of: Shared, io: Tended): Promise<void> {
  const { random } = of
  switch (random.integer(3)) {
    case 0:
      await Array.fromAsync(
        compact(io, {
          workshop: {
            rewriter: jsonRewriter(RECORDS, {
              files: of.files,
              read: (path) => io.store.read(io.store.keyOf(path) ?? ''),
            }),
            dir: '/nowhere',
            pathOf: (location) => location,
            removeLocal: async (path) => void of.files.waiting.delete(path),
          },
          limits: GATHERING,
          signal: new AbortController().signal,
        }),
      )
      break
    case 1:
      await expireSnapshots(io, { keep: 1 + random.integer(8) })
      break
    default:
      await removeOrphans(io, { olderThanMs: ORPHANS_AFTER_MS })
  }
}
