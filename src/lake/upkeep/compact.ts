import { isFault } from '../../flow/fault.ts'
import { appliesTo, type Live, type LiveDelete, type LiveFile } from '../iceberg/live.ts'
import { planLive } from '../iceberg/plan.ts'
import { BOUND_CODE_POINTS_MAX, upperString } from '../iceberg/single-value.ts'
import { ourSpec } from '../iceberg/schema.ts'
import type { Table } from '../../market/tables.ts'
import { COMPACTED_BYTES, type DataFile } from '../lake.ts'
import { columnsOf } from './columns.ts'
import { commitReplacement, stageReplacement, type Workshop } from './replace.ts'
import type { Tended } from './tended.ts'

const DAY_MS = 86_400_000
// The feed's clock and ours differ, and trades of a day come after its midnight.
const CLOSED_AFTER_MS = 3_600_000

export type CompactionLimits = {
  /** A compacted file is about this large. */
  readonly targetBytes: number
  /** Files of the open day below this are gathered. */
  readonly smallBytes: number
  /** …once there are this many. */
  readonly smallFilesMin: number
  /** A closed day that is sorted but for this share of its bytes, in few files, waits. */
  readonly lateShareMax: number
}
export const COMPACTION_LIMITS: CompactionLimits = {
  targetBytes: COMPACTED_BYTES,
  smallBytes: 64 * 1024 * 1024,
  smallFilesMin: 8,
  lateShareMax: 0.01,
}

export type Compacting = {
  readonly workshop: Workshop
  readonly limits?: CompactionLimits
  /** `open`: the days that still grow; `closed`: all others, and rows without a time. By default both. */
  readonly scope?: 'open' | 'closed' | 'all'
  /** Only these, days since 1970-01-01 UTC; null is the null day. */
  readonly days?: readonly (number | null)[]
  readonly dryRun?: boolean
  readonly signal: AbortSignal
}

/** What is to become of a day's files. */
export type PlannedCompaction = {
  readonly day: number | null
  /** `gather`: small files into few; `sort`: the whole day into sorted files. */
  readonly kind: 'gather' | 'sort'
  readonly inputs: readonly LiveFile[]
  readonly deletes: readonly LiveDelete[]
}
export type Compacted = {
  readonly day: number | null
  readonly kind: PlannedCompaction['kind']
  readonly filesBefore: number
  readonly bytesBefore: number
  readonly rowsBefore: number
  /** Null: planned only, or another writer was faster. */
  readonly after: { readonly files: number; readonly bytes: number; readonly rows: number } | null
  readonly outcome: 'planned' | 'done' | 'conflict'
}

/**
 * Writes days' files anew as few: an open day's small ones, a closed day once as globally sorted files. Each day is
 * one swap, after which the same rows are there. Files of other partition specs stay as they are. Killed at any
 * moment, the table is as before or as after. Faults: as `Rewriter`; `invalid` where another engine added a column
 * that cannot be written again.
 */
export async function* compact(
  io: Tended,
  compacting: Compacting,
): AsyncGenerator<Compacted, void, undefined> {
  const { scope = 'all', signal, dryRun = false } = compacting
  const fromMs = scope === 'open' ? startOfOpenMs(io.clock.now()) : undefined
  const state = await io.load()
  const live = await planLive(
    { ...io, metadata: state.metadata },
    fromMs === undefined ? {} : { fromMs },
  )
  for (const { day } of plansOf(io, live, { ...compacting, specId: specIdOf(io, state) })) {
    if (signal.aborted) return
    yield* compactDay(io, day, { ...compacting, dryRun })
  }
}

type State = Awaited<ReturnType<Tended['load']>>
const specIdOf = (io: Tended, { metadata }: State) => ourSpec(metadata, io.table)['spec-id']

/** One day, planned again from the table as it is now: the days before took their time. */
async function* compactDay(
  io: Tended,
  day: number | null,
  compacting: Compacting,
): AsyncGenerator<Compacted, void, undefined> {
  const { workshop, dryRun = false, signal, limits = COMPACTION_LIMITS } = compacting
  const base = await io.load()
  const within = day === null ? {} : { fromMs: day * DAY_MS, toMs: (day + 1) * DAY_MS }
  const live = await planLive({ ...io, metadata: base.metadata }, within)
  const specId = specIdOf(io, base)
  const plan = plansOf(io, live, { ...compacting, days: [day], specId })[0]
  if (plan === undefined) return
  const before = { day, kind: plan.kind, ...sizes(plan.inputs.map(({ file }) => file)) }
  if (dryRun) {
    yield { ...before, after: null, outcome: 'planned' }
    return
  }
  const columns = columnsOf(base.metadata, io.table)
  if ('unknown' in columns) {
    io.log('warn', 'a column of another engine keeps a table from being compacted', {
      table: io.table.name,
      column: columns.unknown,
    })
    return
  }
  const { targetBytes } = limits
  const rewriting = { columns: columns.columns, day, targetBytes, signal }
  try {
    const staged = await stageReplacement(io, workshop, { inputs: plan.inputs, rewriting })
    const { inputs, deletes } = plan
    const replacement = { operation: 'replace', inputs, deletes } as const
    await commitReplacement(io, base, { ...replacement, ...staged })
    const { filesBefore: files, bytesBefore: bytes, rowsBefore: rows } = sizes(staged.added)
    yield { ...before, after: { files, bytes, rows }, outcome: 'done' }
  } catch (error) {
    if (!(await gaveWay(io, base, error))) throw error
    io.log('debug', `a compaction gave way: ${String(error)}`, { table: io.table.name })
    yield { ...before, after: null, outcome: 'conflict' }
  }
}

/** Another writer was faster: it took an input away, or let its file go once nothing needed it. */
async function gaveWay(io: Tended, base: State, error: unknown): Promise<boolean> {
  if (isFault(error, 'conflict')) return true
  if (!isFault(error, 'invalid') && !isFault(error, 'unavailable')) return false
  return (await io.load()).pointer.location !== base.pointer.location
}

const sizes = (files: readonly DataFile[]) => ({
  filesBefore: files.length,
  bytesBefore: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  rowsBefore: files.reduce((sum, { rows }) => sum + rows, 0),
})

/** Midnight of the oldest day that still grows. */
const startOfOpenMs = (nowMs: number): number =>
  Math.floor((nowMs - CLOSED_AFTER_MS) / DAY_MS) * DAY_MS

type PlansOf = Pick<Compacting, 'limits' | 'scope' | 'days'> & { readonly specId: number }

/** What is worth doing with the live files of some days. */
export function plansOf(
  io: Pick<Tended, 'table' | 'clock'>,
  live: Live,
  { limits = COMPACTION_LIMITS, scope = 'all', days, specId }: PlansOf,
): readonly PlannedCompaction[] {
  const openFrom = startOfOpenMs(io.clock.now()) / DAY_MS
  const byDay = Map.groupBy(
    live.data.filter((one) => one.specId === specId),
    ({ file }) => file.day,
  )
  const plans: PlannedCompaction[] = []
  for (const [day, files] of [...byDay].sort(([a], [b]) => (a ?? -1) - (b ?? -1))) {
    const isOpen = day !== null && day >= openFrom
    if (days !== undefined && !days.includes(day)) continue
    if (days === undefined && scope !== 'all' && isOpen !== (scope === 'open')) continue
    const gathers = isOpen || day === null
    const inputs = gathers ? smallOnes(files, limits) : unsorted(io.table, files, limits)
    if (inputs.length === 0) continue
    const deletes = freed(live, inputs)
    plans.push({ day, kind: gathers ? 'gather' : 'sort', inputs, deletes })
  }
  return plans
}

const isStruck = ({ file }: LiveFile): boolean => (file.deletes ?? []).length > 0

function smallOnes(
  files: readonly LiveFile[],
  { smallBytes, smallFilesMin }: CompactionLimits,
): readonly LiveFile[] {
  const small = files.filter((one) => one.file.sizeBytes < smallBytes)
  return small.length >= smallFilesMin ? small : []
}

/** All files of a closed day, unless they are sorted as they are, or nearly. */
function unsorted(
  table: Table,
  files: readonly LiveFile[],
  limits: CompactionLimits,
): readonly LiveFile[] {
  if (files.some(isStruck)) return files
  if (files.length < 2) return []
  const { targetBytes, smallFilesMin, lateShareMax } = limits
  const bytes = sizes(files.map(({ file }) => file)).bytesBefore
  const isSorted = isRun(table, files)
  const few = Math.ceil(bytes / targetBytes) * 2
  if (isSorted && files.length <= few) return []
  const late = files.filter(({ file }) => file.sizeBytes < targetBytes / smallFilesMin)
  const rest = files.filter((one) => !late.includes(one))
  const lateBytes = sizes(late.map(({ file }) => file)).bytesBefore
  const waits =
    rest.length > 0 &&
    rest.length <= few &&
    late.length < smallFilesMin &&
    lateBytes <= bytes * lateShareMax &&
    isRun(table, rest)
  return waits ? [] : files
}

/** Whether each file ends where the next begins, by the bounds of the first column of the sort order. */
function isRun(table: Table, files: readonly LiveFile[]): boolean {
  const id = table.fields.find(({ name }) => name === table.sortedBy[0])?.id ?? 0
  const bounds = files.map(({ file }) => ({ from: file.lower.get(id), to: file.upper.get(id) }))
  if (bounds.some(({ from, to }) => from === undefined || to === undefined)) return false
  const sorted = bounds.toSorted((a, b) => compare(a.from, b.from) || compare(a.to, b.to))
  return sorted.every(({ from }, i) => i === 0 || compare(sorted[i - 1]?.to, ceiling(from)) <= 0)
}

/** Bounds of long texts are cut: one that may be cut stands for every text that begins like it. */
function ceiling(bound: Uint8Array | undefined): Uint8Array | undefined {
  const text = Buffer.from(bound ?? []).toString()
  const mayBeCut = Array.from(text).length >= BOUND_CODE_POINTS_MAX
  return mayBeCut ? (upperString(`${text}_`) ?? bound) : bound
}

const compare = (a: Uint8Array | undefined, b: Uint8Array | undefined): number =>
  Buffer.compare(a ?? new Uint8Array(), b ?? new Uint8Array())

/** Delete files that strike at nothing but the inputs: with those gone nobody needs them. */
export function freed({ data, deletes }: Live, inputs: readonly LiveFile[]): readonly LiveDelete[] {
  const going = new Set(inputs.map(({ file }) => file.location))
  const left = data.filter(({ file }) => !going.has(file.location))
  const strikes = (one: LiveDelete, files: readonly LiveFile[]) =>
    files.some((file) => appliesTo(one, file))
  return deletes.filter((one) => strikes(one, inputs) && !strikes(one, left))
}
