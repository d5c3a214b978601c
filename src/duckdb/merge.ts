import { assert } from '../flow/fault.ts'
import type { Column, FieldType, Rows } from '../market/tables.ts'
import type { Indexes } from './append.ts'

/** Rows as their columns alone, columns[f] for field f. */
export type Batch = Pick<Rows, 'count' | 'columns'>

type Fill<A> = (into: A, first: number) => void

/** One field over all batches, numbered 0, 1, … in order; `fill` writes rows [first, first + into.length). */
type Merged<V, A> = {
  /** The value of every row, where they are all the same; else null. */
  readonly only: { readonly value: V | null } | null
  readonly fill: Fill<A>
  /** 1 where the value is null; null: nowhere. What `fill` writes there means nothing. */
  readonly fillMissing: Fill<Uint8Array> | null
}
export type NumberColumn = { readonly kind: 'number' } & Merged<number, Float64Array>
/** Indexes into `values`: those that occur, in binary UTF-8 order. */
export type TextColumn = {
  readonly kind: 'text'
  readonly values: readonly string[]
} & Merged<string, Indexes>
/** Indexes into `values`, in order of the rows. */
export type BytesColumn = {
  readonly kind: 'bytes'
  readonly values: readonly Uint8Array[]
} & Merged<never, Indexes>

/** Joins the dictionaries of all batches into one whose indexes sort as their texts do. */
export function mergeText(batches: readonly Batch[], field: number): TextColumn {
  const texts = new Set<string>()
  const used = new Map<readonly (string | null)[], Uint8Array>()
  let missing = false
  for (const { columns, count } of batches) {
    const column = columns[field]
    if (column?.kind === 'dictionary') markUsed(used, column, count)
    else if (column?.kind === 'constant' && column.value !== null)
      texts.add(String(column.value).toWellFormed())
    else missing = true
  }
  for (const [values, marks] of used)
    marks.forEach((mark, id) => {
      const value = mark === 1 ? (values[id] ?? null) : undefined
      if (value === null) missing = true
      else if (value !== undefined) texts.add(value.toWellFormed())
    })
  const sorted = sortedTexts([...texts])
  const index = new Map(sorted.map((text, i) => [text, i]))
  const indexOf = (value: string | null | undefined): number | undefined =>
    typeof value === 'string' ? index.get(value.toWellFormed()) : undefined
  const mapped = (to: (value: string | null | undefined) => number) =>
    walk(batches, textPieces({ batches, field, used, to }))
  const [value = null] = sorted
  return {
    kind: 'text',
    values: sorted,
    only: sorted.length === 0 || (sorted.length === 1 && !missing) ? { value } : null,
    fill: mapped((text) => indexOf(text) ?? 0),
    fillMissing: missing ? mapped((text) => (indexOf(text) === undefined ? 1 : 0)) : null,
  }
}

type Dictionary = Extract<Column, { kind: 'dictionary' }>

function markUsed(
  used: Map<readonly (string | null)[], Uint8Array>,
  { ids, values }: Dictionary,
  count: number,
): void {
  // Batches of one decoder share the array, which may have grown since the first of them.
  const known = used.get(values)
  const marks = known ?? new Uint8Array(values.length)
  if (known === undefined) used.set(values, marks)
  for (let i = 0; i < count; i++) marks[ids[i] ?? 0] = 1
}

/** Binary UTF-8 order, as Iceberg and DuckDB order strings; JavaScript's own differs past U+FFFF. */
export function sortedTexts(texts: readonly string[]): readonly string[] {
  const order = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))
  const astral = texts.some((text) => /[\ud800-\udfff]/.test(text))
  return astral ? [...texts].sort(order) : [...texts].sort()
}

type Piece<A> = (into: A, at: number, stretch: { first: number; next: number }) => void

type Mapping = {
  readonly batches: readonly Batch[]
  readonly field: number
  readonly used: ReadonlyMap<readonly (string | null)[], Uint8Array>
  readonly to: (value: string | null | undefined) => number
}

function textPieces({ batches, field, used, to }: Mapping): readonly Piece<Indexes>[] {
  const mapped = new Map<readonly (string | null)[], Uint32Array>()
  for (const [values, marks] of used)
    mapped.set(
      values,
      Uint32Array.from(marks, (mark, id) => (mark === 1 ? to(values[id]) : 0)),
    )
  return batches.map(({ columns }): Piece<Indexes> => {
    const column = columns[field]
    if (column?.kind === 'constant') {
      const same = to(column.value === null ? null : String(column.value))
      return (into, at, { first, next }) => into.fill(same, at, at + next - first)
    }
    assert(column?.kind === 'dictionary', `a text column cannot be ${column?.kind ?? 'absent'}`)
    const { ids, values } = column
    const by = mapped.get(values) ?? new Uint32Array(0)
    return (into, at, { first, next }) => {
      for (let row = first; row < next; row++) into[at++] = by[ids[row] ?? 0] ?? 0
    }
  })
}

/** A field of bytes over all batches. */
export function mergeBytes(batches: readonly Batch[], field: number): BytesColumn {
  const values: Uint8Array[] = []
  const indexes: Uint32Array[] = []
  const missing: Uint8Array[] = []
  for (const { columns, count } of batches) {
    const column = columns[field]
    const isNull = column?.kind === 'constant' && column.value === null
    assert(isNull || column?.kind === 'bytes', `field ${field} holds no bytes`)
    const at = new Uint32Array(count)
    const flags = new Uint8Array(count).fill(1)
    if (column.kind === 'bytes')
      for (const [row, bytes] of column.at) {
        at[row] = values.push(bytes) - 1
        flags[row] = 0
      }
    indexes.push(at)
    missing.push(flags)
  }
  return {
    kind: 'bytes',
    values,
    only: values.length === 0 ? { value: null } : null,
    fill: walk(batches, indexes.map(copying)),
    fillMissing: walk(batches, missing.map(copying)),
  }
}

// A time is what JavaScript's Date and DuckDB both hold, an integer is exact.
const MAGNITUDE_MAX = {
  timestamp: 8_640_000_000_000_000,
  long: Number.MAX_SAFE_INTEGER,
  int: 2_147_483_647,
  boolean: 1,
  double: Number.POSITIVE_INFINITY,
} as const
type NumberType = keyof typeof MAGNITUDE_MAX

/** A numeric or boolean field over all batches. */
export function mergeNumbers(
  batches: readonly Batch[],
  field: number,
  type: NumberType,
): NumberColumn {
  const columns = batches.map((batch) => shown(batch.columns[field], type, batch.count))
  const [one] = columns
  const same = columns.every(
    (column) =>
      column.kind === 'constant' && one?.kind === 'constant' && column.value === one.value,
  )
  const only = same && one?.kind === 'constant' ? { value: one.value } : null
  const fill = walk<Float64Array>(batches, columns.map(numberPiece))
  const missing = columns.some((column) =>
    column.kind === 'constant' ? column.value === null : column.missing !== null,
  )
  const fillMissing = missing ? walk(batches, columns.map(missingPiece)) : null
  return { kind: 'number', only, fill, fillMissing }
}

/** A column of numbers with `missing` where the type cannot hold the value; null when it is nowhere. */
type Shown =
  | { readonly kind: 'constant'; readonly value: number | null }
  | {
      readonly kind: 'numbers'
      readonly values: Float64Array | Uint8Array
      readonly missing: Uint8Array | null
    }

function shown(column: Column | undefined, type: NumberType, count: number): Shown {
  if (column?.kind === 'constant') {
    const value = column.value === null ? null : Number(column.value)
    return { kind: 'constant', value: value !== null && fits(value, type) ? value : null }
  }
  if (column?.kind === 'flags') return { kind: 'numbers', values: column.values, missing: null }
  assert(column?.kind === 'numbers', `a number column cannot be ${column?.kind ?? 'absent'}`)
  const { values, missing } = column
  let some = missing !== null && missing.includes(1)
  let unfit = false
  if (type !== 'double')
    for (let i = 0; i < count; i++) if (!fits(values[i] ?? 0, type)) unfit = true
  if (!unfit) return { kind: 'numbers', values, missing: some ? missing : null }
  const all = new Uint8Array(count)
  for (let i = 0; i < count; i++) {
    all[i] = missing?.[i] === 1 || !fits(values[i] ?? 0, type) ? 1 : 0
    some ||= all[i] === 1
  }
  // What does not fit must not reach a cast either.
  const kept = values.map((value, i) => (all[i] === 1 ? 0 : value))
  return { kind: 'numbers', values: kept, missing: some ? all : null }
}

/** A number further from 0 is null in a column of `type`, and so is NaN but in a double. */
export const magnitudeMax = (type: FieldType): number =>
  type in MAGNITUDE_MAX ? MAGNITUDE_MAX[type as NumberType] : 0

const fits = (value: number, type: NumberType): boolean =>
  type === 'double' || Math.abs(value) <= MAGNITUDE_MAX[type]

function numberPiece(column: Shown): Piece<Float64Array> {
  if (column.kind === 'numbers') return copying(column.values)
  const value = column.value ?? 0
  return (into, at, { first, next }) => into.fill(value, at, at + next - first)
}

function missingPiece(column: Shown): Piece<Uint8Array> {
  if (column.kind === 'numbers' && column.missing !== null) return copying(column.missing)
  const value = column.kind === 'constant' && column.value === null ? 1 : 0
  return (into, at, { first, next }) => into.fill(value, at, at + next - first)
}

type Typed = Uint8Array | Uint16Array | Uint32Array | Float64Array
const copying =
  (values: Typed): Piece<Typed> =>
  (into, at, { first, next }) =>
    into.set(values.subarray(first, next), at)

/** Rows of all batches in one numbering; reading forwards costs nothing per call. */
function walk<A extends Typed>(
  batches: readonly Batch[],
  pieces: readonly Piece<A>[],
): (into: A, first: number) => void {
  let batch = 0
  let start = 0 // number of the first row of `batch`
  return (into, first) => {
    if (first < start) [batch, start] = [0, 0]
    for (let filled = 0; filled < into.length;) {
      const count = batches[batch]?.count
      assert(count !== undefined, 'rows past the last batch were asked for')
      const from = first + filled - start
      if (from >= count) {
        batch += 1
        start += count
        continue
      }
      const next = Math.min(count, from + into.length - filled)
      pieces[batch]?.(into, filled, { first: from, next })
      filled += next - from
    }
  }
}
