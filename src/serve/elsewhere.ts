import type { Progress } from './progress.ts'
import type { Connection } from './session.ts'

/** A recorder says `alive` every 5 s; clocks of two machines may differ by some seconds. */
const HEARD_MS = 15_000
/** Landers commit every 10 s unless told otherwise. */
const LANDED_SECONDS_MAX = 60

/** Whether the feed log tells of a recorder that works now, on whatever machine. */
export const recordsElsewhere = ({ heardMs }: Connection, nowMs: number): boolean =>
  heardMs !== null && nowMs - heardMs < HEARD_MS

/** Whether the lake keeps up with the tape, so that some lander works, on whatever machine. */
export const landsElsewhere = ({ lagSeconds }: Pick<Progress, 'lagSeconds'>): boolean =>
  lagSeconds !== null && lagSeconds < LANDED_SECONDS_MAX
