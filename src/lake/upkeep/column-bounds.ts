import { sqlName, type Connection } from '../../duckdb/duckdb.ts'
import { assert } from '../../flow/fault.ts'
import type { Value } from '../../query/query.ts'
import { lowerString, singleValue, upperString } from '../iceberg/single-value.ts'
import type { DataFile } from '../lake.ts'
import type { RewriteColumn } from './rewriter.ts'

export type ColumnFacts = Pick<
  DataFile,
  'rows' | 'valueCounts' | 'nullCounts' | 'nanCounts' | 'lower' | 'upper'
>

// For each column: values, NaNs, least and greatest.
const FACTS = 4

/** Counts and bounds of every column of a relation, as a manifest entry says them; read from the file itself. */
export async function columnFacts(
  connection: Connection,
  columns: readonly RewriteColumn[],
  relation: string,
): Promise<ColumnFacts> {
  const facts = columns.flatMap(factsSql)
  const [row = []] = await connection.all(`SELECT count(*), ${facts.join(', ')} FROM ${relation}`)
  const rows = Number(row[0])
  const valueCounts = new Map<number, number>()
  const nullCounts = new Map<number, number>()
  const nanCounts = new Map<number, number>()
  const lower = new Map<number, Uint8Array>()
  const upper = new Map<number, Uint8Array>()
  columns.forEach((column, i) => {
    const [values, nans, least, greatest] = row.slice(1 + i * FACTS, 1 + (i + 1) * FACTS)
    valueCounts.set(column.id, rows)
    nullCounts.set(column.id, rows - Number(values))
    if (isFloat(column)) nanCounts.set(column.id, Number(nans))
    const bounds = boundsOf(column, least ?? null, greatest ?? null)
    if (bounds.least !== null) lower.set(column.id, bounds.least)
    if (bounds.greatest !== null) upper.set(column.id, bounds.greatest)
  })
  return { rows, valueCounts, nullCounts, nanCounts, lower, upper }
}

const isFloat = ({ type }: RewriteColumn): boolean => type === 'DOUBLE' || type === 'FLOAT'

function factsSql(column: RewriteColumn): readonly string[] {
  const name = sqlName(column.name)
  const nans = isFloat(column) ? `count(*) FILTER (isnan(${name}))` : '0'
  if (!column.bounds) return [`count(${name})`, nans, 'NULL', 'NULL']
  const numbers = isFloat(column) ? ` FILTER (NOT isnan(${name}))` : ''
  const value = (extreme: string) => {
    const found = `${extreme}(${name})${numbers}`
    return column.type === 'TIMESTAMP' ? `epoch_us(${found})` : found
  }
  return [`count(${name})`, nans, value('min'), value('max')]
}

type Bounds = { readonly least: Uint8Array | null; readonly greatest: Uint8Array | null }

/** As Iceberg single values; null: there is none. */
function boundsOf({ type, bounds }: RewriteColumn, least: Value, greatest: Value): Bounds {
  if (!bounds || least === null || greatest === null) return { least: null, greatest: null }
  if (typeof least === 'string' && typeof greatest === 'string')
    return { least: lowerString(least), greatest: upperString(greatest) }
  const as = BOUND_TYPES[type]
  assert(as !== undefined, `no bounds are made of ${type}`)
  return { least: number(as, least, -0), greatest: number(as, greatest, 0) }
}

const BOUND_TYPES: Readonly<Record<string, 'int' | 'long' | 'timestamp' | 'double'>> = {
  INTEGER: 'int',
  BIGINT: 'long',
  TIMESTAMP: 'timestamp',
  DOUBLE: 'double',
}

/** Iceberg orders -0 before 0 while they are equal here: a bound at zero takes the one that holds for both. */
function number(as: 'int' | 'long' | 'timestamp' | 'double', value: Value, zero: number) {
  assert(
    typeof value === 'number' || typeof value === 'bigint',
    `a bound of type ${as} is a number`,
  )
  return singleValue(as, as === 'double' && value === 0 ? zero : value)
}
