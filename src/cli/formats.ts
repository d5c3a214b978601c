import type { Answer, ResultColumn, Value } from '../query/query.ts'
import { cellText, csvText, ndjsonText, rowJson } from '../query/row-text.ts'
import { plain } from './terminal.ts'

export const FORMATS = ['table', 'csv', 'json', 'ndjson', 'markdown', 'parquet'] as const
export type Format = (typeof FORMATS)[number]

/** Rows that are laid out together; the widths of a longer table are those of its first rows. */
const TABLE_ROWS_MAX = 10_000
/** A cell wider than this is cut in a table; other formats never cut. */
const CELL_WIDTH_MAX = 60

/** An answer as text, piece by piece, in a format that has no need of the whole. */
export function formatAnswer(
  format: Exclude<Format, 'parquet'>,
  answer: Answer,
): AsyncIterable<string> {
  const formats = { table, csv: csvText, json, ndjson: ndjsonText, markdown }
  return formats[format](answer)
}

async function* table({ columns, batches }: Answer): AsyncIterable<string> {
  const right = columns.map(isNumeric)
  const head = columns.map(({ name }) => plain(name))
  let widths = head.map((name) => name.length)
  let waiting: string[][] = []
  let begun = false
  const flush = () => {
    if (!begun)
      for (const row of waiting) widths = widths.map((w, i) => Math.max(w, row[i]?.length ?? 0))
    const lines = waiting.map((row) => aligned(row, widths, right))
    if (!begun)
      lines.unshift(aligned(head, widths, right), widths.map((w) => '─'.repeat(w)).join('  '))
    waiting = []
    begun = true
    return lines.map((line) => `${line}\n`).join('')
  }
  for await (const batch of batches) {
    for (const row of batch)
      waiting.push(row.map((value, i) => tableCell(value, right[i] ?? false)))
    if (begun || waiting.length >= TABLE_ROWS_MAX) yield flush()
  }
  if (!begun || waiting.length > 0) yield flush()
}

const isNumeric = ({ type }: ResultColumn): boolean =>
  /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DOUBLE|FLOAT|DECIMAL(\(\d+,\d+\))?)$/i.test(type)

function tableCell(value: Value, numeric: boolean): string {
  const text = plain(cellText(value) ?? '∅')
  return !numeric && text.length > CELL_WIDTH_MAX ? `${text.slice(0, CELL_WIDTH_MAX - 1)}…` : text
}

const aligned = (
  row: readonly string[],
  widths: readonly number[],
  right: readonly boolean[],
): string =>
  row
    .map((cell, i) =>
      right[i] === true ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0),
    )
    .join('  ')
    .trimEnd()

async function* json({ columns, batches }: Answer): AsyncIterable<string> {
  let separator = '[\n'
  for await (const batch of batches) {
    if (batch.length === 0) continue
    yield separator + batch.map((row) => rowJson(columns, row)).join(',\n')
    separator = ',\n'
  }
  yield separator === '[\n' ? '[]\n' : '\n]\n'
}

async function* markdown({ columns, batches }: Answer): AsyncIterable<string> {
  const cells = (texts: readonly string[]) => `| ${texts.join(' | ')} |\n`
  yield cells(columns.map(({ name }) => markdownText(name)))
  yield cells(columns.map((column) => (isNumeric(column) ? '---:' : '---')))
  for await (const batch of batches) {
    yield batch
      .map((row) => cells(row.map((value) => markdownText(cellText(value) ?? ''))))
      .join('')
  }
}

const markdownText = (text: string): string =>
  plain(text).replaceAll('\\', '\\\\').replaceAll('|', '\\|').replaceAll('<', '&lt;')
