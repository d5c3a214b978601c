import { Fault } from '../../flow/fault.ts'
import type { Table } from '../../market/tables.ts'
import type { DataFile, Wanted } from '../lake.ts'
import { fromRecord, partitionDay } from './data-file.ts'
import { STATUS } from './manifest.ts'
import { mayHoldFiles, type ManifestFile } from './manifest-list.ts'
import type { ManifestReader } from './manifest-reader.ts'
import { mainSnapshot, type Metadata } from './metadata-document.ts'
import { dayFieldId } from './schema.ts'
import { fromSingleValue } from './single-value.ts'

const DAY_MS = 86_400_000
const MICROS = 1000n // µs a ms
const MANIFESTS_AT_ONCE = 8 // reads in flight: enough to hide a store's latency, few open files

/**
 * The data files of main's snapshot that may hold a row that is wanted: manifests are left out by the day
 * bounds in the manifest list, files by day and by the bounds of time and symbol. Throws `invalid` when the
 * snapshot has delete files (rows struck out by another engine): reading on would bring those rows back.
 */
export async function plan(
  { metadata, table, manifests }: Planning,
  wanted: Wanted = {},
): Promise<readonly DataFile[]> {
  const listed = (await manifests.list(mainSnapshot(metadata))).filter(mayHoldFiles)
  const deletes = listed.find(({ content }) => content !== 0)
  if (deletes !== undefined) throw deleteFiles(table, deletes)
  const filter = compile(table, wanted)
  const open = listed.filter((one) => mayMatchDays(metadata, one, { table, filter }))
  const files: DataFile[] = []
  for (let at = 0; at < open.length; at += MANIFESTS_AT_ONCE) {
    const some = open.slice(at, at + MANIFESTS_AT_ONCE)
    const read = await Promise.all(
      some.map((one) => liveFiles({ metadata, table, manifests }, one)),
    )
    for (const file of read.flat()) if (mayMatch(file, filter)) files.push(file)
  }
  return files
}

export type Planning = {
  readonly metadata: Metadata
  readonly table: Table
  readonly manifests: ManifestReader
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

/** The live data files of a manifest, with their day, whatever spec they were written under. */
async function liveFiles(
  { metadata, table, manifests }: Planning,
  manifest: ManifestFile,
): Promise<readonly DataFile[]> {
  const spec = specById(metadata, manifest.partition_spec_id)
  const timeId = dayFieldId(table)
  return (await manifests.entries(manifest))
    .filter(({ status }) => status !== STATUS.deleted)
    .map(({ data_file }) => {
      const day = partitionDay(data_file, spec, timeId)
      const file = fromRecord(data_file, null)
      return { ...file, day: day === undefined ? dayOfBounds(file, timeId) : day }
    })
}

/** A file of another spec has the day that its time bounds agree on, else none. */
function dayOfBounds(file: DataFile, timeId: number): number | null {
  const { lower, upper } = timeBounds(file, timeId)
  if (lower === null || upper === null) return null
  return dayOf(lower) === dayOf(upper) ? dayOf(lower) : null
}

const dayOf = (micros: bigint): number => Math.floor(Number(micros / MICROS) / DAY_MS)

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
  const after = filter.to !== null && startOf(first) >= filter.to
  const before = filter.from !== null && startOf(last + 1) <= filter.from
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

/** Bounds in µs; where the writer gave none, those of the day. */
function timeBounds(file: DataFile, id: number): { lower: bigint | null; upper: bigint | null } {
  const { day } = file
  const ofDay = day === null ? null : { lower: startOf(day), upper: startOf(day + 1) - 1n }
  const read = (bytes: Uint8Array | undefined) => {
    const value = bytes === undefined ? null : fromSingleValue('timestamp', bytes)
    return typeof value === 'bigint' ? value : null
  }
  return {
    lower: read(file.lower.get(id)) ?? ofDay?.lower ?? null,
    upper: read(file.upper.get(id)) ?? ofDay?.upper ?? null,
  }
}

const startOf = (day: number): bigint => BigInt(day) * BigInt(DAY_MS) * MICROS

function specById(metadata: Metadata, id: number) {
  const spec = metadata['partition-specs'].find((one) => one['spec-id'] === id)
  if (spec !== undefined) return spec
  throw new Fault(
    'corrupt',
    `a manifest names partition spec ${id}, which the table does not have`,
    {
      remedy: 'The metadata document is damaged: roll the table back to an older one.',
    },
  )
}

const deleteFiles = (table: Table, manifest: ManifestFile): Fault =>
  new Fault(
    'invalid',
    `table ${table.name} has delete files, which ticklake does not read (${manifest.manifest_path})`,
    {
      remedy:
        'Another engine deleted or updated rows. Let it rewrite the files (Trino: ALTER TABLE … EXECUTE optimize; Spark: rewrite_data_files), or query the table there.',
    },
  )
