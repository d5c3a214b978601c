import { blobText, decimalValue, timestampText } from '../engine-values.ts'
import type { Value } from '../query.ts'

/** A type as Trino's protocol describes it (`typeSignature` of a column). */
export type TypeSignature = {
  readonly rawType: string
  readonly arguments: readonly TypeArgument[]
}
/** A length or precision, a type, or a named type; by the protocol `value` is of the `kind`. */
export type TypeArgument = { readonly kind: string; readonly value: unknown }

export type Column = {
  readonly name: string
  readonly type: string
  readonly typeSignature: TypeSignature
}

type Read = (json: unknown) => Value

/** Types that are the same in our own engine, by the name that they have there. */
const NAMES: Readonly<Record<string, string>> = {
  varchar: 'VARCHAR',
  char: 'VARCHAR',
  real: 'FLOAT',
  time: 'TIME',
  varbinary: 'BLOB',
  timestamp: 'TIMESTAMP',
  'timestamp with time zone': 'TIMESTAMP WITH TIME ZONE',
}

/** The type of a result column: DuckDB's name where it has the same, else Trino's, in capitals but for nested ones. */
export function typeName({ type, typeSignature: { rawType } }: Column): string {
  if (['array', 'map', 'row'].includes(rawType)) return type // field names are as they are
  return NAMES[rawType] ?? type.toUpperCase().replace(', ', ',')
}

/**
 * How values of a type are read from the protocol's JSON, where integers beyond 2^53 are bigint already:
 * bigint is bigint, other numbers are numbers, DECIMAL is as `decimalValue` has it, timestamps are ISO in UTC,
 * varbinary is text with `\x00`, an array is an array, a map an array of {key, value}, a row an object; a
 * date, a time, an interval, a UUID, JSON and all else is Trino's text.
 */
export function reader(type: TypeSignature): Read {
  const read = notNull(type)
  return (json) => (json === null || json === undefined ? null : read(json))
}

function notNull({ rawType, arguments: args }: TypeSignature): Read {
  switch (rawType) {
    case 'boolean':
      return (json) => json === true || json === 'true' // the keys of a map are texts
    case 'tinyint':
    case 'smallint':
    case 'integer':
    case 'real':
    case 'double':
      return Number
    case 'bigint':
      return (json) => BigInt(String(json))
    case 'decimal': {
      const precision = Number(args[0]?.value)
      return (json) => decimalValue(String(json), precision)
    }
    case 'varbinary':
      return (json) => blobText(Buffer.from(String(json), 'base64'))
    case 'timestamp':
    case 'timestamp with time zone':
      return (json) => timestampText(String(json))
    case 'array':
      return arrayReader(typeOf(args[0]))
    case 'map':
      return mapReader(typeOf(args[0]), typeOf(args[1]))
    case 'row':
      return rowReader(args)
    default:
      return (json) => (typeof json === 'string' ? json : JSON.stringify(json))
  }
}

function arrayReader(element: TypeSignature): Read {
  const read = reader(element)
  return (json) => listOf(json).map((item) => read(item))
}

function mapReader(keyType: TypeSignature, valueType: TypeSignature): Read {
  const key = reader(keyType)
  const value = reader(valueType)
  return (json) =>
    Object.entries(json as object).map(([name, item]: [string, unknown]) => ({
      key: key(name),
      value: value(item),
    }))
}

/** A field without a name is `field0`, `field1`, … by its place. */
function rowReader(args: readonly TypeArgument[]): Read {
  const fields = args.map((argument, i) => ({
    name: nameOf(argument) ?? `field${i}`,
    read: reader(typeOf(argument)),
  }))
  return (json) => {
    const items = listOf(json)
    return Object.fromEntries(fields.map(({ name, read }, i) => [name, read(items[i])]))
  }
}

const listOf = (json: unknown): readonly unknown[] => (Array.isArray(json) ? json : [])

const UNKNOWN: TypeSignature = { rawType: 'unknown', arguments: [] }

function typeOf(argument: TypeArgument | undefined): TypeSignature {
  if (argument === undefined) return UNKNOWN
  if (argument.kind === 'TYPE') return argument.value as TypeSignature
  if (argument.kind === 'NAMED_TYPE')
    return (argument.value as { readonly typeSignature: TypeSignature }).typeSignature
  return UNKNOWN
}

function nameOf({ kind, value }: TypeArgument): string | undefined {
  if (kind !== 'NAMED_TYPE') return undefined
  return (value as { readonly fieldName?: { readonly name?: string } | null }).fieldName?.name
}
