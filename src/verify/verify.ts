import { holdLocal, openDuckdb, type Connection, type Duckdb, type Hold } from '../duckdb/duckdb.ts'
import type { DataFile, Lake, LakeSnapshot } from '../lake/lake.ts'
import type { Offset, Partition, Run } from '../market/records.ts'
import type { Rows, Table } from '../market/tables.ts'
import type { Value } from '../query/query.ts'
import type { Log } from '../tape/tape.ts'
import { claimsOf, type Claim } from './claims.ts'
import type { Reads } from './lake-view.ts'
import { lookOver } from './overview.ts'
import { verifyStretch, type Counts } from './stretch.ts'
import { concerns, lostWith, unreadableFiles, type Unreadable } from './unreadable.ts'

/** What is wrong, and where: offsets are those of the table's log. */
export type Finding = { readonly table: string; readonly partition: Partition | null } & (
  | { readonly kind: 'missing'; readonly offset: Offset }
  | { readonly kind: 'repeated'; readonly offset: Offset; readonly times: number }
  | {
      readonly kind: 'altered'
      readonly offset: Offset
      readonly column: string
      readonly lake: Value
      readonly tape: Value
    }
  /** A row in the lake that no record of the log stands for; null: it has no offset at all. */
  | { readonly kind: 'foreign'; readonly offset: Offset | null }
  /** Records [first, next) are on the tape, and the lake has no position for their partition. */
  | { readonly kind: 'no position'; readonly first: Offset; readonly next: Offset }
  /** The lake claims [first, next), which lies past the tape's end. */
  | { readonly kind: 'past the end'; readonly first: Offset; readonly next: Offset }
  /** A file that the table lists is not there or cannot be read; its records are not told as missing one by one. */
  | ({ readonly kind: 'unreadable' } & Omit<Unreadable, 'partition'>)
)

/** A table and the log that lands in it. */
export type Verified = {
  readonly table: Table
  readonly lake: Pick<Lake, 'snapshot'>
  readonly log: Pick<Log, 'id' | 'bounds' | 'read'>
  readonly rows: (run: Run) => Rows
}

/** What to verify; without any of these, all that the tape holds and the lake claims. */
export type Extent = {
  /** Offsets of every partition. */
  readonly from?: Offset
  readonly to?: Offset
  /** Days since 1970-01-01 UTC: from the first record that came on that day to the last, in each partition. */
  readonly day?: number
}

export type VerifyOptions = {
  readonly sources: readonly Verified[]
  readonly extent?: Extent
  /** Where DuckDB reads the lake's files; absent: where they are, on this machine. */
  readonly hold?: Hold
  /** About so many bytes of files are held at a time, however many there are; absent: all. */
  readonly holdBytesMax?: number
  readonly threads: number
  readonly memoryMb: number
  readonly spillDir: string | null
  readonly signal: AbortSignal
  /** How many findings of one table are told one by one; all are counted. */
  readonly findingsMax: number
  /** Told when the table is done. */
  readonly found: (finding: Finding) => void
  readonly progress?: (progress: Progress) => void
}

/** Offsets read of those that will be; a hole in them counts as read. */
export type Progress = { readonly table: string; readonly done: number; readonly total: number }

export type Verdict = Readonly<Counts> & {
  readonly table: string
  /** The table was there and had a commit. */
  readonly landed: boolean
  /** Partitions with records but no position, and partitions whose position lies past the end. */
  readonly misplaced: number
  /** Data files that the table lists and that are not there or cannot be read. */
  readonly unreadable: number
  /** Rows of the lake with no record left to compare: trimmed from the tape, or of another log. */
  readonly unverifiable: number
  /** What was compared: records [first, next). */
  readonly stretches: readonly Stretch[]
  /** Nothing was missing, repeated, altered, foreign, misplaced or unreadable; `unverifiable` is no part of it. */
  readonly passed: boolean
}
export type Stretch = {
  readonly partition: Partition
  readonly first: Offset
  readonly next: Offset
}

/**
 * Proves a stretch of tape against the lake: each record, decoded afresh, is compared column by column with
 * the rows of all live files of one snapshot. Rows that another engine struck out are not in the lake: their
 * records are missing. Memory is bounded by a window of records, however long the stretch. Every file is read
 * once for where its rows stand, in groups, and again with the windows that these are in, by order of the tape.
 * Faults: those of the log, the lake and `hold`; `closed` when `signal` aborts.
 */
export async function verify(options: VerifyOptions): Promise<readonly Verdict[]> {
  await using duckdb = await openDuckdb({ ...options, readable: null })
  const verdicts: Verdict[] = []
  for (const source of options.sources) verdicts.push(await verifyTable(options, source, duckdb))
  return verdicts
}

/**
 * Compares a table; where that fails because of its files, those are found and all the others compared again,
 * anew from a fresh snapshot: what a writer merged away meanwhile is no loss.
 */
async function verifyTable(
  options: VerifyOptions,
  source: Verified,
  duckdb: Duckdb,
): Promise<Verdict> {
  const { hold = holdLocal, holdBytesMax = Number.POSITIVE_INFINITY, signal } = options
  const broken = new Map<string, string>()
  for (;;) {
    const snapshot = await source.lake.snapshot()
    const files = snapshot.files.filter(({ location }) => !broken.has(location))
    try {
      using connection = await duckdb.connect()
      const findings = teller(options)
      const reads = { hold, bytesMax: holdBytesMax }
      const attempt = { options, source, connection, snapshot, broken, reads, tell: findings.tell }
      const verdict = await compareTable(attempt, files)
      findings.flush()
      return verdict
    } catch (error) {
      if (signal.aborted) throw error
      using connection = await duckdb.connect()
      const found = await unreadableFiles({ connection, files, hold, signal })
      if (found.size === 0) throw error
      for (const [location, cause] of found) broken.set(location, cause)
    }
  }
}

type Attempt = {
  readonly options: VerifyOptions
  readonly source: Verified
  readonly connection: Connection
  readonly snapshot: LakeSnapshot
  /** Locations and causes of files that cannot be read. */
  readonly broken: ReadonlyMap<string, string>
  readonly reads: Reads
  readonly tell: Tell
}

async function compareTable(attempt: Attempt, files: readonly DataFile[]): Promise<Verdict> {
  const { options, source, connection, snapshot } = attempt
  const { table, log } = source
  const { extent = {}, signal, progress } = options
  const claims = await claimsOf({ log, snapshot, extent, signal })
  const lost = lostFiles(attempt, claims)
  const tell = withoutLost(attempt.tell, lost)
  const misplaced = tellMisplaced(table, claims, tell)
  const viewing = { connection, table, hold: attempt.reads.hold, signal }
  const bounded = Object.keys(extent).length > 0
  const { bytesMax } = attempt.reads
  const seen = await lookOver({ viewing, log: log.id, claims, bounded, tell, bytesMax }, files)
  const counts: Counts = {
    records: 0,
    rows: 0,
    missing: 0,
    repeated: 0,
    altered: 0,
    foreign: 0,
    purged: 0,
  }
  counts.foreign += seen.foreign
  const stretches = claims.flatMap(({ partition, first, next }) =>
    first < next ? [{ partition, first, next }] : [],
  )
  const total = stretches.reduce((sum, { first, next }) => sum + next - first, 0)
  let before = 0
  for (const stretch of stretches) {
    const reached = (next: Offset) =>
      progress?.({ table: table.name, done: before + next - stretch.first, total })
    await verifyStretch({
      source,
      viewing,
      spans: seen.spans,
      purged: snapshot.purged ?? [],
      stretch,
      counts,
      tell,
      reached,
      signal,
    })
    before += stretch.next - stretch.first
  }
  const { missing, repeated, altered, foreign } = counts
  const unreadable = lost.length
  const passed = missing + repeated + altered + foreign + misplaced + unreadable === 0
  const { unverifiable } = seen
  const of = { table: table.name, landed: snapshot.id !== null }
  return { ...of, ...counts, misplaced, unreadable, unverifiable, stretches, passed }
}

/** The files that cannot be read and may hold what was asked for, each told. */
function lostFiles(
  { source: { table }, snapshot, broken, tell }: Attempt,
  claims: readonly Claim[],
): readonly Unreadable[] {
  const lost = snapshot.files.flatMap((file) => {
    const cause = broken.get(file.location)
    const one = cause === undefined ? null : lostWith(table, file, cause)
    return one !== null && concerns(one, claims) ? [one] : []
  })
  for (const one of lost) tell({ ...one, table: table.name, kind: 'unreadable' })
  return lost
}

/** Tells a missing record only where no file that cannot be read explains it. */
const withoutLost =
  (tell: Tell, lost: readonly Unreadable[]): Tell =>
  (finding) => {
    const explained =
      finding.kind === 'missing' &&
      lost.some(
        ({ partition, first, next }) =>
          (partition === null || partition === finding.partition) &&
          (first ?? 0) <= finding.offset &&
          finding.offset < (next ?? Number.POSITIVE_INFINITY),
      )
    if (!explained) tell(finding)
  }

export type Tell = (finding: Finding) => void

/** Keeps the first `findingsMax` until they are told. */
function teller({ findingsMax, found }: VerifyOptions): { tell: Tell; flush: () => void } {
  const kept: Finding[] = []
  return {
    tell: (finding) => {
      if (kept.length < findingsMax) kept.push(finding)
    },
    flush: () => kept.forEach((finding) => found(finding)),
  }
}

function tellMisplaced({ name }: Table, claims: readonly Claim[], tell: Tell): number {
  let misplaced = 0
  for (const { partition, earliest, end, position } of claims) {
    const where = { table: name, partition }
    if (position === null && end > earliest) {
      misplaced += 1
      tell({ ...where, kind: 'no position', first: earliest, next: end })
    }
    if (position !== null && position > end) {
      misplaced += 1
      tell({ ...where, kind: 'past the end', first: end, next: position })
    }
  }
  return misplaced
}
