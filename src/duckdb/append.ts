import type { DuckDBAppender, DuckDBDataChunk, DuckDBType } from '@duckdb/node-api'
import { setImmediate } from 'node:timers/promises'
import { unreachable } from '../flow/fault.ts'
import type { Api } from './duckdb.ts'

// DuckDB's vector size: the largest chunk that it takes.
const CHUNK_ROWS = 2048
// About 5 ms of appending at 6 M rows/s and twelve columns; then the event loop gets its turn.
const SLICE_CHUNKS = 8

/** A column on its way into a table. `fill` writes rows [first, first + into.length) into `into`. */
export type AppendColumn =
  | { readonly type: 'UINTEGER'; readonly fill: (into: Uint32Array, first: number) => void }
  | { readonly type: 'DOUBLE'; readonly fill: (into: Float64Array, first: number) => void }
  | { readonly type: 'UTINYINT'; readonly fill: (into: Uint8Array, first: number) => void }
  /** By index into `values`, which are distinct and hold no NUL: a longer one would be cut there. */
  | {
      readonly type: 'ENUM'
      readonly values: readonly string[]
      readonly fill: (into: Indexes, first: number) => void
    }
  | { readonly type: 'VARCHAR'; readonly at: (row: number) => string | null }
  | { readonly type: 'BLOB'; readonly at: (row: number) => Uint8Array | null }

/** As wide as the number of values asks for. */
export type Indexes = Uint8Array | Uint16Array | Uint32Array

// Of an ENUM whose indexes take one byte, and two.
const ENUM8_VALUES_MAX = 255
const ENUM16_VALUES_MAX = 65_535

type Appending = {
  readonly api: Api
  readonly appender: DuckDBAppender
  readonly columns: readonly AppendColumn[]
  readonly rows: number
}

/** Appends in chunks of whole columns, then closes the appender. */
export async function appendColumns({ api, appender, columns, rows }: Appending): Promise<void> {
  const types = columns.map((column) => typeOf(api, column))
  // Fixed widths are overwritten whole, so one chunk serves all; a text or blob would keep its nulls.
  const reuses = columns.every(({ type }) => type !== 'VARCHAR' && type !== 'BLOB')
  let kept: DuckDBDataChunk | null = null
  for (let first = 0, chunks = 1; first < rows; first += CHUNK_ROWS, chunks++) {
    const count = Math.min(CHUNK_ROWS, rows - first)
    const chunk: DuckDBDataChunk =
      kept !== null && count === CHUNK_ROWS ? kept : api.DuckDBDataChunk.create(types, count)
    if (reuses) kept = chunk
    columns.forEach((column, i) => put(api, { chunk, column, i, first, count }))
    appender.appendDataChunk(chunk)
    if (chunks % SLICE_CHUNKS === 0) await setImmediate()
  }
  appender.closeSync()
}

function typeOf(api: Api, column: AppendColumn): DuckDBType {
  if (column.type !== 'ENUM') return api[column.type]
  const { values } = column
  if (values.length <= ENUM8_VALUES_MAX) return api.ENUM8(values)
  return values.length <= ENUM16_VALUES_MAX ? api.ENUM16(values) : api.ENUM32(values)
}

/** What a vector of fixed-width values holds; the package types it as private, its writers set it. */
type Items<A> = { readonly items: A }

type Put = {
  readonly chunk: DuckDBDataChunk
  readonly column: AppendColumn
  readonly i: number
  readonly first: number
  readonly count: number
}

function put(api: Api, { chunk, column, i, first, count }: Put): void {
  const vector = chunk.getColumnVector(i)
  switch (column.type) {
    case 'UINTEGER':
      column.fill((vector as unknown as Items<Uint32Array>).items, first)
      break
    case 'DOUBLE':
      column.fill((vector as unknown as Items<Float64Array>).items, first)
      break
    case 'UTINYINT':
      column.fill((vector as unknown as Items<Uint8Array>).items, first)
      break
    case 'ENUM':
      column.fill((vector as unknown as Items<Indexes>).items, first)
      break
    case 'VARCHAR':
      for (let row = 0; row < count; row++) vector.setItem(row, column.at(first + row))
      break
    case 'BLOB':
      for (let row = 0; row < count; row++) {
        const bytes = column.at(first + row)
        vector.setItem(row, bytes === null ? null : new api.DuckDBBlobValue(bytes))
      }
      break
    default:
      unreachable(column)
  }
  vector.flush()
}
