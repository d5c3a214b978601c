import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Fault } from '../flow/fault.ts'
import {
  EXPORT_FORMATS,
  exportText,
  writeParquet,
  writeText,
  type ExportFormat,
} from '../query/exporting.ts'
import type { Answer } from '../query/query.ts'
import { writeWhole } from './output-file.ts'

/** Where an export goes, and as what; a null path: stdout. */
export type Target = { readonly path: string | null; readonly format: ExportFormat }

/** Faults: `invalid` where there is no file, or no format for it. */
export function exportTarget(flags: ReadonlyMap<string, string>): Target {
  const file = flags.get('output')
  if (file === undefined)
    throw new Fault('invalid', 'no file to write to', {
      remedy: 'Name it: -o FILE.parquet, -o FILE.csv, or -o - for NDJSON on stdout.',
    })
  const path = file === '-' ? null : file
  const word = flags.get('format') ?? (path === null ? 'ndjson' : path.split('.').at(-1))
  const format = EXPORT_FORMATS.find((known) => known === word)
  if (format === undefined)
    throw new Fault('invalid', `an export is ${EXPORT_FORMATS.join(', ')}, not ${word}`, {
      remedy: `End the name of the file with one of them, or say --format.`,
    })
  if (format === 'parquet' && path === null)
    throw new Fault('invalid', 'Parquet cannot be written to a terminal or a pipe', {
      remedy: 'Name a file with -o FILE.parquet.',
    })
  return { path, format }
}

export type Writing = {
  readonly out: (text: string) => Promise<void>
  /** Told how many rows were read of the answer so far. */
  readonly counted: (rows: number) => void
}

/** Writes the whole answer; gives the file that it is in, null: it went to stdout. */
export async function writeExported(
  answer: Answer,
  { path, format }: Target,
  { out, counted }: Writing,
): Promise<{ readonly path: string; readonly bytes: number } | null> {
  const told = { ...answer, batches: countedBatches(answer, counted) }
  if (path === null) {
    for await (const text of exportText(told, format === 'csv' ? 'csv' : 'ndjson')) await out(text)
    return null
  }
  await writeWhole(path, async (fresh) => {
    if (format === 'parquet') await writeParquet(told, fresh)
    else await writeText(fresh, exportText(told, format))
  })
  const { size } = await stat(path)
  return { path: resolve(path), bytes: size }
}

async function* countedBatches(
  { batches }: Answer,
  counted: (rows: number) => void,
): Answer['batches'] {
  let rows = 0
  for await (const batch of batches) {
    rows += batch.length
    counted(rows)
    yield batch
  }
}
