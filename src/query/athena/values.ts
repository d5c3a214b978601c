import { blobText, decimalValue, timestampText } from '../engine-values.ts'
import type { ResultColumn, Value } from '../query.ts'
import type { ColumnShape } from './api.ts'

/** Types that are the same in our own engine, by the name that they have there. */
const NAMES: Readonly<Record<string, string>> = {
  varchar: 'VARCHAR',
  char: 'VARCHAR',
  string: 'VARCHAR', // of SHOW and DESCRIBE
  float: 'FLOAT', // Athena's word for real
  real: 'FLOAT',
  integer: 'INTEGER',
  varbinary: 'BLOB',
}

/** The type of a result column: DuckDB's name where it has the same, else Athena's in capitals. */
export function resultColumn({ name, type, precision, scale }: ColumnShape): ResultColumn {
  if (type === 'decimal') return { name, type: `DECIMAL(${precision},${scale})` }
  return { name, type: NAMES[type] ?? type.toUpperCase() }
}

type Read = (text: string) => Value

/**
 * How a column's values are read from Athena's text: bigint is bigint, other integers and floats are numbers,
 * DECIMAL is as `decimalValue` has it, timestamps are ISO in UTC, varbinary is text with `\x00`. A date, a
 * time, an interval, JSON and a UUID are Athena's text; so are an array, a map and a row, for that text
 * (`[a, b]`, `{k=v}`) quotes nothing and cannot be read back: CAST them AS JSON in the query to be sure.
 */
export function reader({ type, precision }: ColumnShape): Read {
  switch (type) {
    case 'boolean':
      return (text) => text.toLowerCase() === 'true'
    case 'tinyint':
    case 'smallint':
    case 'integer':
    case 'int':
    case 'float':
    case 'real':
    case 'double':
      return Number // also of NaN, Infinity and -Infinity
    case 'bigint':
      return BigInt
    case 'decimal':
      return (text) => decimalValue(text, precision)
    case 'timestamp':
    case 'timestamp with time zone':
      return timestampText
    case 'varbinary':
      return bytesText
    default:
      return (text) => text
  }
}

/** `66 6f 6f`, as Athena shows bytes. */
function bytesText(text: string): Value {
  const hex = text.replaceAll(/\s/g, '')
  return /^(?:[0-9a-f]{2})*$/i.test(hex) ? blobText(Buffer.from(hex, 'hex')) : text
}
