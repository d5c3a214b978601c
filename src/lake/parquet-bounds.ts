import { magnitudeMax, sortedTexts, type Batch } from '../duckdb/duckdb.ts'
import { assert, unreachable } from '../flow/fault.ts'
import type { Column, Field, Table } from '../market/tables.ts'
import type { DataFile } from './lake.ts'
import { lowerString, singleValue, upperString } from './iceberg/single-value.ts'

const DAY_US = 86_400_000_000

/** What one day's rows hold; fields[f] belongs to table.fields[f]. */
export type DayStatistics = {
  /** Days since 1970-01-01 UTC; null: rows without a time. */
  readonly day: number | null
  readonly rows: number
  readonly fields: readonly FieldStatistics[]
}
type FieldStatistics = {
  /** Rows that are not null, but for those of dictionaries. */
  values: number
  nans: number
  /** Of numbers but NaN, as they come: times in ms. */
  lowest: number
  highest: number
  /** How often each id of a dictionary came. */
  readonly texts: Map<readonly (string | null)[], Uint32Array>
  readonly constants: Set<string>
}

/** One pass over the rows, by day, the null day first. Exact: what a Parquet writer returns is cut and rounded. */
export function statistics(table: Table, batches: readonly Batch[]): readonly DayStatistics[] {
  const at = table.fields.findIndex(({ name }) => name === table.dayOf)
  const days = new Map<number | null, { rows: number; fields: FieldStatistics[] }>()
  for (const batch of batches) {
    const time = batch.columns[at]
    for (let first = 0; first < batch.count;) {
      const day = dayOf(time, first)
      let next = first + 1
      while (next < batch.count && dayOf(time, next) === day) next++
      const of = days.get(day) ?? { rows: 0, fields: table.fields.map(nothing) }
      days.set(day, of)
      of.rows += next - first
      table.fields.forEach((field, i) => {
        const [column, sums] = [batch.columns[i], of.fields[i]]
        assert(column !== undefined && sums !== undefined, `field ${field.name} has no column`)
        add(sums, column, { field, first, next })
      })
      first = next
    }
  }
  return [...days]
    .map(([day, of]) => ({ day, ...of }))
    .toSorted((a, b) => (a.day ?? Number.NEGATIVE_INFINITY) - (b.day ?? Number.NEGATIVE_INFINITY))
}

const nothing = (): FieldStatistics => ({
  values: 0,
  nans: 0,
  lowest: Number.POSITIVE_INFINITY,
  highest: Number.NEGATIVE_INFINITY,
  texts: new Map(),
  constants: new Set(),
})

/** The day that DuckDB finds too, which rounds times to whole µs. */
function dayOf(time: Column | undefined, row: number): number | null {
  assert(time?.kind === 'numbers' || time?.kind === 'constant', 'a time is a column of numbers')
  const isMissing = time.kind === 'numbers' && time.missing?.[row] === 1
  const ms = time.kind === 'numbers' ? (time.values[row] ?? 0) : time.value
  if (isMissing || typeof ms !== 'number' || !(Math.abs(ms) <= magnitudeMax('timestamp')))
    return null
  return Math.floor(Math.round(ms * 1000) / DAY_US)
}

type Stretch = { readonly field: Field; readonly first: number; readonly next: number }

/** Adds rows [first, next) of `column`. */
function add(sums: FieldStatistics, column: Column, stretch: Stretch): void {
  const { first, next } = stretch
  switch (column.kind) {
    case 'dictionary':
      countTexts(sums, column, stretch)
      break
    case 'numbers':
      addNumbers(sums, column, stretch)
      break
    case 'flags':
      addNumbers(sums, { values: column.values, missing: null }, stretch)
      break
    case 'bytes':
      for (const row of column.at.keys()) if (row >= first && row < next) sums.values += 1
      break
    case 'constant':
      if (column.value === null) break
      if (typeof column.value === 'string') {
        sums.values += next - first
        sums.constants.add(column.value)
      } else
        addNumbers(sums, same(column.value, stretch), { ...stretch, first: 0, next: next - first })
      break
    default:
      unreachable(column)
  }
}

const same = (value: number, { first, next }: Stretch): Numbers => ({
  values: new Float64Array(next - first).fill(value),
  missing: null,
})

type Texts = Pick<Extract<Column, { kind: 'dictionary' }>, 'ids' | 'values'>

function countTexts(sums: FieldStatistics, { ids, values }: Texts, { first, next }: Stretch): void {
  let counts = sums.texts.get(values)
  if (counts === undefined || counts.length < values.length) {
    // Batches of one decoder share the array, which grows.
    const longer = new Uint32Array(values.length)
    longer.set(counts ?? [])
    sums.texts.set(values, (counts = longer))
  }
  for (let row = first; row < next; row++) {
    const id = ids[row] ?? 0
    counts[id] = (counts[id] ?? 0) + 1
  }
}

type Numbers = { readonly values: Float64Array | Uint8Array; readonly missing: Uint8Array | null }

function addNumbers(
  sums: FieldStatistics,
  { values, missing }: Numbers,
  { field, first, next }: Stretch,
): void {
  const isDouble = field.type === 'double'
  const limit = magnitudeMax(field.type)
  let { lowest, highest } = sums
  let [count, nans] = [0, 0]
  for (let row = first; row < next; row++) {
    if (missing !== null && missing[row] === 1) continue
    const value = values[row] ?? 0
    if (Math.abs(value) <= limit) {
      count += 1
      if (value < lowest) lowest = value
      if (value > highest) highest = value
    } else if (isDouble) nans += 1
  }
  sums.values += count + nans
  sums.nans += nans
  sums.lowest = lowest
  sums.highest = highest
}

/** Counts and bounds as the manifest entry says them. */
export function boundsOf(
  table: Table,
  day: DayStatistics,
): Pick<DataFile, 'valueCounts' | 'nullCounts' | 'nanCounts' | 'lower' | 'upper'> {
  const valueCounts = new Map<number, number>()
  const nullCounts = new Map<number, number>()
  const nanCounts = new Map<number, number>()
  const lower = new Map<number, Uint8Array>()
  const upper = new Map<number, Uint8Array>()
  table.fields.forEach((field, i) => {
    const sums = day.fields[i]
    assert(sums !== undefined, `no statistics of field ${field.name}`)
    const texts = textsOf(sums)
    const values = sums.values + texts.count
    assert(
      !field.required || values === day.rows,
      `required field ${field.name} is null in ${day.rows - values} rows`,
    )
    valueCounts.set(field.id, day.rows)
    nullCounts.set(field.id, day.rows - values)
    if (field.type === 'double') nanCounts.set(field.id, sums.nans)
    if (!field.bounds) return
    const { lowest, highest } =
      field.type === 'string' ? textBounds(texts.present) : numberBounds(field, sums)
    if (lowest !== null) lower.set(field.id, lowest)
    if (highest !== null) upper.set(field.id, highest)
  })
  return { valueCounts, nullCounts, nanCounts, lower, upper }
}

type Present = { readonly count: number; readonly present: readonly string[] }

/** The texts that came from dictionaries, counted, and all texts that came. */
function textsOf({ texts, constants }: FieldStatistics): Present {
  const present = [...constants]
  let count = 0
  for (const [values, counts] of texts)
    counts.forEach((times, id) => {
      const value = values[id]
      if (times === 0 || typeof value !== 'string') return
      count += times
      present.push(value)
    })
  return { count, present }
}

type Bounds = { readonly lowest: Uint8Array | null; readonly highest: Uint8Array | null }

function textBounds(present: readonly string[]): Bounds {
  const sorted = sortedTexts(present.map((text) => text.toWellFormed()))
  const [lowest, highest] = [sorted.at(0), sorted.at(-1)]
  return {
    lowest: lowest === undefined ? null : lowerString(lowest),
    highest: highest === undefined ? null : upperString(highest),
  }
}

function numberBounds({ type }: Field, { lowest, highest }: FieldStatistics): Bounds {
  if (lowest > highest) return { lowest: null, highest: null }
  if (type === 'double')
    // Iceberg orders -0 before 0 while they are equal here: the lower bound of either is -0.
    return {
      lowest: singleValue(type, lowest === 0 ? -0 : lowest),
      highest: singleValue(type, highest === 0 ? 0 : highest),
    }
  // A fraction of a µs or of an integer is rounded in the file, so a bound gives way to both sides.
  const unit = type === 'timestamp' ? 1000 : 1
  return {
    lowest: singleValue(type, BigInt(Math.floor(lowest * unit))),
    highest: singleValue(type, BigInt(Math.ceil(highest * unit))),
  }
}
