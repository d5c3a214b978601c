import { Fault, unreachable } from '../../flow/fault.ts'
import type { FieldType } from '../../market/tables.ts'

/** A value as bounds carry it. A `timestamp` is µs since 1970 UTC; ints, longs and timestamps may be number or bigint. */
export type SingleValue = string | number | bigint | boolean | Uint8Array

// String bounds longer than this many code points are cut: manifests stay small, and it is what other writers use.
export const BOUND_CODE_POINTS_MAX = 16
const CODE_POINT_MAX = 0x10ffff
const SURROGATES = { first: 0xd800, next: 0xe000 } as const

const utf8 = new TextEncoder()
const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Iceberg v2 specification, appendix D, "Binary single-value serialization": little-endian numbers, UTF-8
 * text, bytes as they are. Throws `bug` when `value` is not of `type`.
 */
export function singleValue(type: FieldType, value: SingleValue): Uint8Array {
  switch (type) {
    case 'string':
      if (typeof value === 'string') return utf8.encode(value)
      break
    case 'boolean':
      if (typeof value === 'boolean') return Uint8Array.of(value ? 1 : 0)
      break
    case 'binary':
      if (value instanceof Uint8Array) return value
      break
    case 'int':
      if (typeof value === 'number' || typeof value === 'bigint')
        return fixed(4, (view) => view.setInt32(0, Number(value), true))
      break
    case 'long':
    case 'timestamp':
      if (typeof value === 'number' || typeof value === 'bigint')
        return fixed(8, (view) => view.setBigInt64(0, BigInt(value), true))
      break
    case 'double':
      if (typeof value === 'number') return fixed(8, (view) => view.setFloat64(0, value, true))
      break
  }
  throw new Fault('bug', `a bound of type ${type} cannot be ${typeof value}`, {
    remedy: 'Report this with the stack.',
  })
}

/** The value that `bytes` stand for: number for int and double, bigint for long and timestamp. Null: not of `type`. */
export function fromSingleValue(type: FieldType, bytes: Uint8Array): SingleValue | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  switch (type) {
    case 'string':
      return decodeText(bytes)
    case 'binary':
      return bytes
    case 'boolean':
      return bytes.length === 1 ? bytes[0] !== 0 : null
    case 'int':
      return bytes.length === 4 ? view.getInt32(0, true) : null
    case 'long':
    case 'timestamp':
      // A column promoted from int keeps its old four-byte bounds.
      if (bytes.length === 4) return BigInt(view.getInt32(0, true))
      return bytes.length === 8 ? view.getBigInt64(0, true) : null
    case 'double':
      if (bytes.length === 4) return view.getFloat32(0, true)
      return bytes.length === 8 ? view.getFloat64(0, true) : null
    default:
      return unreachable(type)
  }
}

/** A lower bound of `value`: its first 16 code points. */
export const lowerString = (value: string): Uint8Array =>
  utf8.encode(Array.from(value.toWellFormed()).slice(0, BOUND_CODE_POINTS_MAX).join(''))

/**
 * An upper bound of `value`: itself up to 16 code points, else the first 16 with the last one that can be
 * incremented; null when none can (then there is no bound).
 */
export function upperString(value: string): Uint8Array | null {
  const points = Array.from(value.toWellFormed())
  if (points.length <= BOUND_CODE_POINTS_MAX) return utf8.encode(value)
  for (let length = BOUND_CODE_POINTS_MAX; length > 0; length--) {
    const after = codePointAfter(points[length - 1]?.codePointAt(0) ?? CODE_POINT_MAX)
    if (after === null) continue
    return utf8.encode(points.slice(0, length - 1).join('') + String.fromCodePoint(after))
  }
  return null
}

const codePointAfter = (point: number): number | null => {
  if (point >= CODE_POINT_MAX) return null
  return point + 1 === SURROGATES.first ? SURROGATES.next : point + 1
}

const fixed = (size: number, put: (view: DataView) => void): Uint8Array => {
  const bytes = new Uint8Array(size)
  put(new DataView(bytes.buffer))
  return bytes
}

const decodeText = (bytes: Uint8Array): string | null => {
  try {
    return text.decode(bytes)
  } catch {
    return null
  }
}
