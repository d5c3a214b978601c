import { sqlName, sqlText } from '../duckdb/duckdb.ts'
import { Fault } from '../flow/fault.ts'
import type { DataFile, PurgeNote } from '../lake/lake.ts'
import { offset, type Offset } from '../market/records.ts'
import type { Rows, Table } from '../market/tables.ts'
import type { Value } from '../query/query.ts'
import { withLakeView, type Span, type Viewing } from './lake-view.ts'
import { purgedSql } from './purged.ts'
import type { Stretch, Tell, Verified } from './verify.ts'

// Both sides of a window stand in memory: about 300 MB.
const WINDOW_ROWS = 500_000
// Examples fetched of each kind and window; the rest is counted.
const EXAMPLES_MAX = 1000

export type Counts = {
  /** Records read from the tape. */
  records: number
  /** Rows of the lake in the stretches compared. */
  rows: number
  missing: number
  /** Records with more than one row. */
  repeated: number
  /** Rows that differ from their record in at least one column. */
  altered: number
  foreign: number
  /** Records without a row that were purged from the lake; not among the missing. */
  purged: number
}

export type Comparing = {
  readonly source: Verified
  readonly viewing: Viewing
  /** Where the lake's rows of this log stand: only files with rows of a window are opened for it. */
  readonly spans: readonly Span[]
  readonly stretch: Stretch
  readonly purged: readonly PurgeNote[]
  readonly counts: Counts
  readonly tell: Tell
  readonly reached: (next: Offset) => void
  readonly signal: AbortSignal
}

/** Reads the stretch in windows and compares each with the lake's rows of the same offsets. */
export async function verifyStretch(comparing: Comparing): Promise<void> {
  const { source, stretch, signal, reached } = comparing
  const { partition } = stretch
  let first = stretch.first
  let next = first
  let batches: Rows[] = []
  let rows = 0
  const close = async () => {
    await compare(comparing, { batches, first, next })
    reached(next)
    first = next
    batches = []
    rows = 0
  }
  const until = new Map([[partition, stretch.next]])
  for await (const run of source.log.read(new Map([[partition, first]]), until, signal)) {
    if (run.partition !== partition) continue
    if (run.first !== next) throw movedOn(comparing, next)
    next = run.next
    batches.push(source.rows(run))
    rows += run.count
    if (rows >= WINDOW_ROWS) await close()
  }
  if (signal.aborted) throw new Fault('closed', 'verify was cancelled', { remedy: 'Run it again.' })
  if (next < stretch.next) throw movedOn(comparing, next)
  if (first < next) await close()
}

const movedOn = ({ source, stretch }: Comparing, at: Offset): Fault =>
  new Fault(
    'unavailable',
    `${source.table.name}: records of partition ${stretch.partition} from ${at} on were trimmed while they were verified`,
    { remedy: 'Run it again: it begins at the earliest record that the tape holds.' },
  )

type Window = { readonly batches: readonly Rows[]; readonly first: Offset; readonly next: Offset }

async function compare(comparing: Comparing, window: Window): Promise<void> {
  const { viewing, source, counts } = comparing
  const { connection } = viewing
  const { table } = source
  await withLakeView(viewing, filesOf(comparing, window), async () => takeLanded(comparing, window))
  await using staged = await connection.stage(table, window.batches)
  await connection.run(`CREATE TEMP TABLE fresh AS ${staged.select()}`)
  await connection.run(
    `CREATE TEMP TABLE wrong AS SELECT f.tape_offset AS f_offset, l.tape_offset AS l_offset,
       ${table.fields.flatMap(sides).join(', ')}
     FROM fresh f FULL JOIN landed l ON f.tape_offset = l.tape_offset
     WHERE f.tape_offset IS NULL OR l.tape_offset IS NULL OR ${table.fields.map(differs).join(' OR ')}`,
  )
  counts.purged += await takePurged(comparing)
  const [[landed, missing, foreign, altered] = []] = await connection.all(
    `SELECT (SELECT count(*) FROM landed), count(*) FILTER (l_offset IS NULL),
       count(*) FILTER (f_offset IS NULL), count(*) FILTER (f_offset = l_offset) FROM wrong`,
  )
  counts.records += staged.rows
  counts.rows += Number(landed)
  counts.missing += Number(missing)
  counts.foreign += Number(foreign)
  counts.altered += Number(altered)
  if (Number(missing) + Number(foreign) + Number(altered) > 0) await tellWrong(comparing)
  await tellRepeated(comparing)
  await connection.run('DROP TABLE landed; DROP TABLE fresh; DROP TABLE wrong')
}

/** Takes records that were purged out of what is wrong; answers how many. */
async function takePurged({ viewing, source, stretch, purged }: Comparing): Promise<number> {
  const { table, log } = source
  const condition = purgedSql(table, purged, { log: log.id, partition: stretch.partition })
  if (condition === null) return 0
  const [[count] = []] = await viewing.connection.all(
    `DELETE FROM wrong WHERE l_offset IS NULL AND (${condition})`,
  )
  return Number(count)
}

function filesOf({ spans, stretch }: Comparing, { first, next }: Window): readonly DataFile[] {
  const some = spans.filter(
    (span) => span.partition === stretch.partition && span.first < next && first < span.next,
  )
  return [...new Set(some.map(({ file }) => file))]
}

async function takeLanded({ viewing, source, stretch }: Comparing, { first, next }: Window) {
  const place = `tape = ${sqlText(source.log.id)} AND tape_partition = ${stretch.partition}`
  await viewing.connection.run(
    `CREATE TEMP TABLE landed AS SELECT * EXCLUDE (file) FROM lake
     WHERE ${place} AND tape_offset >= ${first} AND tape_offset < ${next}`,
  )
}

type Fields = Table['fields'][number]
const sides = ({ name }: Fields, i: number): readonly string[] => [
  `l.${sqlName(name)} AS l${i}`,
  `f.${sqlName(name)} AS f${i}`,
]

/** Exact: NaN equals itself, null equals null, and -0 is not 0. */
function differs({ name, type }: Fields): string {
  const [l, f] = [`l.${sqlName(name)}`, `f.${sqlName(name)}`]
  const plain = `${l} IS DISTINCT FROM ${f}`
  return type === 'double' ? `${plain} OR (${l} = 0 AND signbit(${l}) <> signbit(${f}))` : plain
}

async function tellWrong({ viewing, source, stretch, tell }: Comparing): Promise<void> {
  const { connection } = viewing
  const { fields, name } = source.table
  const where = { table: name, partition: stretch.partition }
  const rows = await connection.all(
    `SELECT * FROM wrong ORDER BY coalesce(f_offset, l_offset) LIMIT ${EXAMPLES_MAX}`,
  )
  for (const [fresh = null, landed = null, ...cells] of rows) {
    if (landed === null) tell({ ...where, kind: 'missing', offset: offset(Number(fresh)) })
    else if (fresh === null) tell({ ...where, kind: 'foreign', offset: offset(Number(landed)) })
    else
      fields.forEach((field, i) => {
        const [lake = null, tape = null] = cells.slice(2 * i)
        if (same(lake, tape)) return
        const at = offset(Number(fresh))
        tell({ ...where, kind: 'altered', offset: at, column: field.name, lake, tape })
      })
  }
}

const same = (a: Value, b: Value): boolean => Object.is(a, b)

async function tellRepeated({ viewing, source, stretch, counts, tell }: Comparing) {
  const { connection } = viewing
  const repeated = 'SELECT tape_offset, count(*) FROM landed GROUP BY 1 HAVING count(*) > 1'
  const [[count = 0n] = []] = await connection.all(`SELECT count(*) FROM (${repeated})`)
  if (Number(count) === 0) return
  counts.repeated += Number(count)
  const where = { table: source.table.name, partition: stretch.partition }
  for (const [at, times] of await connection.all(`${repeated} ORDER BY 1 LIMIT ${EXAMPLES_MAX}`))
    tell({ ...where, kind: 'repeated', offset: offset(Number(at)), times: Number(times) })
}
