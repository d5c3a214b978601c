import { partition, type Partition } from '../market/records.ts'
import type { Log, StartOf } from '../tape/tape.ts'

/** Whoever has it takes care of the tables: of the landers that share a log one at a time has it. */
const FIRST: Partition = partition(0)

export type Owned = {
  /** The log, by whose turns it is known what is owned. */
  readonly log: Log
  /** Whether the turn under way has the first partition. */
  readonly owns: () => boolean
}

/** A lander that was stopped and wakes may take itself for the owner a moment longer: upkeep is safe against that. */
export function ownership(log: Log): Owned {
  let owns = false
  const turns: Log['turns'] = async function* (group, signal) {
    const start: StartOf = async (mine) => {
      const positions = await group.start(mine)
      owns = mine.includes(FIRST)
      return positions
    }
    try {
      for await (const turn of log.turns({ ...group, start }, signal)) {
        yield turn
        owns = false // its reader asks for the next one
      }
    } finally {
      owns = false
    }
  }
  return { log: { ...log, turns }, owns: () => owns }
}
