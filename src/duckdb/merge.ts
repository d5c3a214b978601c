import { assert } from '../flow/fault.ts'
import type { Column, Rows } from '../market/tables.ts'

/** One field over all batches, numbered 0, 1, … in order; `fill` writes rows [first, first + into.length). */
export type TextColumn = {
  readonly kind: 'text'
  /** By rank: 0 is null, then the values that occur, texts in binary UTF-8 order. */
  readonly values: readonly (string | Uint8Array | null)[]
  /** The rank of every row, where they are all the same; else null. */
  readonly only: number | null
  readonly fill: (into: Uint32Array, first: number) => void
}
export type NumberColumn = {
  readonly kind: 'number'
  /** The value of every row, where they are all the same constant; else null. */
  readonly only: { readonly value: number | null } | null
  readonly fill: (into: Float64Array, first: number) => void
  /** 1 where the value is null; null: nowhere. */
  readonly fillMissing: ((into: Uint8Array, first: number) => void) | null
}

/** Joins the dictionaries of all batches into one whose ids sort as their texts do. */
export function mergeText(batches: readonly Rows[], field: number): TextColumn {
  const texts = new Set<string>()
  const blobs: Uint8Array[] = []
  const used = new Map<readonly (string | null)[], Uint8Array>()
  for (const { columns, count } of batches) {
    const column = columns[field]
    if (column?.kind === 'dictionary') markUsed(used, column, count)
    else if (column?.kind === 'bytes') blobs.push(...column.at.values())
    else if (column?.kind === 'constant' && column.value !== null)
      texts.add(String(column.value).toWellFormed())
  }
  for (const [values, marks] of used)
    marks.forEach((mark, id) => {
      const value = mark === 1 ? values[id] : null
      if (typeof value === 'string') texts.add(value.toWellFormed())
    })
  assert(texts.size === 0 || blobs.length === 0, `field ${field} holds texts and bytes`)
  const sorted = sortedTexts([...texts])
  const rank = new Map(sorted.map((text, i) => [text, i + 1]))
  const rankOf = (value: string | null | undefined) =>
    value === null || value === undefined ? 0 : (rank.get(value.toWellFormed()) ?? 0)
  const ranks = ranksOf(used, rankOf)
  let blob = 0
  const pieces = batches.map(({ columns, count }) => {
    const column = columns[field]
    if (column?.kind !== 'bytes') return textPiece(column, ranks, rankOf)
    const ids = new Uint32Array(count)
    for (const row of column.at.keys()) ids[row] = ++blob
    return copying(ids)
  })
  const values = [null, ...sorted, ...blobs]
  return {
    kind: 'text',
    values,
    only: onlyRank(values, batches, field),
    fill: walk(batches, pieces),
  }
}

/** All rows have one rank when there is no value at all, or one value and no null. */
function onlyRank(
  values: readonly unknown[],
  batches: readonly Rows[],
  field: number,
): number | null {
  if (values.length === 1) return 0
  const constant = batches.every(({ columns }) => {
    const column = columns[field]
    return column?.kind === 'constant' && column.value !== null
  })
  return constant && values.length === 2 ? 1 : null
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

function ranksOf(
  used: ReadonlyMap<readonly (string | null)[], Uint8Array>,
  rankOf: (value: string | null | undefined) => number,
): ReadonlyMap<readonly (string | null)[], Uint32Array> {
  const ranks = new Map<readonly (string | null)[], Uint32Array>()
  for (const [values, marks] of used)
    ranks.set(
      values,
      Uint32Array.from(marks, (mark, id) => (mark === 1 ? rankOf(values[id]) : 0)),
    )
  return ranks
}

/** Binary UTF-8 order, as Iceberg and DuckDB order strings; JavaScript's own differs past U+FFFF. */
function sortedTexts(texts: readonly string[]): readonly string[] {
  const order = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))
  const astral = texts.some((text) => /[\ud800-\udfff]/.test(text))
  return astral ? [...texts].sort(order) : [...texts].sort()
}

type Piece<A> = (into: A, at: number, stretch: { first: number; next: number }) => void

function textPiece(
  column: Column | undefined,
  ranks: ReadonlyMap<readonly (string | null)[], Uint32Array>,
  rankOf: (value: string | null) => number,
): Piece<Uint32Array> {
  if (column?.kind === 'constant') {
    const rank = rankOf(column.value === null ? null : String(column.value))
    return (into, at, { first, next }) => into.fill(rank, at, at + next - first)
  }
  assert(column?.kind === 'dictionary', `a text column cannot be ${column?.kind ?? 'absent'}`)
  const { ids, values } = column
  const rank = ranks.get(values) ?? new Uint32Array(0)
  return (into, at, { first, next }) => {
    for (let row = first; row < next; row++) into[at++] = rank[ids[row] ?? 0] ?? 0
  }
}

/** Numbers past this are null: a time outside what JavaScript's Date and DuckDB both hold, an integer that is not exact. */
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
  batches: readonly Rows[],
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
  const fill = walk(batches, columns.map(numberPiece))
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

type Typed = Uint8Array | Uint32Array | Float64Array
const copying =
  (values: Typed): Piece<Typed> =>
  (into, at, { first, next }) =>
    into.set(values.subarray(first, next), at)

/** Rows of all batches in one numbering; reading forwards costs nothing per call. */
function walk<A extends Typed>(
  batches: readonly Rows[],
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
