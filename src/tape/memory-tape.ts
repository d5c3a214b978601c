import { randomUUID } from 'node:crypto'
import { Fault } from '../flow/fault.ts'
import { silent, type Logger } from '../flow/log.ts'
import { partition, type Keyed, type Partition, type Records } from '../market/records.ts'
import { picked } from './block.ts'
import { recordsOf, refuseEvents } from './events.ts'
import { memoryShelf, type MemoryShelf } from './memory-shelf.ts'
import { sharedLease } from './shared-lease.ts'
import { shelfLog } from './shelf.ts'
import type { Tape, TakeLease } from './tape.ts'

export type MediumOptions = {
  /** Partitions of the trades log; a symbol always goes to the same. The feed log has one. */
  readonly partitions?: number
  /** Offsets are skipped after each append, as Kafka's transaction markers do. */
  readonly holes?: boolean
}

/**
 * What stays when a memory tape is closed, as a disk does: tapes opened on one medium are one tape. The
 * functions are for tests: they do to it what happens to real tapes.
 */
export type Medium = {
  readonly trades: MemoryShelf
  readonly feed: MemoryShelf
  source: string | null
  /** The next append rejects with `fault`; with `applied` its records are on the tape nevertheless. */
  failNextAppend(fault: Fault, how?: { readonly applied: boolean }): void
  takeFailure(): { readonly fault: Fault; readonly applied: boolean } | undefined
}

/** An empty medium; its logs have fresh ids. */
export function memoryMedium({ partitions = 1, holes = false }: MediumOptions = {}): Medium {
  const failures: { readonly fault: Fault; readonly applied: boolean }[] = []
  return {
    trades: memoryShelf(randomUUID(), { partitions, holes }),
    feed: memoryShelf(randomUUID(), { partitions: 1, holes }),
    source: null,
    failNextAppend: (fault, { applied } = { applied: false }) => {
      failures.push({ fault, applied })
    },
    takeFailure: () => failures.shift(),
  }
}

export type MemoryTapeOptions = {
  readonly medium?: Medium
  readonly mode?: 'read' | 'write'
  readonly source?: string
  readonly lander?: TakeLease
  readonly log?: Logger
}

/** The tape port in memory: the same promises, for as long as the process lives. */
export function memoryTape(options: MemoryTapeOptions = {}): Tape {
  const { medium = memoryMedium(), mode = 'write', source = 'memory', log = silent } = options
  if (mode === 'write') refuse(medium, source)
  const ended = new AbortController()
  const reading = { log, ...(options.lander && { lander: sharedLease(options.lander) }) }
  const open = () => {
    if (ended.signal.aborted)
      throw new Fault('closed', 'the memory tape was closed', { remedy: 'Open it again.' })
  }
  return {
    trades: shelfLog(medium.trades.opened(open, ended.signal), reading),
    feed: shelfLog(medium.feed.opened(open, ended.signal), reading),
    source: async () => {
      open()
      return medium.source
    },
    append: async (events) => {
      open()
      if (mode === 'read')
        throw new Fault('invalid', 'the memory tape was opened to read', {
          remedy: 'Open it with mode write.',
        })
      refuseEvents(events, source)
      refuse(medium, source)
      const failure = medium.takeFailure()
      if (failure === undefined || failure.applied) {
        const { trades, session } = recordsOf(events)
        if (trades.some(({ count }) => count > 0) || session.length > 0) medium.source = source
        const count = medium.trades.bounds().size
        medium.trades.append(trades.flatMap((records) => parted(records, count)))
        medium.feed.append(session.map((records) => [partition(0), records]))
      }
      if (failure !== undefined) throw failure.fault
    },
    [Symbol.asyncDispose]: async () => ended.abort(),
  }
}

function refuse(medium: Medium, source: string): void {
  if (medium.source === null || medium.source === source) return
  throw new Fault('invalid', `the memory tape holds trades of ${medium.source}, not of ${source}`, {
    remedy: `Record ${source} to a tape of its own.`,
  })
}

/** The records by partition, the order within each kept. */
function parted(records: Keyed, partitions: number): [Partition, Records][] {
  if (records.count === 0) return []
  if (partitions === 1) return [[partition(0), records]]
  const homes = records.keys.map((key) => hash(key) % partitions)
  return Array.from({ length: partitions }, (_, home): [Partition, Records] => {
    const rows = Array.from({ length: records.count }, (_, i) => i).filter(
      (i) => homes[records.key[i] ?? 0] === home,
    )
    return [partition(home), picked(records, rows)]
  }).filter(([, { count }]) => count > 0)
}

/** FNV-1a, 32 bits. */
const hash = (text: string): number => {
  let h = 0x81_1c_9d_c5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01_00_01_93) >>> 0
  return h
}
