import type { Connection, StagedRows } from '../duckdb/duckdb.ts'
import { assert } from '../flow/fault.ts'
import type { Field, Table } from '../market/tables.ts'
import type { Value } from '../query/query.ts'
import type { DataFile } from './lake.ts'
import { lowerString, singleValue, upperString } from './iceberg/single-value.ts'

/** What one day's rows hold, by field id. Bounds: a rank for texts, µs for timestamps, else the number itself. */
export type DayStatistics = {
  readonly day: number | null
  readonly rows: number
  readonly fields: ReadonlyMap<number, FieldStatistics>
}
type FieldStatistics = {
  readonly values: number
  readonly nans: number
  readonly lowest: Value
  readonly highest: Value
}

const COLUMNS_A_FIELD = 4

/** One pass over the staged rows: exact values, where the statistics that a writer returns are cut and rounded. */
export async function statistics(
  connection: Connection,
  table: Table,
  staged: StagedRows,
): Promise<readonly DayStatistics[]> {
  const dayField = table.fields.find(({ name }) => name === table.dayOf)
  assert(dayField !== undefined, `table ${table.name} has no field ${table.dayOf}`)
  const aggregates = table.fields.flatMap((field) => aggregatesOf(field, staged))
  const rows = await connection.all(
    `SELECT (${staged.value(dayField)})::DATE - DATE '1970-01-01', count(*), ${aggregates.join(', ')}
     FROM ${staged.name} GROUP BY 1 ORDER BY 1 NULLS FIRST`,
  )
  return rows.map(([day = null, count = 0n, ...cells]) => ({
    day: day === null ? null : Number(day),
    rows: Number(count),
    fields: new Map(
      table.fields.map((field, i): [number, FieldStatistics] => {
        const at = i * COLUMNS_A_FIELD
        const [values = 0n, nans = 0n, lowest = null, highest = null] = cells.slice(at)
        return [field.id, { values: Number(values), nans: Number(nans), lowest, highest }]
      }),
    ),
  }))
}

/** Count of values, count of NaN, lowest, highest. */
function aggregatesOf(field: Field, staged: StagedRows): readonly string[] {
  const raw = staged.raw(field)
  const within = (expression: string, filter: string) =>
    field.bounds
      ? [`min(${expression}) FILTER (${filter})`, `max(${expression}) FILTER (${filter})`]
      : ['NULL', 'NULL']
  if (field.type === 'string' || field.type === 'binary')
    return [`count(*) FILTER (${raw} > 0)`, '0', ...within(raw, `${raw} > 0`)]
  if (field.type === 'double') {
    const nan = `isnan(${raw})`
    return [`count(${raw})`, `count(*) FILTER (${nan})`, ...within(raw, `NOT ${nan}`)]
  }
  if (!field.bounds) return [`count(${raw})`, '0', 'NULL', 'NULL']
  const exact = (end: string) => staged.value(field, `${end}(${raw})`)
  const bound = (end: string) =>
    field.type === 'timestamp' ? `epoch_us(${exact(end)})` : exact(end)
  return [`count(${raw})`, '0', bound('min'), bound('max')]
}

/** Counts and bounds as the manifest entry says them. */
export function boundsOf(
  table: Table,
  staged: StagedRows,
  day: DayStatistics,
): Pick<DataFile, 'valueCounts' | 'nullCounts' | 'nanCounts' | 'lower' | 'upper'> {
  const valueCounts = new Map<number, number>()
  const nullCounts = new Map<number, number>()
  const nanCounts = new Map<number, number>()
  const lower = new Map<number, Uint8Array>()
  const upper = new Map<number, Uint8Array>()
  for (const field of table.fields) {
    const of = day.fields.get(field.id)
    assert(of !== undefined, `no statistics of field ${field.name}`)
    assert(
      !field.required || of.values === day.rows,
      `required field ${field.name} is null in ${day.rows - of.values} rows`,
    )
    valueCounts.set(field.id, day.rows)
    nullCounts.set(field.id, day.rows - of.values)
    if (field.type === 'double') nanCounts.set(field.id, of.nans)
    if (of.lowest === null || of.highest === null) continue
    lower.set(field.id, lowerBound(field, staged, of.lowest))
    const highest = upperBound(field, staged, of.highest)
    if (highest !== null) upper.set(field.id, highest)
  }
  return { valueCounts, nullCounts, nanCounts, lower, upper }
}

function lowerBound(field: Field, staged: StagedRows, lowest: Value): Uint8Array {
  if (field.type === 'string') return lowerString(textOf(field, staged, lowest))
  // Iceberg orders -0 before 0 while DuckDB holds them equal: the lower bound of either is -0.
  return singleValue(field.type, lowest === 0 && field.type === 'double' ? -0 : scalar(lowest))
}

function upperBound(field: Field, staged: StagedRows, highest: Value): Uint8Array | null {
  if (field.type === 'string') return upperString(textOf(field, staged, highest))
  return singleValue(field.type, highest === 0 ? 0 : scalar(highest))
}

function textOf(field: Field, staged: StagedRows, rank: Value): string {
  const text = staged.valueOf(field, Number(rank))
  assert(typeof text === 'string', `field ${field.name} has no text of rank ${Number(rank)}`)
  return text
}

function scalar(value: Value): number | bigint {
  assert(typeof value === 'number' || typeof value === 'bigint', 'a bound is not a number')
  return value
}
