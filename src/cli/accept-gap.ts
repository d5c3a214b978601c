import { randomUUID } from 'node:crypto'
import type { Hole, Landed, Parts } from '../config/components.ts'
import { Fault, isFault } from '../flow/fault.ts'
import type { FeedEvent } from '../market/feed-events.ts'
import { FEED_LOG, RECORDS } from '../market/tables.ts'
import type { Lease, Tape } from '../tape/tape.ts'

/** A recorder that runs keeps its lease for days: this long is only for one that is just ending. */
const LEASE_WAIT_MS = {
  sqlite: 2_000,
  // A new group waits 3 s for more members unless its brokers are told otherwise; who was killed counts for 8 s.
  kafka: 12_000,
} as const

type Found = { readonly landed: Landed; readonly holes: readonly Hole[] }

/**
 * Accepts what was trimmed from the tape before it landed: writes each hole to the feed log, then moves the
 * lake behind it; killed in between, the next run does both again. Only the recorder may append to a tape, so
 * this takes its lease for a moment. Faults: `unavailable` while a recorder has it.
 */
export async function acceptGaps(
  parts: Parts,
  accepting: {
    readonly tape: Tape
    readonly tables: readonly Landed[]
    readonly signal: AbortSignal
  },
): Promise<void> {
  const { tape, tables, signal } = accepting
  const { gapsOfLake } = await import('../config/components.ts')
  const { findHoles, stepOver } = await gapsOfLake()
  const found: Found[] = []
  for (const landed of tables) {
    const { lake, log, name } = landed
    const table = name === 'records' ? RECORDS : FEED_LOG
    const holes = await findHoles({ lake, log, table, signal })
    if (holes.length > 0) found.push({ landed, holes })
  }
  if (found.length === 0) return parts.log('info', 'there is no gap to accept: the tape goes on')
  await tell(parts, { found, source: (await tape.source()) ?? parts.places.source, signal })
  for (const { landed, holes } of found) {
    await stepOver(holes, { lake: landed.lake, clock: parts.clock })
    for (const { first, next } of holes)
      parts.log('warn', 'accepted that records are missing', { table: landed.name, first, next })
  }
}

type Telling = {
  readonly found: readonly Found[]
  readonly source: string
  readonly signal: AbortSignal
}

async function tell(parts: Parts, { found, source, signal }: Telling): Promise<void> {
  const { openTapeToWrite } = await import('../config/tapes.ts')
  await using lease = await recorderLease(parts, signal)
  const { clock, places } = parts
  await using tape = await openTapeToWrite({ ...parts, places: { ...places, source } })
  const by = { recorder: randomUUID(), epoch: lease.epoch, source, at: clock.now() }
  await tape.append(
    found.flatMap(({ landed: { name }, holes }) => holes.map((hole) => accepted(hole, name, by))),
  )
}

type By = {
  readonly recorder: string
  readonly epoch: number
  readonly source: string
  readonly at: number
}

function accepted({ first, next, fromMs, toMs }: Hole, name: string, by: By): FeedEvent {
  const to = toMs ?? by.at
  const from = Math.min(fromMs ?? to, to)
  const cause = `${name} ${first} to ${next - 1} were trimmed before they landed`
  const event = {
    ...by,
    kind: 'hole_accepted',
    symbols: null,
    from,
    to,
    cause,
    bytes: null,
  } as const
  return { kind: 'session', event }
}

async function recorderLease(parts: Parts, signal: AbortSignal): Promise<Lease> {
  const { leaseOf } = await import('../config/tapes.ts')
  const enough = AbortSignal.timeout(LEASE_WAIT_MS[parts.places.tape.kind])
  try {
    return await leaseOf(parts, 'recorder')(AbortSignal.any([signal, enough]))
  } catch (error) {
    if (signal.aborted || !isFault(error, 'closed')) throw error
    throw new Fault('unavailable', 'a recorder is writing this tape, which must note the gap', {
      remedy:
        'Stop `ticklake record` or `ticklake up`, run `ticklake land --accept-gap` again, then start it.',
    })
  }
}
