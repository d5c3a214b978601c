import type { Feed } from './feed/feed.ts'
import { isFault, type Fault } from './flow/fault.ts'
import { ahead, breaker, each, from, map, type Stage } from './flow/stream.ts'
import type { Lake, Rolled } from './lake/lake.ts'
import type { FeedEvent } from './market/feed-events.ts'
import type { Run } from './market/records.ts'
import type { Rows } from './market/tables.ts'
import type { Log, Tape } from './tape/tape.ts'

type Blocks = readonly FeedEvent[]

export type Recording = {
  readonly feed: Feed
  /** Marks blocks that the feed delivers twice; drops nothing. */
  readonly mark: Stage<Blocks, Blocks>
  /** Joins small blocks that are already waiting, so that one append carries many. */
  readonly gather: Stage<Blocks, Blocks>
  readonly tape: Tape
  readonly signal: AbortSignal
}

export type Landing = {
  readonly log: Log
  readonly lake: Lake
  /** Landers of the same group share the log's partitions. */
  readonly group: string
  readonly decode: (run: Run) => Rows
  readonly roll: Stage<Rows, Rolled>
  /** How a turn that ended early is told and how long to wait before the next. */
  readonly endOfTurn: (error: Fault) => Promise<void>
  readonly signal: AbortSignal
}

/** Feed → tape. What is lost before the tape shows as a gap; what is on the tape is safe. */
export async function record({ feed, mark, gather, tape, signal }: Recording): Promise<void> {
  await from(feed.open(signal)).through(mark).through(gather).into(each(tape.append))
}

/**
 * Tape → lake, in turns: a turn ends when partitions move, a commit loses or its outcome is unknown;
 * the next begins where the lake says.
 */
export async function land(landing: Landing): Promise<void> {
  const { log, lake, group, decode, roll, endOfTurn, signal } = landing
  for await (const turn of log.turns({ id: group, start: lake.positions }, signal)) {
    const { stage: unlessRefused, guard } = breaker<Run>()
    await from(turn)
      .through(unlessRefused) // what cannot be staged or committed ends the turn at once, also while the tape is quiet
      .through(map(decode))
      .through(roll)
      .through(ahead(1)) // the next roll is read while this one is sorted and written
      .through(map(guard(lake.stage)))
      .through(ahead(1)) // the next batch is staged while this one commits
      .into(each(guard(lake.commit)))
      .catch(async (error: unknown) => {
        if (!isFault(error, 'conflict') && !isFault(error, 'unavailable')) throw error
        await endOfTurn(error)
      })
  }
}
