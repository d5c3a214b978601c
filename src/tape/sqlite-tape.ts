import { randomUUID } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../flow/clock.ts'
import { Fault } from '../flow/fault.ts'
import { silent, type Logger } from '../flow/log.ts'
import { offset } from '../market/records.ts'
import { batches } from './block.ts'
import { recordsOf, refuseEvents } from './events.ts'
import { sharedLease } from './shared-lease.ts'
import { shelfLog, type Shelf } from './shelf.ts'
import { closed, startAppender, type Appender } from './sqlite-appender.ts'
import { translated } from './sqlite-fault.ts'
import { createTape, openToRead, tapePath } from './sqlite-schema.ts'
import { ONLY, sqliteShelf } from './sqlite-shelf.ts'
import { refuseOther, sourceIn } from './sqlite-writer.ts'
import type { Tape, TakeLease } from './tape.ts'

export type SqliteTapeOptions = {
  /** The folder of the tape; its file is `tape.db`. */
  readonly dir: string
  /** `write` makes the tape when there is none and can append; `read` finds one and cannot. Both can trim. */
  readonly mode: 'read' | 'write'
  /** What the tape records; needed to write, and refused when the tape is bound to another. */
  readonly source?: string
  readonly clock: Clock
  readonly log?: Logger
  /** Exclusive reading in turns, shared by both logs; without it the caller holds such a lease. */
  readonly lander?: TakeLease
  /** Makes the ids of a new tape's logs; each must be new in the world. */
  readonly newId?: () => string
}

/**
 * A tape in one SQLite file, WAL, synchronous=FULL: what `append` resolved survives a power cut. Readers in
 * any process see it at once. Faults: `unavailable` (no tape there yet, disk full, locked), `invalid` (not
 * SQLite, not a tape, a newer format, another source), `corrupt` (the end of the tape is damaged: not opened
 * to write; opened to read, and what is whole can be read).
 */
export async function openSqliteTape(options: SqliteTapeOptions): Promise<Tape> {
  const { dir, mode, clock, newId = randomUUID, log = silent } = options
  if (mode === 'write') createTape(dir, { createdMs: clock.now(), newId })
  const db = openToRead(dir)
  try {
    let ended = false
    const open = () => {
      if (ended) throw closed(dir)
    }
    const shelves = {
      trades: sqliteShelf({ dir, name: 'trades', clock, db, open }),
      feed: sqliteShelf({ dir, name: 'feed', clock, db, open }),
    }
    const appender =
      mode === 'write' ? await openToAppend(options, db, Object.values(shelves)) : null
    const reading = { log, ...(options.lander && { lander: sharedLease(options.lander) }) }
    return {
      trades: shelfLog(shelves.trades, reading),
      feed: shelfLog(shelves.feed, reading),
      source: async () => {
        open()
        return boundSource(db, dir)
      },
      append: async (events) => {
        open()
        if (appender === null) throw readOnly(dir)
        refuseEvents(events, options.source)
        const { trades, session } = recordsOf(events)
        const appending = { trades: batches(trades), feed: batches(session) }
        if (appending.trades.length + appending.feed.length > 0) await appender.append(appending)
      },
      [Symbol.asyncDispose]: async () => {
        if (ended) return
        ended = true
        db.close() // first: the last connection to go moves the -wal file's content into the main file
        await appender?.[Symbol.asyncDispose]()
      },
    }
  } catch (error) {
    db.close()
    throw error
  }
}

/** Asks what can be asked before the first append: the source, and whether both logs end whole. */
async function openToAppend(
  { dir, source, log = silent }: SqliteTapeOptions,
  db: DatabaseSync,
  shelves: readonly Shelf[],
): Promise<Appender> {
  if (source === undefined)
    throw new Fault('invalid', `a tape in ${dir} cannot be written without a source`, {
      remedy: 'Name the source, as in --source finnhub.',
    })
  refuseOther(boundSource(db, dir), source, tapePath(dir))
  for (const shelf of shelves) {
    const { end, earliest } = shelf.bounds().get(ONLY) ?? { end: offset(0), earliest: offset(0) }
    const { fault } = await shelf.look(ONLY, offset(Math.max(earliest, end - 1)), end)
    if (fault !== null) throw fault
  }
  return await startAppender({ dir, source }, log)
}

const boundSource = (db: DatabaseSync, dir: string): string | null =>
  sourceIn(translated(tapePath(dir), () => db.prepare('SELECT source FROM tape').get()))

const readOnly = (dir: string): Fault =>
  new Fault('invalid', `the tape in ${dir} was opened to read, not to append`, {
    remedy: 'Open it with mode write.',
  })
