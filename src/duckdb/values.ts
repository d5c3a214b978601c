import type { DuckDBDataChunk, DuckDBType, DuckDBValue } from '@duckdb/node-api'
import type { Value } from '../query/query.ts'
import type { Api } from './duckdb.ts'

// A double holds every decimal of this many digits and gives it back unchanged.
const DOUBLE_DIGITS = 15

/**
 * A chunk as rows. Integers to 32 bits and floats are numbers; 64 bits and wider are bigints; a DECIMAL is a
 * number where its type has at most 15 digits, else its exact text; timestamps are ISO text in UTC, with µs
 * only where they are not zero; a BLOB is its printable ASCII, all else as `\x00`; a LIST is an array, a STRUCT an object, a MAP an array of {key, value}; all else is DuckDB's text.
 */
export function batchOf(
  api: Api,
  chunk: DuckDBDataChunk,
  types: readonly DuckDBType[],
): readonly (readonly Value[])[] {
  const rows: Value[][] = Array.from({ length: chunk.rowCount }, () => [])
  types.forEach((type, column) => {
    const vector = chunk.getColumnVector(column)
    const plain = isPlain(api, type)
    rows.forEach((row, i) => {
      const value = vector.getItem(i)
      row.push(plain ? (value as Value) : valueOf(api, value, type))
    })
  })
  return rows
}

const PLAIN = new Set(
  (
    'BOOLEAN VARCHAR ENUM FLOAT DOUBLE TINYINT SMALLINT INTEGER BIGINT HUGEINT ' +
    'UTINYINT USMALLINT UINTEGER UBIGINT UHUGEINT BIGNUM'
  ).split(' '),
)

/** Whether the package gives values of this type as they shall be. */
const isPlain = ({ DuckDBTypeId }: Api, { typeId }: DuckDBType): boolean =>
  PLAIN.has(DuckDBTypeId[typeId] ?? '')

function valueOf(api: Api, value: DuckDBValue, type: DuckDBType): Value {
  if (value === null || typeof value !== 'object') return value
  const nested = nestedOf(api, value, type)
  if (nested !== undefined) return nested
  if (value instanceof api.DuckDBDecimalValue)
    return value.width <= DOUBLE_DIGITS ? Number(value.toString()) : value.toString()
  if (value instanceof api.DuckDBTimestampValue || value instanceof api.DuckDBTimestampTZValue)
    return value.isFinite ? isoText(value.micros) : String(value)
  if (value instanceof api.DuckDBTimestampSecondsValue)
    return value.isFinite ? isoText(value.seconds * 1_000_000n) : String(value)
  if (value instanceof api.DuckDBTimestampMillisecondsValue)
    return value.isFinite ? isoText(value.millis * 1000n) : String(value)
  if (value instanceof api.DuckDBBlobValue) return blobText(value.bytes)
  return String(value)
}

/** As SQL takes it back by `'…'::BLOB`. */
const blobText = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString('latin1')
    .replaceAll(/[^ -[\]-~]/g, (byte) => {
      const hex = byte.charCodeAt(0).toString(16).toUpperCase()
      return `\\x${hex.padStart(2, '0')}`
    })

function nestedOf(api: Api, value: DuckDBValue, type: DuckDBType): Value | undefined {
  if (value instanceof api.DuckDBListValue && type instanceof api.DuckDBListType)
    return value.items.map((item) => valueOf(api, item, type.valueType))
  if (value instanceof api.DuckDBArrayValue && type instanceof api.DuckDBArrayType)
    return value.items.map((item) => valueOf(api, item, type.valueType))
  if (value instanceof api.DuckDBStructValue && type instanceof api.DuckDBStructType)
    return Object.fromEntries(
      type.entryNames.map((name, i) => {
        const entry = type.entryTypes[i]
        const item = value.entries[name] ?? null
        return [name, entry === undefined ? String(item) : valueOf(api, item, entry)]
      }),
    )
  if (value instanceof api.DuckDBMapValue && type instanceof api.DuckDBMapType)
    return value.entries.map((entry) => ({
      key: valueOf(api, entry.key, type.keyType),
      value: valueOf(api, entry.value, type.valueType),
    }))
  return undefined
}

// Date holds this many milliseconds on either side of 1970.
const DATE_MS_MAX = 8_640_000_000_000_000n

/** `2026-11-23T12:00:00.123Z`; six digits where the microseconds are not zero. */
function isoText(micros: bigint): string {
  const below = ((micros % 1000n) + 1000n) % 1000n
  const ms = (micros - below) / 1000n
  if (ms > DATE_MS_MAX || ms < -DATE_MS_MAX) return `${micros} µs since 1970`
  const text = new Date(Number(ms)).toISOString()
  return below === 0n ? text : `${text.slice(0, -1)}${String(below).padStart(3, '0')}Z`
}
