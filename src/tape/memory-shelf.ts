import { Fault } from '../flow/fault.ts'
import {
  logId,
  offset,
  partition,
  recordBytes,
  type LogId,
  type Partition,
  type Records,
  type Run,
} from '../market/records.ts'
import { RUN_BYTES_MAX } from './block.ts'
import type { Look, Shelf } from './shelf.ts'
import type { Bounds, Starts } from './tape.ts'

type Entry = {
  readonly at: number
  readonly bytes: Uint8Array
  readonly receivedMs: number
  readonly redelivered: number
}
type Shard = {
  entries: Entry[]
  earliest: number
  end: number
  readonly lost: { first: number; next: number }[]
}

/** One log in memory, and what a test may do to it. */
export type MemoryShelf = {
  readonly id: LogId
  bounds(): ReadonlyMap<Partition, Bounds>
  append(parts: readonly (readonly [Partition, Records])[]): void
  /** The log as one opened tape sees it: `open` throws when that tape is closed, `ended` wakes who waits. */
  opened(open: () => void, ended: AbortSignal): Shelf
  /** Partitions move: every turn under way ends. */
  move(): void
  /** The next look at the log throws `fault`. */
  failNextLook(fault: Fault): void
  /** Forgets records from `end` on, as a restore from an older copy does. */
  restore(partition: Partition, end: number): void
  /** Loses records [first, next) without saying so; reading them is `corrupt`. */
  lose(partition: Partition, first: number, next: number): void
}

export type MemoryShelfOptions = { readonly partitions: number; readonly holes: boolean }

export function memoryShelf(name: string, { partitions, holes }: MemoryShelfOptions): MemoryShelf {
  const id = logId(name)
  const shards = Array.from({ length: partitions }, (): Shard => ({
    entries: [],
    earliest: 0,
    end: 0,
    lost: [],
  }))
  const failures: Fault[] = []
  let moves = new AbortController()
  let stirs: (() => void)[] = []
  const stir = () => {
    const waiting = stirs
    stirs = []
    for (const wake of waiting) wake()
  }
  const shard = (at: Partition): Shard => {
    const found = shards[at]
    if (found === undefined)
      throw new Fault('invalid', `log ${id} has no partition ${at}`, { remedy: 'Ask its bounds.' })
    return found
  }
  const bounds = () => new Map(shards.map((found, i) => [partition(i), boundsOf(found)]))
  const look = (at: Partition, range: Range): Look => {
    const failure = failures.shift()
    if (failure !== undefined) throw failure
    return lookAt(shard(at), range, { id, at })
  }
  return {
    id,
    bounds,
    append: (parts) => {
      for (const [at, records] of parts) put(shard(at), records)
      if (holes)
        for (const at of new Set(parts.map(([at]) => at))) shard(at).end += 1 + (shard(at).end % 3)
      stir()
    },
    opened: (open, ended) => ({
      id,
      bounds: () => (open(), bounds()),
      look: (at, from, until) => (open(), look(at, { from, until })),
      moved: () => moves.signal,
      changed: async (signal) => {
        await woken(AbortSignal.any([signal, ended]), (wake) => stirs.push(wake))
        if (!signal.aborted) open()
      },
      trim: async (before) => (open(), trim(shards, before)),
    }),
    move: () => {
      moves.abort()
      moves = new AbortController()
    },
    failNextLook: (fault) => failures.push(fault),
    restore: (at, end) => {
      const found = shard(at)
      found.entries = found.entries.filter((entry) => entry.at < end)
      found.end = end
    },
    lose: (at, first, next) => shard(at).lost.push({ first, next }),
  }
}

const boundsOf = ({ earliest, end }: Shard): Bounds => ({
  earliest: offset(earliest),
  end: offset(end),
})

function put(found: Shard, records: Records): void {
  for (let i = 0; i < records.count; i++) {
    found.entries.push({
      at: found.end,
      bytes: recordBytes(records, i).slice(),
      receivedMs: records.receivedMs[i] ?? 0,
      redelivered: records.redelivered[i] ?? 0,
    })
    found.end += 1
  }
}

function trim(shards: readonly Shard[], before: Starts): void {
  for (const [at, limit] of before) {
    const found = shards[at]
    if (found === undefined) continue
    found.earliest = Math.max(found.earliest, Math.min(limit, found.end))
    found.entries = found.entries.filter((entry) => entry.at >= found.earliest)
  }
}

/** Resolves when `signal` aborts or what `listen` was given is called. */
const woken = (signal: AbortSignal, listen: (wake: () => void) => void): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
    listen(resolve)
  })

type Range = { readonly from: number; readonly until: number }

function lookAt(
  found: Shard,
  { from, until }: Range,
  { id, at }: { id: LogId; at: Partition },
): Look {
  const bounds = boundsOf(found)
  if (from < found.earliest) {
    const what = `log ${id}, partition ${at}: records [${from}, ${found.earliest}) were trimmed`
    return {
      run: null,
      bounds,
      fault: new Fault('conflict', what, { remedy: 'Ask the lake again.' }),
    }
  }
  const gone = found.lost.find(({ next }) => next > from)
  const stop = Math.min(
    until,
    found.end,
    gone === undefined ? Infinity : Math.max(from, gone.first),
  )
  const run = runFrom(found.entries, { from, until: stop }, { id, at })
  const reached = run?.next ?? stop
  if (gone === undefined || reached < stop || gone.first >= Math.min(until, found.end))
    return { run, bounds, fault: null }
  const what = `log ${id}, partition ${at}: records [${gone.first}, ${gone.next}) are missing`
  return { run, bounds, fault: new Fault('corrupt', what, { remedy: 'Keep the tape and stop.' }) }
}

function runFrom(
  entries: readonly Entry[],
  { from, until }: Range,
  { id, at }: { id: LogId; at: Partition },
): Run | null {
  const taken: Entry[] = []
  let bytes = 0
  let next = until
  for (let i = firstAt(entries, from); i < entries.length; i++) {
    const entry = entries[i]
    if (entry === undefined || entry.at >= until) break
    if (taken.length > 0 && bytes + entry.bytes.length > RUN_BYTES_MAX) {
      next = entry.at
      break
    }
    taken.push(entry)
    bytes += entry.bytes.length
  }
  if (taken.length === 0) return null
  let end = 0
  return {
    log: id,
    partition: at,
    first: offset(from),
    next: offset(next),
    count: taken.length,
    bytes: new Uint8Array(Buffer.concat(taken.map((entry) => entry.bytes))),
    ends: Uint32Array.from(taken, (entry) => (end += entry.bytes.length)),
    receivedMs: Float64Array.from(taken, ({ receivedMs }) => receivedMs),
    redelivered: Uint8Array.from(taken, ({ redelivered }) => redelivered),
    delta: Uint32Array.from(taken, ({ at }) => at - from),
  }
}

/** The index of the first entry at or past `from`. */
function firstAt(entries: readonly Entry[], from: number): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((entries[middle]?.at ?? 0) < from) low = middle + 1
    else high = middle
  }
  return low
}
