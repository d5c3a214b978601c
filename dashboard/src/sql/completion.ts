import type { SchemaAnswer } from '../../../src/serve/contract/sql.ts'
import { codeOf } from './statements.ts'

type Table = SchemaAnswer['tables'][number]

/** Something that may be written; `call`: brackets follow it. */
export type Option = {
  readonly label: string
  readonly kind: 'table' | 'column' | 'function'
  readonly detail: string
  readonly info: string
  readonly apply: string
}

/** Names that need no quotes. */
const PLAIN = /^[a-z_][a-z0-9_]*$/

/** As it is written in a statement. */
export const quoted = (name: string): string =>
  PLAIN.test(name) ? name : `"${name.replaceAll('"', '""')}"`

const NOT_ALIAS =
  /^(?:where|group|order|limit|join|left|right|inner|full|cross|on|using|asof|positional|semi|anti|natural|having|qualify|window|union|except|intersect|tablesample|offset|pivot|unpivot|as|select|from|lateral)$/i

/** The relations that a statement reads, by the names that it uses for them. */
export function aliasesOf(statement: string, schema: SchemaAnswer): ReadonlyMap<string, Table> {
  const found = new Map<string, Table>()
  const mention =
    /\b(?:from|join)\s+"?(\w+)"?(\s*\((?:[^()]|\([^()]*\))*\))?(?:\s+(?:as\s+)?(\w+))?/gi
  const code = codeOf(statement)
  const commas = /,\s*"?(\w+)"?()(?:\s+(?:as\s+)?(\w+))?/gi
  for (const [, name = '', , alias] of [...code.matchAll(mention), ...code.matchAll(commas)]) {
    const table = tableOf(name.toLowerCase(), schema)
    if (table === undefined) continue
    found.set(
      alias === undefined || NOT_ALIAS.test(alias) ? name.toLowerCase() : alias.toLowerCase(),
      table,
    )
  }
  return found
}

/** `bars('5m')` has the columns of bars_1m. */
const tableOf = (name: string, { tables }: SchemaAnswer): Table | undefined =>
  tables.find((table) => table.name === (name === 'bars' ? 'bars_1m' : name))

const columnOptions = (table: Table): readonly Option[] =>
  table.columns.map(({ name, type, about }) => ({
    label: name,
    kind: 'column',
    detail: `${type} · ${table.name}`,
    info: about,
    apply: quoted(name),
  }))

/** The columns behind `alias.`; null: it is no relation of the statement. */
export function columnsBehind(
  alias: string,
  statement: string,
  schema: SchemaAnswer,
): readonly Option[] | null {
  const name = alias.toLowerCase()
  const table = aliasesOf(statement, schema).get(name) ?? tableOf(name, schema)
  return table === undefined ? null : columnOptions(table)
}

/** What may stand anywhere: the columns of the relations that are read first, each name once. */
export function optionsFor(statement: string, schema: SchemaAnswer): readonly Option[] {
  const read = [...new Set(aliasesOf(statement, schema).values())]
  const columns = read.flatMap(columnOptions)
  const once = columns.filter(
    ({ label }, i) => columns.findIndex((other) => other.label === label) === i,
  )
  return [...once, ...tableOptions(schema), ...functionOptions(schema)]
}

const tableOptions = ({ tables }: SchemaAnswer): readonly Option[] =>
  tables.map(({ name, about, columns }) => ({
    label: name,
    kind: 'table',
    detail: `${columns.length} columns`,
    info: about,
    apply: quoted(name),
  }))

const functionOptions = ({ functions }: SchemaAnswer): readonly Option[] =>
  functions.map(({ name, call, about }) => ({
    label: name,
    kind: 'function',
    detail: call.slice(name.length),
    info: about,
    apply: `${name}()`,
  }))
