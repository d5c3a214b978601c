import { assert, unreachable } from '../flow/fault.ts'
import type { Field, Table } from '../market/tables.ts'
import type { AppendColumn, Connection } from './duckdb.ts'
import {
  mergeBytes,
  mergeNumbers,
  mergeText,
  type Batch,
  type BytesColumn,
  type NumberColumn,
  type TextColumn,
} from './merge.ts'
import { DUCKDB_TYPES, sqlName, sqlText } from './sql.ts'

/**
 * Rows in a temporary table of fixed-width columns: texts as ENUMs that sort as the texts do, bytes by number,
 * times as milliseconds. A column whose rows are all the same is not in the table but in each SELECT.
 */
export type StagedRows = AsyncDisposable & {
  readonly rows: number
  /** A SELECT of the rows with the table's names and types. */
  select(how?: Selection): string
}

export type Selection = {
  /** Rows whose time `of` lies on that UTC day, days since 1970-01-01; null: those without a time. */
  readonly onDay?: { readonly of: string; readonly day: number | null }
  /** Ascending, nulls first. */
  readonly orderBy?: readonly string[]
  /**
   * Texts of at most so many different values come as ENUM, not as VARCHAR: a Parquet file then takes all the
   * values as its dictionary instead of making one. By default 0.
   */
  readonly enumValuesMax?: number
}

type Staged = { readonly field: Field; readonly at: string } & (
  | NumberColumn
  | TextColumn
  | JoinedColumn
)
/** Values that stand in a table of their own: bytes, and texts that an ENUM cannot hold. */
type JoinedColumn = Omit<BytesColumn | TextColumn, 'kind'> & { readonly kind: 'joined' }

/** Appends `batches`; `name` is unique in the session. */
export async function stageRows(
  connection: Connection,
  table: Table,
  { batches, name }: { readonly batches: readonly Batch[]; readonly name: string },
): Promise<StagedRows> {
  const staged = table.fields.map((field, i): Staged => {
    const at = `c${i}`
    if (field.type === 'string') return { field, at, ...storable(mergeText(batches, i)) }
    if (field.type === 'binary') return { field, at, ...mergeBytes(batches, i), kind: 'joined' }
    return { field, at, ...mergeNumbers(batches, i, field.type) }
  })
  const rows = batches.reduce((sum, batch) => sum + batch.count, 0)
  // A table has at least one column, also where every row is the same.
  const one: AppendColumn = { type: 'UTINYINT', fill: (into) => into.fill(1) }
  const columns = [{ at: 'one', column: one }, ...staged.flatMap(columnsOf)]
  const definitions = columns.map(({ at, column }) => `${at} ${typeSql(column)}`).join(', ')
  await connection.run(`CREATE TEMP TABLE ${name} (${definitions})`)
  await connection.append(
    name,
    columns.map(({ column }) => column),
    rows,
  )
  const joined = staged.filter(joins)
  for (const column of joined) await stageValues(connection, name, column)
  const find = (fieldName: string): Staged => {
    const column = staged.find(({ field }) => field.name === fieldName)
    assert(column !== undefined, `no field ${fieldName} in ${table.name}`)
    return column
  }
  return {
    rows,
    select: ({ onDay, orderBy = [], enumValuesMax = 0 } = {}) =>
      selectText({
        name,
        staged,
        where: onDay === undefined ? null : dayFilter(find(onDay.of), onDay.day),
        order: orderBy.map(find).filter(({ only }) => only === null),
        enumValuesMax,
      }),
    [Symbol.asyncDispose]: async () => {
      const names = [name, ...joined.map(({ at }) => `${name}_${at}`)]
      await connection.run(names.map((each) => `DROP TABLE ${each}`).join('; '))
    },
  }
}

/** A NUL ends a text on its way into an ENUM's values and into a statement. */
const storable = (column: TextColumn): TextColumn | JoinedColumn =>
  column.values.some((value) => value.includes('\0'))
    ? { ...column, kind: 'joined', only: null }
    : column

type Joined = Extract<Staged, { kind: 'joined' }>
const joins = (staged: Staged): staged is Joined => staged.kind === 'joined' && staged.only === null

type Appended = { readonly at: string; readonly column: AppendColumn }

function columnsOf(staged: Staged): readonly Appended[] {
  const { at, only, fillMissing } = staged
  if (only !== null) return []
  const values: Appended = { at, column: valueColumn(staged) }
  if (fillMissing === null) return [values]
  return [values, { at: `${at}_missing`, column: { type: 'UTINYINT', fill: fillMissing } }]
}

function valueColumn(staged: Staged): AppendColumn {
  switch (staged.kind) {
    case 'number':
      return { type: 'DOUBLE', fill: staged.fill }
    case 'text':
      return { type: 'ENUM', values: staged.values, fill: staged.fill }
    case 'joined':
      return { type: 'UINTEGER', fill: staged.fill }
    default:
      return unreachable(staged)
  }
}

const typeSql = (column: AppendColumn): string =>
  column.type === 'ENUM' ? enumSql(column.values) : column.type
const enumSql = (values: readonly string[]): string => `ENUM(${values.map(sqlText).join(', ')})`

async function stageValues(
  connection: Connection,
  name: string,
  { at, field, values }: Joined,
): Promise<void> {
  await connection.run(
    `CREATE TEMP TABLE ${name}_${at} (id UINTEGER, v ${DUCKDB_TYPES[field.type]})`,
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
  await connection.append(`${name}_${at}`, [ids, column], values.length)
}

type Selecting = {
  readonly name: string
  readonly staged: readonly Staged[]
  readonly where: string | null
  readonly order: readonly Staged[]
  readonly enumValuesMax: number
}

/** Sorts the narrow rows before values are computed, except where a join would mix the order again. */
function selectText({ name, staged, where, order, enumValuesMax }: Selecting): string {
  const columns = staged
    .map((column) => `${valueSql(name, column, enumValuesMax)} AS ${sqlName(column.field.name)}`)
    .join(', ')
  const filter = where === null ? '' : ` WHERE ${where}`
  const keys = order.map((column) => `${presentSql(column, column.at)} NULLS FIRST`)
  const sort = keys.length === 0 ? '' : ` ORDER BY ${keys.join(', ')}`
  const joined = staged.filter(joins)
  if (joined.length === 0) return `SELECT ${columns} FROM (SELECT * FROM ${name}${filter}${sort})`
  const tables = joined.map(({ at }) => ` LEFT JOIN ${name}_${at} ON ${at} = ${name}_${at}.id`)
  return `SELECT ${columns} FROM ${name}${tables.join('')}${filter}${sort}`
}

function valueSql(name: string, staged: Staged, enumValuesMax: number): string {
  const { at, only, field } = staged
  switch (staged.kind) {
    case 'number':
      return numberSql(field, only === null ? presentSql(staged, at) : numberText(staged.only))
    case 'joined':
      return only === null
        ? presentSql(staged, `${name}_${at}.v`)
        : `NULL::${DUCKDB_TYPES[field.type]}`
    case 'text': {
      const { values } = staged
      const type = values.length <= enumValuesMax && values.length > 0 ? enumSql(values) : 'VARCHAR'
      if (staged.only === null)
        return presentSql(staged, type === 'VARCHAR' ? `${at}::VARCHAR` : at)
      const { value } = staged.only
      return `${value === null ? 'NULL' : sqlText(value)}::${type}`
    }
    default:
      return unreachable(staged)
  }
}

/** `expression` where the row has a value, else null. */
const presentSql = ({ at, fillMissing }: Staged, expression: string): string =>
  fillMissing === null ? expression : `CASE WHEN ${at}_missing = 0 THEN ${expression} END`

/** A number as SQL: `'Infinity'` and `'NaN'` are words, and -0 keeps its sign. */
function numberText(only: NumberColumn['only']): string {
  const value = only?.value ?? null
  return `${value === null ? 'NULL' : `'${Object.is(value, -0) ? '-0.0' : value}'`}::DOUBLE`
}

function numberSql(field: Field, number: string): string {
  switch (field.type) {
    case 'timestamp':
      return `make_timestamp(CAST(${number} * 1000 AS BIGINT))`
    case 'double':
      return number
    case 'boolean':
      return `(${number} <> 0)`
    case 'int':
    case 'long':
      return `CAST(${number} AS ${DUCKDB_TYPES[field.type]})`
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

function dayFilter(staged: Staged, day: number | null): string {
  const { field, at, only } = staged
  assert(staged.kind === 'number' && field.type === 'timestamp', `${field.name} is not a time`)
  const time = numberSql(field, only === null ? presentSql(staged, at) : numberText(staged.only))
  if (day === null) return `${time} IS NULL`
  const midnight = (d: number) => `make_timestamp(${BigInt(d) * 86_400_000_000n})`
  return `${time} >= ${midnight(day)} AND ${time} < ${midnight(day + 1)}`
}
