import type { Connection } from '../../duckdb/duckdb.ts'
import { Fault, isFault } from '../../flow/fault.ts'
import type { Lake, LakeSnapshot, Wanted } from '../../lake/lake.ts'
import { type Offset, type Partition, type Run } from '../../market/records.ts'
import type { Rows, Table } from '../../market/tables.ts'
import type { Bounds, Log } from '../../tape/tape.ts'
import { openGeneration, type Generation } from './generation.ts'

// A trim or a landing between reading the lake's position and the tape: then both are read again.
const TRIES_MAX = 5
// Rows that go into one INSERT: large enough that its fixed cost vanishes, small in memory.
const INSERT_ROWS_MAX = 131_072
// Landed rows that may stand in the table before it is made anew.
const DEAD_BYTES_MAX = 64 * 1024 * 1024

/** One table's two halves: the lake's files, and the log whose end they do not hold yet. */
export type Source = {
  readonly table: Table
  readonly lake: Pick<Lake, 'snapshot'>
  /** Null: the lake alone. */
  readonly log: Pick<Log, 'bounds' | 'read'> | null
  readonly rows: (run: Run) => Rows
}

/** What one query reads: files of one snapshot, and rows [first, next) of each partition in `tail`. */
export type Reading = {
  /** Its files are those that may hold what was wanted, its positions all. */
  readonly snapshot: LakeSnapshot
  readonly tail: { readonly table: string; readonly ranges: ReadonlyMap<Partition, Range> } | null
  /** The tail ends before the tape does. */
  readonly degraded: boolean
  /** When the last record that the tail gives came, ms; null: the tail gives none. */
  readonly receivedMs: number | null
  release(): Promise<void>
}
type Range = { readonly first: Offset; readonly next: Offset }

export type TailOptions = {
  readonly connection: Connection
  readonly source: Source
  /** Bytes of records that the tail may hold. */
  readonly bytesMax: number
}

/**
 * The tape after the lake, kept in DuckDB and brought up to date by each `read`: files and positions come
 * from one snapshot, rows from the position on, contiguous in each partition. While more than `bytesMax` is
 * waiting to land it holds the beginning of that, and says so; it never leaves a hole.
 */
export function openTail({ connection, source, bytesMax }: TailOptions) {
  let generation: Generation | undefined
  let generations = 0
  let busy: Promise<unknown> = Promise.resolve()

  const fresh = async () => {
    const before = generation
    generation = undefined
    await before?.retire()
    generation = await openGeneration(
      connection,
      source.table,
      `tail_${source.table.name}_${++generations}`,
    )
    return generation
  }
  const read = async (wanted: Wanted, signal: AbortSignal): Promise<Reading> => {
    const { log } = source
    if (log === null) return lakeOnly(await source.lake.snapshot(wanted))
    for (let attempt = 1; ; attempt++) {
      const before = await log.bounds()
      const snapshot = await source.lake.snapshot(wanted)
      const ends = await log.bounds()
      const start = startsOf(snapshot, before, ends)
      if (start.holes.length > 0 && attempt < TRIES_MAX) continue
      let current = generation ?? (await fresh())
      if (isBehind(current, start.from) || isWorn(current, start.from, bytesMax))
        current = await fresh()
      const filling = { source, log, from: start.from, ends, bytesMax, signal }
      const filled = await fill(current, filling)
      if (filled === 'torn' && attempt < TRIES_MAX) continue
      current.use()
      return readingOf({
        snapshot,
        generation: current,
        from: start.from,
        ends,
        holes: start.holes,
      })
    }
  }
  return {
    /** Rows of the tape are all there, whatever is wanted. One read at a time; the caller releases what it got. */
    read: (wanted: Wanted, signal: AbortSignal): Promise<Reading> => {
      const turn = busy.then(() => read(wanted, signal))
      busy = turn.catch(() => undefined)
      return turn
    },
  }
}

export type Tail = ReturnType<typeof openTail>

/** What a query reads of a table that it does not name. */
export const UNREAD: Reading = {
  snapshot: { id: null, files: [], positions: new Map() },
  tail: null,
  degraded: false,
  receivedMs: null,
  release: async () => undefined,
}

const lakeOnly = (snapshot: LakeSnapshot): Reading => ({ ...UNREAD, snapshot })

type From = ReadonlyMap<Partition, Offset>

type Ends = ReadonlyMap<Partition, Bounds>

/**
 * Where the tail begins: the lake's position. A partition that has none begins at its earliest record as it
 * was before the snapshot: nothing of it had landed then, so nothing was trimmed.
 */
function startsOf(snapshot: LakeSnapshot, before: Ends, ends: Ends) {
  const from = new Map<Partition, Offset>()
  const holes: Partition[] = []
  for (const [partition, { earliest, end }] of ends) {
    const birth = before.get(partition)?.earliest ?? earliest
    const position = snapshot.positions.get(partition)?.next ?? birth
    if (position < earliest) holes.push(partition)
    from.set(partition, position > end ? end : position)
  }
  return { from, holes }
}

/** The lake's position moved back to before what is held. */
const isBehind = (generation: Generation, from: From): boolean =>
  [...from].some(([partition, first]) => first < (generation.held(partition)?.first ?? first))

const isWorn = (generation: Generation, from: From, bytesMax: number): boolean => {
  const { live, dead } = generation.weigh(from)
  return dead > Math.max(live, Math.min(DEAD_BYTES_MAX, bytesMax))
}

type Filling = {
  readonly source: Source
  readonly log: Pick<Log, 'read'>
  readonly from: From
  readonly ends: Ends
  readonly bytesMax: number
  readonly signal: AbortSignal
}

type Filled = 'full' | 'whole' | 'torn'

/** Appends what the tape has past what is held. 'torn': the tape did not go on where it ought to. */
async function fill(generation: Generation, filling: Filling): Promise<Filled> {
  try {
    return await fillFrom(generation, filling)
  } catch (error) {
    if (isFault(error, 'conflict')) return 'torn' // trimmed while it was read: so it has landed by now
    throw error
  }
}

async function fillFrom(generation: Generation, filling: Filling): Promise<Filled> {
  const { source, log, from, ends, bytesMax, signal } = filling
  const starts = new Map<Partition, Offset>()
  const until = new Map<Partition, Offset>()
  for (const [partition, { earliest, end }] of ends) {
    const first = from.get(partition) ?? end
    if (first < earliest) continue
    const held = generation.held(partition)
    if (held === undefined || held.next < first) generation.restart(partition, first)
    const next = generation.held(partition)?.next ?? first
    if (next < end) starts.set(partition, next)
    if (next < end) until.set(partition, end)
  }
  if (starts.size === 0) return 'whole'
  let room = bytesMax - generation.weigh(from).live
  const batches: Rows[] = []
  let rows = 0
  const flush = async () => {
    await generation.append(batches.splice(0))
    rows = 0
  }
  for await (const run of log.read(starts, until, signal)) {
    const expected = starts.get(run.partition)
    if (expected === undefined || run.first !== expected) return 'torn'
    if (room <= 0) break
    starts.set(run.partition, run.next)
    room -= run.ends[run.count - 1] ?? 0
    batches.push(source.rows(run))
    rows += run.count
    if (rows >= INSERT_ROWS_MAX) await flush()
  }
  await flush()
  if (signal.aborted) throw cancelled()
  if (room <= 0) return 'full'
  const short = [...until].some(([partition, end]) => (starts.get(partition) ?? end) < end)
  return short ? 'torn' : 'whole'
}

const cancelled = (): Fault =>
  new Fault('closed', 'the query was cancelled while it read the tape', {
    remedy: 'Run it again if it was not meant to be.',
  })

type Told = {
  readonly snapshot: LakeSnapshot
  readonly generation: Generation
  readonly from: From
  readonly ends: Ends
  readonly holes: readonly Partition[]
}

function readingOf({ snapshot, generation, from, ends, holes }: Told): Reading {
  const ranges = new Map<Partition, Range>()
  const cut: (number | null)[] = []
  const whole: number[] = []
  for (const [partition, { end }] of ends) {
    const first = from.get(partition) ?? end
    const next = holes.includes(partition) ? first : (generation.held(partition)?.next ?? first)
    if (next > first) ranges.set(partition, { first, next })
    const received = next > first ? generation.lastReceivedMs(partition) : null
    if (next < end) cut.push(received)
    else if (received !== null) whole.push(received)
  }
  const degraded = cut.length > 0
  const known = degraded ? (cut.includes(null) ? [] : (cut as number[])) : whole
  const receivedMs = known.length === 0 ? null : degraded ? Math.min(...known) : Math.max(...known)
  return {
    snapshot,
    tail: ranges.size === 0 ? null : { table: generation.table, ranges },
    degraded,
    receivedMs,
    release: () => generation.release(),
  }
}
