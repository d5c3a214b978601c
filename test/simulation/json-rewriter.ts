import type { Rewriter } from '../../src/lake/upkeep/rewriter.ts'
import type { Table } from '../../src/market/tables.ts'
import { describedFile, readRows, type JsonFiles, type JsonRow } from './json-writer.ts'

/** Stands in for the rewriting of Parquet, as jsonWriter does for its writing: one file a day. */
export function jsonRewriter(
  table: Table,
  {
    files,
    read,
  }: { readonly files: JsonFiles; readonly read: (path: string) => Promise<Uint8Array> },
): Rewriter {
  return {
    write: async ({ inputs, day }) => {
      const rows: JsonRow[] = []
      for (const { path } of inputs) rows.push(...readRows(await read(path)))
      const sorted = rows.toSorted((a, b) => a.partition - b.partition || a.offset - b.offset)
      const file = describedFile(table, files, { rows: sorted, day: day ?? 0 })
      return { files: [file], rows: rows.length, struckOut: 0, purged: 0 }
    },
    [Symbol.asyncDispose]: async () => undefined,
  }
}
