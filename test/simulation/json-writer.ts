import type { ParquetFile, ParquetWriter, Rolled } from '../../src/lake/lake.ts'
import { singleValue } from '../../src/lake/iceberg/single-value.ts'
import type { LocalFile } from '../../src/lake/store.ts'
import { RECORDS, type Column, type Table } from '../../src/market/tables.ts'

const DAY_MS = 86_400_000

/** A record as the stand-in writer keeps it: where it was, when it was and what it said. */
export type JsonRow = {
  readonly tape: string
  readonly partition: number
  readonly offset: number
  readonly ms: number
}

/** Local files that were written and not yet taken, by path; shared by all writers of a test. */
export type JsonFiles = { written: number; readonly waiting: Map<string, Uint8Array> }
export const jsonFiles = (): JsonFiles => ({ written: 0, waiting: new Map() })

/**
 * Stands in for Parquet where only commits matter: one small JSON file a day, with bounds of time, so that
 * what a lake holds can be read back without an engine. A record's time is its time of arrival.
 */
export function jsonWriter(table: Table, files: JsonFiles): ParquetWriter {
  return {
    write: async (rolled) => {
      const days = Map.groupBy(rowsOf(rolled), ({ ms }) => Math.floor(ms / DAY_MS))
      return [...days].map(([day, rows]) => describedFile(table, files, { rows, day }))
    },
    [Symbol.asyncDispose]: async () => undefined,
  }
}

/** Rows as a local file that waits to be taken. */
export function describedFile(
  table: Table,
  files: JsonFiles,
  { rows, day }: { readonly rows: readonly JsonRow[]; readonly day: number },
): ParquetFile {
  const timeId = table.fields.find(({ name }) => name === table.dayOf)?.id ?? 0
  files.written += 1
  const path = `/nowhere/${files.written}.json`
  const bytes = Buffer.from(JSON.stringify(rows))
  files.waiting.set(path, bytes)
  return { path, ...described({ rows, day, timeId }), sizeBytes: bytes.length }
}

/** For memoryStore: takes what jsonWriter wrote. */
export const takeFrom =
  (files: JsonFiles) =>
  async ({ path }: LocalFile): Promise<Uint8Array> => {
    const bytes = files.waiting.get(path)
    if (bytes === undefined) throw new Error(`${path} is not there`)
    files.waiting.delete(path)
    return bytes
  }

export const readRows = (bytes: Uint8Array): readonly JsonRow[] =>
  JSON.parse(Buffer.from(bytes).toString()) as readonly JsonRow[]

const rowsOf = ({ batches }: Rolled): readonly JsonRow[] =>
  batches.flatMap(({ columns, count }) => {
    const cells = (name: string) =>
      cellsOf(columns[RECORDS.fields.findIndex((f) => f.name === name)])
    const [tape, part, at, ms] = ['tape', 'tape_partition', 'tape_offset', 'received_at'].map(cells)
    return Array.from({ length: count }, (_, i) => ({
      tape: String(tape?.(i)),
      partition: Number(part?.(i)),
      offset: Number(at?.(i)),
      ms: Number(ms?.(i)),
    }))
  })

const cellsOf = (column: Column | undefined) => (row: number) =>
  column?.kind === 'numbers' ? column.values[row] : column?.kind === 'constant' && column.value

type Described = {
  readonly rows: readonly JsonRow[]
  readonly day: number
  readonly timeId: number
}

function described({ rows, day, timeId }: Described): Omit<ParquetFile, 'path' | 'sizeBytes'> {
  const micros = (ms: number) => singleValue('timestamp', ms * 1_000)
  const times = rows.map(({ ms }) => ms)
  return {
    rows: rows.length,
    day,
    valueCounts: new Map([[timeId, rows.length]]),
    nullCounts: new Map([[timeId, 0]]),
    nanCounts: new Map(),
    columnSizes: new Map(),
    lower: new Map([[timeId, micros(Math.min(...times))]]),
    upper: new Map([[timeId, micros(Math.max(...times))]]),
    splitOffsets: [4],
  }
}
