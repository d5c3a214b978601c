import { Fault, isFault } from '../flow/fault.ts'
import { offset, type LogId, type Offset, type Partition, type Run } from '../market/records.ts'
import type { Logger } from '../flow/log.ts'
import { checkResume } from './resume.ts'
import type { Bounds, Group, Lease, Log, StartOf, Starts, TakeLease } from './tape.ts'

/** One look at a partition: at most one run, its bounds at that moment, and what is wrong behind the run. */
export type Look = {
  readonly run: Run | null
  readonly bounds: Bounds
  readonly fault: Fault | null
}

/** What a log that lies on this machine must offer; `shelfLog` makes reading, following and turns of it. */
export type Shelf = {
  readonly id: LogId
  bounds(): ReadonlyMap<Partition, Bounds>
  /** A run that begins at `from` and ends at or before `until`, all of one moment; none where there is nothing. */
  look(partition: Partition, from: Offset, until: Offset): Look | Promise<Look>
  /** Resolves when there may be more to read, and when `signal` aborts. */
  changed(signal: AbortSignal): Promise<void>
  /** Aborts when the partitions of a turn that begins now move to another reader. */
  moved(): AbortSignal
  trim(before: Starts): Promise<void>
}

export type ShelfOptions = {
  /** Exclusive reading among landers; without it the caller sees to it. */
  readonly lander?: TakeLease
  readonly log: Logger
}

const END = offset(Number.MAX_SAFE_INTEGER)

/** The port's Log over a shelf. */
export function shelfLog(shelf: Shelf, options: ShelfOptions): Log {
  const log: Log = {
    id: shelf.id,
    bounds: async () => shelf.bounds(),
    read: (from, until, signal) => read(shelf, { from, until }, signal),
    turns: ({ start }: Group, signal) => turns({ shelf, log, options, start }, signal),
    landed: async () => undefined, // a file has no monitors of its own
    trim: (before) => shelf.trim(before),
  }
  return log
}

type Range = { readonly from: Starts; readonly until: Starts | 'follow' }

async function* read(
  shelf: Shelf,
  { from, until }: Range,
  signal: AbortSignal,
): AsyncGenerator<Run, void, undefined> {
  const bounds = shelf.bounds()
  const at = new Map<Partition, Offset>()
  for (const [partition, { earliest, end }] of bounds) {
    if (until !== 'follow' && !until.has(partition)) continue
    const start = from.get(partition) ?? earliest
    if (start > end) throw pastEnd(shelf, partition, { start, end })
    at.set(partition, start)
  }
  const limit = (partition: Partition): Offset =>
    until === 'follow'
      ? END
      : offset(Math.min(until.get(partition) ?? 0, bounds.get(partition)?.end ?? 0))
  while (!signal.aborted) {
    let ran = false
    for (const [partition, start] of at) {
      if (start >= limit(partition)) continue
      const { run, fault } = await shelf.look(partition, start, limit(partition))
      if (run !== null) {
        at.set(partition, run.next)
        ran = true
        yield run
      }
      if (fault !== null) throw fault
      if (signal.aborted) return
    }
    if (ran) continue
    if (until !== 'follow') return
    await shelf.changed(signal)
  }
}

type Turning = {
  readonly shelf: Shelf
  readonly log: Log
  readonly options: ShelfOptions
  readonly start: StartOf
}

async function* turns(
  turning: Turning,
  signal: AbortSignal,
): AsyncGenerator<AsyncIterable<Run>, void, undefined> {
  while (!signal.aborted) {
    const lease = await claim(turning.options, signal)
    if (lease === 'aborted') return
    try {
      while (!signal.aborted && lease?.lost.aborted !== true) {
        const over = new AbortController()
        const ends = [signal, over.signal, turning.shelf.moved()]
        if (lease !== null) ends.push(lease.lost)
        try {
          yield turn(turning, AbortSignal.any(ends))
        } finally {
          over.abort() // a reader that kept the turn ends quietly
        }
      }
    } finally {
      await lease?.[Symbol.asyncDispose]()
    }
  }
}

/** Failures to start are met by the turn's reader, who knows whether another turn may follow. */
async function* turn(
  { shelf, log, options, start }: Turning,
  signal: AbortSignal,
): AsyncGenerator<Run, void, undefined> {
  const positions = await start([...shelf.bounds().keys()])
  if (signal.aborted) return
  await checkResume(log, positions, options.log)
  const from = new Map([...positions].map(([partition, { next }]) => [partition, next]))
  yield* read(shelf, { from, until: 'follow' }, signal)
}

async function claim(
  { lander }: ShelfOptions,
  signal: AbortSignal,
): Promise<Lease | null | 'aborted'> {
  if (lander === undefined) return null
  try {
    return await lander(signal)
  } catch (error) {
    if (isFault(error, 'closed') && signal.aborted) return 'aborted'
    throw error
  }
}

const pastEnd = (
  shelf: Shelf,
  partition: Partition,
  { start, end }: { start: Offset; end: Offset },
): Fault =>
  new Fault(
    'corrupt',
    `log ${shelf.id}, partition ${partition}: ${start} lies past the end, ${end}`,
    {
      remedy:
        'The tape was restored from an older copy or replaced; put back the one that holds these records.',
    },
  )
