import type { Table } from '../../market/tables.ts'
import type { DataFile, Wanted } from '../lake.ts'
import { readLive, specById, type Live, type Planning } from './live.ts'
import { mayHoldFiles, type ManifestFile } from './manifest-list.ts'
import { mainSnapshot, type Metadata } from './metadata-document.ts'
import { dayFieldId } from './schema.ts'
import { fromSingleValue } from './single-value.ts'
import { startOfDay, timeBounds } from './time-bounds.ts'

const MICROS = 1000n // µs a ms

/**
 * The data files of main's snapshot that may hold a row that is wanted, with the position deletes that other
 * engines put beside them: manifests are left out by the day bounds in the manifest list, files by day and by
 * the bounds of time and symbol. Faults as `readLive`.
 */
export async function plan(planning: Planning, wanted: Wanted = {}): Promise<readonly DataFile[]> {
  return (await planLive(planning, wanted)).data.map(({ file }) => file)
}

/** …with where each file's entry stands, and the delete files of the same stretch. */
export async function planLive(planning: Planning, wanted: Wanted = {}): Promise<Live> {
  const { metadata, table, manifests } = planning
  const listed = (await manifests.list(mainSnapshot(metadata))).filter(mayHoldFiles)
  const filter = compile(table, wanted)
  const open = listed.filter((one) => mayMatchDays(metadata, one, { table, filter }))
  const { data, deletes } = await readLive(planning, open)
  return { data: data.filter(({ file }) => mayMatch(file, filter)), deletes }
}

type Filter = {
  /** Half-open µs of the day field; null: that side is open. */
  readonly from: bigint | null
  readonly to: bigint | null
  readonly timeId: number
  /** Symbols as UTF-8, the order of bounds; null: any. */
  readonly symbols: readonly Uint8Array[] | null
  readonly symbolId: number | null
}

function compile(table: Table, { symbols, fromMs, toMs }: Wanted): Filter {
  const symbolId = table.fields.find(({ name }) => name === 'symbol')?.id ?? null
  return {
    from: fromMs === undefined ? null : BigInt(Math.floor(fromMs)) * MICROS,
    to: toMs === undefined ? null : BigInt(Math.ceil(toMs)) * MICROS,
    timeId: dayFieldId(table),
    symbols: symbols === undefined ? null : symbols.map((one) => Buffer.from(one)),
    symbolId,
  }
}

function mayMatchDays(
  metadata: Metadata,
  manifest: ManifestFile,
  { table, filter }: { readonly table: Table; readonly filter: Filter },
): boolean {
  if (filter.from === null && filter.to === null) return true
  const { fields } = specById(metadata, manifest.partition_spec_id)
  const at = fields.findIndex(
    (field) => field['source-id'] === dayFieldId(table) && field.transform === 'day',
  )
  const summary = at < 0 ? undefined : manifest.partitions?.[at]
  if (summary === undefined) return true
  const { lower_bound, upper_bound } = summary
  // No bounds: every partition of it is the null day, and a null time is in no stretch of time.
  if (lower_bound === null || upper_bound === null) return !summary.contains_null
  const first = fromSingleValue('int', lower_bound)
  const last = fromSingleValue('int', upper_bound)
  if (typeof first !== 'number' || typeof last !== 'number') return true
  const after = filter.to !== null && startOfDay(first) >= filter.to
  const before = filter.from !== null && startOfDay(last + 1) <= filter.from
  return !after && !before
}

const mayMatch = (file: DataFile, filter: Filter): boolean =>
  mayMatchTime(file, filter) && mayMatchSymbol(file, filter)

function mayMatchTime(file: DataFile, { from, to, timeId }: Filter): boolean {
  if (from === null && to === null) return true
  if (allNull(file, timeId)) return false
  const { lower, upper } = timeBounds(file, timeId)
  if (to !== null && lower !== null && lower >= to) return false
  return !(from !== null && upper !== null && upper < from)
}

// Bounds may be cut: a lower one is at or below the least value, an upper one (incremented) at or above the greatest.
function mayMatchSymbol(file: DataFile, { symbols, symbolId }: Filter): boolean {
  if (symbols === null || symbolId === null) return true
  if (allNull(file, symbolId)) return false
  const lower = file.lower.get(symbolId)
  const upper = file.upper.get(symbolId)
  return symbols.some(
    (symbol) =>
      (lower === undefined || Buffer.compare(symbol, lower) >= 0) &&
      (upper === undefined || Buffer.compare(symbol, upper) <= 0),
  )
}

const allNull = (file: DataFile, id: number): boolean => file.nullCounts.get(id) === file.rows
