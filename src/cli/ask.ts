import type { Parts } from '../config/components.ts'
import { Fault } from '../flow/fault.ts'
import type { Answer, Limits, Query } from '../query/query.ts'
import type { Invocation } from './command.ts'
import { FORMATS, formatAnswer, type Format } from './formats.ts'

/** Opens the query engine for one command and hands it over; it is closed afterwards. */
export async function withQuery<T>(
  invocation: Invocation,
  use: (query: Query, parts: Parts) => Promise<T>,
): Promise<T> {
  const { openQuery, partsOf } = await import('../config/components.ts')
  const parts = partsOf(await invocation.settings())
  await using query = await openQuery(parts)
  return await use(query, parts) // awaited here, before the engine is closed
}

/** The format of an answer: what was asked for, else NDJSON for --json, else a table. */
export function formatOf({ flags, json }: Invocation): Format {
  const word = flags.get('format') ?? byName(flags.get('output'))
  if (word === undefined) return json ? 'ndjson' : 'table'
  const format = FORMATS.find((known) => known === word)
  if (format === undefined)
    throw new Fault('invalid', `--format takes ${FORMATS.join(', ')}, not ${word}`, {
      remedy: 'Correct --format.',
    })
  return format
}

/** The format that the end of a file's name says. */
function byName(file: string | undefined): Format | undefined {
  const end = file?.split('.').at(-1)
  if (end === 'md') return 'markdown'
  return FORMATS.find((format) => format === end)
}

/** Writes an answer on stdout; says on stderr where it was cut or reaches less far than the tape. */
export async function showAnswer(
  { terminal }: Invocation,
  answer: Answer,
  format: Exclude<Format, 'parquet'>,
): Promise<void> {
  for await (const text of formatAnswer(format, answer)) await terminal.out(text)
  if (answer.truncated()) terminal.err('… more rows: --max-rows 0 shows all\n')
  const { degraded, receivedMs } = answer.asOf
  if (degraded)
    terminal.err(
      `The lake is far behind the tape: this answer is as of ${receivedMs === null ? 'the beginning' : new Date(receivedMs).toISOString()}.\n`,
    )
}

/** The query's limits by the settings; 0 is none. */
export const limitsOf = ({ loaded }: Parts, rowsMax: number | null): Limits => ({
  rowsMax: rowsMax === 0 ? null : rowsMax,
  millisMax: loaded.settings['query.timeout'] === 0 ? null : loaded.settings['query.timeout'],
})
