import { assert, unreachable } from '../flow/fault.ts'
import type { Field, Rows, Table } from '../market/tables.ts'
import type { AppendColumn, Connection } from './duckdb.ts'
import { DUCKDB_TYPES, sqlName } from './sql.ts'
import { mergeNumbers, mergeText, type NumberColumn, type TextColumn } from './merge.ts'

// A list constant is built anew for every 2048 rows; past this size a join with a table costs less.
const LIST_VALUES_MAX = 16_384

/**
 * Rows in a temporary table as fixed-width numbers: texts and bytes by rank (0 is null; ranks of texts sort as
 * the texts), times as milliseconds. Expressions are over that table.
 */
export type StagedRows = AsyncDisposable & {
  readonly name: string
  readonly rows: number
  /** The field's rank, or its number (null where it is missing; times in ms). */
  raw(field: Field): string
  /** The value with its type of a raw expression (by itself the field's): not for texts, which only `select` puts in. */
  value(field: Field, raw?: string): string
  /** The value that a rank of a text or binary field stands for. */
  valueOf(field: Field, rank: number): string | Uint8Array | null
  /** A SELECT of the rows with the table's names and types; `orderBy` sorts ascending, nulls first. */
  select(how?: { readonly where?: string; readonly orderBy?: readonly string[] }): string
}

type Staged = { readonly field: Field; readonly at: string } & (TextColumn | NumberColumn)

/** Appends `batches` as numbers and their dictionaries beside them; `name` is unique in the session. */
export async function stageRows(
  connection: Connection,
  table: Table,
  { batches, name }: { readonly batches: readonly Rows[]; readonly name: string },
): Promise<StagedRows> {
  const staged = table.fields.map((field, i): Staged => {
    const { type } = field
    const text = type === 'string' || type === 'binary'
    return {
      field,
      at: `c${i}`,
      ...(text ? mergeText(batches, i) : mergeNumbers(batches, i, type)),
    }
  })
  const rows = batches.reduce((sum, batch) => sum + batch.count, 0)
  const columns = staged.flatMap(columnsOf)
  const definitions = columns.map(({ at, column }) => `${at} ${column.type}`).join(', ')
  await connection.run(`CREATE TEMP TABLE ${name} (${definitions})`)
  await connection.append(
    name,
    columns.map(({ column }) => column),
    rows,
  )
  for (const column of staged) await stageDictionary(connection, name, column)
  const byName = new Map(staged.map((column) => [column.field.name, column]))
  const find = (fieldName: string): Staged => {
    const column = byName.get(fieldName)
    assert(column !== undefined, `no field ${fieldName} in ${table.name}`)
    return column
  }
  return {
    name,
    rows,
    raw: (field) => rawOf(find(field.name)),
    value: (field, raw = rawOf(find(field.name))) => numberSql(field, raw),
    valueOf: (field, rank) => {
      const column = find(field.name)
      return column.kind === 'text' ? (column.values[rank] ?? null) : null
    },
    select: ({ where, orderBy = [] } = {}) => {
      const order = orderBy
        .map(find)
        .filter(({ only }) => only === null)
        .map((column) => `${rawOf(column)} NULLS FIRST`)
      return selectText({ name, staged, where, order })
    },
    [Symbol.asyncDispose]: () => drop(connection, name, staged),
  }
}

type Appended = { readonly at: string; readonly column: AppendColumn }

function columnsOf(staged: Staged): readonly Appended[] {
  const { at } = staged
  if (staged.only !== null) return []
  if (staged.kind === 'text') return [{ at, column: { type: 'UINTEGER', fill: staged.fill } }]
  const values: Appended = { at, column: { type: 'DOUBLE', fill: staged.fill } }
  if (staged.fillMissing === null) return [values]
  return [values, { at: `${at}_missing`, column: { type: 'UTINYINT', fill: staged.fillMissing } }]
}

const rawOf = (staged: Staged): string => {
  const { at } = staged
  if (staged.kind === 'text') return staged.only === null ? at : `${staged.only}::UINTEGER`
  if (staged.only !== null) return `${numberText(staged.only.value)}::DOUBLE`
  return staged.fillMissing === null ? at : `CASE WHEN ${at}_missing = 0 THEN ${at} END`
}

/** A number as SQL: `'Infinity'` and `'NaN'` are words, and -0 keeps its sign. */
const numberText = (value: number | null): string =>
  value === null ? 'NULL' : `'${Object.is(value, -0) ? '-0.0' : value}'`

/** Whether the values are a table to join with, rather than a list in a variable. */
const joins = (staged: Staged): boolean =>
  staged.kind === 'text' &&
  staged.only === null &&
  (staged.field.type === 'binary' || staged.values.length > LIST_VALUES_MAX)

async function stageDictionary(connection: Connection, name: string, staged: Staged) {
  if (staged.kind !== 'text' || staged.values.length === 1) return
  const { values, field, at } = staged
  const dictionary = `${name}_${at}`
  await connection.run(
    `CREATE TEMP TABLE ${dictionary} (id UINTEGER, v ${DUCKDB_TYPES[field.type]})`,
  )
  const ids: AppendColumn = {
    type: 'UINTEGER',
    fill: (into, first) => {
      for (let i = 0; i < into.length; i++) into[i] = first + i
    },
  }
  const blob = (value: unknown) => (value instanceof Uint8Array ? value : null)
  const text = (value: unknown) => (typeof value === 'string' ? value : null)
  const column: AppendColumn =
    field.type === 'binary'
      ? { type: 'BLOB', at: (row) => blob(values[row]) }
      : { type: 'VARCHAR', at: (row) => text(values[row]) }
  await connection.append(dictionary, [ids, column], values.length)
  if (joins(staged)) return
  await connection.run(
    `SET VARIABLE ${dictionary} = (SELECT list(v ORDER BY id) FROM ${dictionary})`,
  )
}

async function drop(connection: Connection, name: string, staged: readonly Staged[]) {
  const statements = staged.flatMap((column) => {
    if (column.kind !== 'text' || column.values.length === 1) return []
    const dictionary = `${name}_${column.at}`
    const table = `DROP TABLE ${dictionary}`
    return joins(column) ? [table] : [table, `RESET VARIABLE ${dictionary}`]
  })
  await connection.run([`DROP TABLE ${name}`, ...statements].join('; '))
}

type Selecting = {
  readonly name: string
  readonly staged: readonly Staged[]
  readonly where: string | undefined
  readonly order: readonly string[]
}

/** Sorts the narrow rows before the texts go in, except where a join would mix the order again. */
function selectText({ name, staged, where, order }: Selecting): string {
  const columns = staged
    .map((column) => `${valueSql(name, column)} AS ${sqlName(column.field.name)}`)
    .join(', ')
  const filter = where === undefined ? '' : ` WHERE ${where}`
  const sort = order.length === 0 ? '' : ` ORDER BY ${order.join(', ')}`
  const joined = staged.filter(joins)
  if (joined.length === 0) return `SELECT ${columns} FROM (SELECT * FROM ${name}${filter}${sort})`
  const tables = joined.map(({ at }) => ` JOIN ${name}_${at} ON ${at} = ${name}_${at}.id`)
  return `SELECT ${columns} FROM ${name}${tables.join('')}${filter}${sort}`
}

function valueSql(name: string, staged: Staged): string {
  if (staged.kind !== 'text') return numberSql(staged.field, rawOf(staged))
  if (staged.values.length === 1) return `NULL::${DUCKDB_TYPES[staged.field.type]}`
  const dictionary = `${name}_${staged.at}`
  return joins(staged) ? `${dictionary}.v` : `getvariable('${dictionary}')[${rawOf(staged)} + 1]`
}

function numberSql(field: Field, raw: string): string {
  switch (field.type) {
    case 'timestamp':
      return `make_timestamp(CAST(${raw} * 1000 AS BIGINT))`
    case 'double':
      return raw
    case 'boolean':
      return `(${raw} <> 0)`
    case 'int':
    case 'long':
      return `CAST(${raw} AS ${DUCKDB_TYPES[field.type]})`
    case 'string':
    case 'binary':
      return assertNever(field)
    default:
      return unreachable(field.type)
  }
}

const assertNever = (field: Field): never => {
  assert(false, `field ${field.name} of type ${field.type} is not staged as numbers`)
}
