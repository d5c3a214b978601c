import type { Parts } from '../config/components.ts'
import { Fault } from '../flow/fault.ts'
import type { Answer, Limits, Query } from '../query/query.ts'
import type { Invocation } from './command.ts'
import { FORMATS, formatAnswer, type Format } from './formats.ts'
import { plain } from './terminal.ts'
import { showBytes } from './times.ts'
import { workingLine } from './working-line.ts'

/** Opens the query engine for one command and hands it over; it is closed afterwards. */
export async function withQuery<T>(
  invocation: Invocation,
  use: (query: Query, parts: Parts) => Promise<T>,
): Promise<T> {
  const { partsOf } = await import('../config/components.ts')
  const { openQuery } = await import('../config/asking.ts')
  const parts = partsOf(await invocation.settings())
  let fetching: string | null = null
  using line = workingLine(invocation, () => fetching)
  await using query = await openQuery(parts, ({ bytes, bytesTotal }) => {
    fetching =
      bytes < bytesTotal ? `fetching ${showBytes(bytes)} of ${showBytes(bytesTotal)} from S3` : null
    if (fetching === null) line.hide()
  })
  await sayIfSimulated(invocation, parts)
  return await use(query, parts) // awaited here, before the engine is closed
}

/** A person who has real trades beside and names none of both is told that these are simulated. */
async function sayIfSimulated({ terminal, json }: Invocation, parts: Parts): Promise<void> {
  const { loaded, places } = parts
  const unnamed = ['data', 'source', 'feed', 'tape'] as const
  if (json || !terminal.errIsScreen || !places.simulated) return
  if (unnamed.some((name) => loaded.origins.get(name) !== 'default')) return
  const { otherData } = await import('../config/tapes.ts')
  const others = otherData(places)
  if (others.length > 0)
    terminal.err(
      `These are simulated trades. Others are here: ${others.map((dir) => `--data ${plain(dir)}`).join(', ')}\n`,
    )
}

/** At most so many symbols are named where one was asked for that is not there. */
const SYMBOLS_NAMED = 20

/** That nothing is recorded of a symbol, and what is. */
export function unknownSymbol(asked: readonly string[], recorded: readonly string[]): string {
  const names = recorded.slice(0, SYMBOLS_NAMED).map(plain).join(', ')
  const more = recorded.length > SYMBOLS_NAMED ? ` and ${recorded.length - SYMBOLS_NAMED} more` : ''
  const there = recorded.length === 0 ? 'nothing is recorded yet' : `recorded are ${names}${more}`
  return `no trades of ${asked.map(plain).join(', ')}; ${there}\n`
}

/** The format of an answer: what was asked for, else NDJSON for --json, else a table. */
export function formatOf({ flags, json }: Invocation): Format {
  const output = flags.get('output')
  const word = flags.get('format') ?? byName(output)
  if (word === undefined && output !== undefined && /\.\w+$/.test(output) && !json)
    throw new Fault('invalid', `the name ${output} does not say a format`, {
      remedy: `End it with one of ${FORMATS.join(', ')}, or say --format.`,
    })
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
