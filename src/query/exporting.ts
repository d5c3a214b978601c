import { open, rm } from 'node:fs/promises'
import { openDuckdb, sqlName, sqlText } from '../duckdb/duckdb.ts'
import type { Answer, ResultColumn } from './query.ts'
import { csvText, ndjsonText } from './row-text.ts'

/** What an answer is exported as; command line and page write the same bytes. */
export const EXPORT_FORMATS = ['parquet', 'csv', 'ndjson'] as const
export type ExportFormat = (typeof EXPORT_FORMATS)[number]

const MEMORY_MB = 512
/** Types that are written as they are, in lists and structs too. */
const PLAIN_NAME =
  'BOOLEAN|U?(?:TINY|SMALL|BIG)?INT(?:EGER)?|DOUBLE|FLOAT|DECIMAL\\(\\d+,\\d+\\)|VARCHAR|DATE|TIME|' +
  'TIMESTAMP(?:_S|_MS|_NS)?|TIMESTAMP WITH TIME ZONE|UUID'
const PLAIN = new RegExp(`^(?:${PLAIN_NAME})$`)
/** Integers of 128 bits, as sum() gives them. Parquet has none: as they are they would become doubles. */
const HUGE = /^U?HUGEINT$/
const HUGE_AS = 'DECIMAL(38,0)'
/** A list or a struct of what is written as it is, innermost; the type's names are DuckDB's. */
const FIELD = `(?:[A-Za-z_]\\w*|x) (?:${PLAIN_NAME})`
const INNERMOST = new RegExp(
  `\\bSTRUCT\\(${FIELD}(?:, ${FIELD})*\\)|\\b(?:${PLAIN_NAME})\\[\\d*\\]`,
  'g',
)

/** An answer as text, a piece a batch: every digit of a 64-bit number, times as ISO text in UTC. */
export const exportText = (answer: Answer, format: 'csv' | 'ndjson'): AsyncIterable<string> =>
  format === 'csv' ? csvText(answer) : ndjsonText(answer)

/** Writes an answer into the file `path`; gives its rows. Whoever calls removes what a failure leaves. */
export async function writeExport(
  answer: Answer,
  format: ExportFormat,
  path: string,
): Promise<number> {
  if (format === 'parquet') return writeParquet(answer, path)
  const { counted, rows } = counting(answer)
  await writeText(path, exportText(counted, format))
  return rows()
}

/**
 * Writes an answer as a Parquet file, integers and times exact; gives its rows. The query's own engine may write
 * nothing, so the rows go through a file beside it and a second engine.
 */
export async function writeParquet(answer: Answer, path: string): Promise<number> {
  const { counted, rows } = counting(answer)
  const texts = `${path}.csv`
  try {
    await writeText(texts, csvText(numbered(counted)))
    await using duckdb = await openDuckdb({
      threads: 2,
      memoryMb: MEMORY_MB,
      spillDir: null,
      readable: null,
    })
    using connection = await duckdb.connect()
    await connection.run(
      `COPY (SELECT ${answer.columns.map(asTyped).join(', ')} FROM read_csv(${sqlText(texts)},
header = true, all_varchar = true, delim = ',', quote = '"', escape = '"', nullstr = '',
allow_quoted_nulls = false, auto_detect = false, max_line_size = 4000000,
columns = {${answer.columns.map((_, i) => `'c${i}': 'VARCHAR'`).join(', ')}}))
TO ${sqlText(path)} (FORMAT parquet, COMPRESSION zstd)`,
    )
  } finally {
    await rm(texts, { force: true })
  }
  return rows()
}

/** Pieces of text, one after the other, into a file. */
export async function writeText(path: string, texts: AsyncIterable<string>): Promise<void> {
  await using file = await open(path, 'w')
  for await (const text of texts) await file.write(text)
}

/** The same answer, and how many rows of it were read so far. */
function counting(answer: Answer): { readonly counted: Answer; readonly rows: () => number } {
  let rows = 0
  const batches = async function* batches() {
    for await (const batch of answer.batches) {
      rows += batch.length
      yield batch
    }
  }
  return { counted: { ...answer, batches: batches() }, rows: () => rows }
}

/** Names may repeat or be empty in an answer, not in a table. */
const numbered = (answer: Answer): Answer => ({
  ...answer,
  columns: answer.columns.map(({ type }, i) => ({ name: `c${i}`, type })),
})

function asTyped({ name, type }: ResultColumn, i: number, all: readonly ResultColumn[]): string {
  const times = all.slice(0, i).filter((before) => before.name === name).length
  const unique = sqlName(times === 0 ? name : `${name}_${times + 1}`)
  return `${typedValue(`c${i}`, type)} AS ${unique}`
}

/** What is neither plain nor made of it (maps, intervals, bytes) is written as its text. */
function typedValue(text: string, type: string): string {
  if (PLAIN.test(type)) return `CAST(${text} AS ${type})`
  if (HUGE.test(type)) return `CAST(${text} AS ${HUGE_AS})`
  return isNestedPlain(type) ? `CAST(CAST(${text} AS JSON) AS ${type})` : text
}

/** Replaces lists and structs from the inside out, until nothing but one plain type is left. */
function isNestedPlain(type: string): boolean {
  let left = type.replaceAll(/"(?:[^"]|"")*"/g, 'x')
  for (;;) {
    const shorter = left.replaceAll(INNERMOST, 'VARCHAR')
    if (shorter === left) return left === 'VARCHAR'
    left = shorter
  }
}
