import type { Landed, Parts } from '../config/components.ts'
import type { Workshops } from '../config/upkeep.ts'
import { isFault, type Fault } from '../flow/fault.ts'
import { compact } from '../lake/upkeep/compact.ts'
import { expireSnapshots } from '../lake/upkeep/expire.ts'
import { removeOrphans } from '../lake/upkeep/orphans.ts'
import { dayText } from './tables.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
/** A start is not slowed by it. */
const FIRST_MS = MINUTE_MS
const EVERY_MS = 10 * MINUTE_MS
/** Each wait is this much longer or shorter, so that landers started together do not meet. */
const JITTER = 0.1
/** A day is closed when it is over for so long: the trades of its last minutes come late. */
const CLOSED_AFTER_MS = HOUR_MS

export type Keeping = {
  readonly tables: readonly Landed[]
  readonly workshops: Workshops
  /** Whether this lander is the one that takes care of the tables now. */
  readonly owns: () => boolean
}

type Doing = {
  readonly parts: Parts
  readonly table: Landed
  readonly workshops: Workshops
  readonly signal: AbortSignal
}
type Job = {
  readonly name: string
  /** Asked at each tick: it is begun when the answer has grown by one since it was last begun. */
  readonly turn: (clock: Parts['clock']) => number
  readonly act: (doing: Doing) => Promise<void>
}

const every = (ms: number) => (clock: Parts['clock']) => clock.monotonic() / ms
// A tick may come a little early.
const TICK_MS_MIN = EVERY_MS * (1 - 2 * JITTER)
const JOBS: readonly Job[] = [
  { name: 'expire', turn: every(TICK_MS_MIN), act: expire },
  { name: 'compact_open', turn: every(HOUR_MS), act: (doing) => compactDays(doing, 'open') },
  {
    name: 'compact_closed',
    turn: (clock) => Math.floor((clock.now() - CLOSED_AFTER_MS) / DAY_MS),
    act: (doing) => compactDays(doing, 'closed'),
  },
  { name: 'orphans', turn: every(DAY_MS), act: clean },
]

/** The loop below, with the engine that rewrites; nothing where `land.upkeep` is off. `dir` is `Lakes.dir`. */
export async function keepSmall(
  parts: Parts,
  { tables, owns, dir }: Omit<Keeping, 'workshops'> & { readonly dir: string },
  signal: AbortSignal,
): Promise<void> {
  const [first] = tables
  if (parts.loaded.settings['land.upkeep'] === 'off' || first === undefined) return
  const { openWorkshops } = await import('../config/upkeep.ts')
  const { store } = first.lake.tended()
  const isLocal = parts.places.lake.kind === 'file'
  await using workshops = openWorkshops(parts, { store, dir, isLocal })
  await upkeepLoop(parts, { tables, workshops, owns }, signal)
}

/**
 * Keeps the tables small and fast while they are landed in, from the first minute on: every ten minutes old
 * snapshots expire; hourly the small files of open days are gathered; once a day, and once after a start, closed
 * days are sorted and orphans removed. Does nothing while another lander owns that. Faults never stop the landing:
 * each is told, and the job is tried again at its next time; a table in which a rewrite found damage is left alone.
 */
export async function upkeepLoop(
  parts: Parts,
  { tables, workshops, owns }: Keeping,
  signal: AbortSignal,
): Promise<void> {
  const { clock, random } = parts
  const begun = new Map<string, number>()
  const damaged = new Set<Landed>()
  await clock.sleep(FIRST_MS * (1 + JITTER * random.next()), signal)
  while (!signal.aborted) {
    for (const { name, turn, act } of JOBS) {
      if (signal.aborted || !owns()) break
      const now = turn(clock)
      const last = begun.get(name)
      // A clock that was ahead and is set right counts as a change too.
      if (last !== undefined && Math.abs(now - last) < 1) continue
      begun.set(name, now)
      for (const table of tables) {
        if (signal.aborted || damaged.has(table)) continue
        const outcome = await attempt(name, act, { parts, table, workshops, signal })
        if (outcome === 'damaged') damaged.add(table)
      }
    }
    await rested(parts, workshops)
    await clock.sleep(EVERY_MS * (1 - JITTER + 2 * JITTER * random.next()), signal)
  }
}

const LEVELS = {
  conflict: 'info',
  unavailable: 'warn',
  closed: 'warn',
  invalid: 'error',
  bug: 'error',
} as const

async function attempt(
  job: string,
  act: Job['act'],
  doing: Doing,
): Promise<'done' | 'failed' | 'damaged'> {
  const { log, metrics, clock } = doing.parts
  const table = doing.table.name
  try {
    await act(doing)
    metrics.set('ticklake_upkeep_last_timestamp_seconds', clock.now() / 1000, { job, table })
    return 'done'
  } catch (error) {
    if (doing.signal.aborted) return 'failed' // it was given up, because the lander stops
    const { kind, message } = faultOf(error)
    metrics.add('ticklake_upkeep_failures_total', 1, { job, table, kind })
    if (kind === 'corrupt') {
      log('error', `upkeep of ${table} stops: ${message}`, { job, table })
      return 'damaged'
    }
    log(
      LEVELS[kind],
      `${job.replace('_', ' ')}: not done, tried again at its next time: ${message}`,
      { table, kind },
    )
    return 'failed'
  }
}

/** What only keeps the tables small never ends the landing, whatever it met. */
const faultOf = (error: unknown): Pick<Fault, 'kind' | 'message'> =>
  isFault(error) ? error : { kind: 'bug', message: String(error) }

async function rested({ log }: Parts, workshops: Workshops): Promise<void> {
  try {
    await workshops.rest()
  } catch (error) {
    log('warn', `the engine of upkeep did not close: ${String(error)}`)
  }
}

async function expire({ parts, table: { name, lake } }: Doing): Promise<void> {
  const { log, metrics, loaded } = parts
  const keep = loaded.settings['land.snapshots_kept']
  const gone = await expireSnapshots(lake.tended(), { keep })
  if (gone.snapshots === 0) return
  const files = gone.dataFiles.length + gone.deleteFiles.length
  const metadataFiles = gone.metadataFiles.length
  const table = { table: name }
  metrics.add('ticklake_upkeep_snapshots_expired_total', gone.snapshots, table)
  metrics.add('ticklake_upkeep_files_removed_total', files + metadataFiles, table)
  const { snapshots } = gone
  log('info', 'expired snapshots', { ...table, snapshots, files, metadata_files: metadataFiles })
}

async function compactDays(
  { parts, table: { name, lake }, workshops, signal }: Doing,
  scope: 'open' | 'closed',
): Promise<void> {
  const { log, metrics, clock } = parts
  const table = { table: name }
  let began = clock.monotonic()
  const workshop = await workshops.of(name)
  for await (const one of compact(lake.tended(), { workshop, scope, signal })) {
    const seconds = Number(((clock.monotonic() - began) / 1000).toFixed(1))
    began = clock.monotonic()
    const { day, kind, filesBefore, bytesBefore, after } = one
    const told = { ...table, day: dayText(day), kind, files: filesBefore, seconds }
    if (after === null) {
      log('info', 'another writer was faster than a compaction', told)
      continue
    }
    metrics.add('ticklake_upkeep_compactions_total', 1, { ...table, kind })
    metrics.add('ticklake_upkeep_compacted_files_total', filesBefore, table)
    metrics.add('ticklake_upkeep_compacted_bytes_total', bytesBefore, table)
    metrics.add('ticklake_upkeep_written_files_total', after.files, table)
    metrics.add('ticklake_upkeep_written_bytes_total', after.bytes, table)
    log('info', 'compacted a day', { ...told, into: after.files, rows: after.rows })
  }
}

async function clean({ parts, table: { name, lake } }: Doing): Promise<void> {
  const { log, metrics, loaded } = parts
  const olderThanMs = loaded.settings['land.orphan_age']
  const { files, bytes } = await removeOrphans(lake.tended(), { olderThanMs })
  if (files.length === 0) return
  metrics.add('ticklake_upkeep_orphans_removed_total', files.length, { table: name })
  log('info', 'removed orphans', { table: name, files: files.length, bytes })
}
