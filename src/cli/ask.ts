import { isoOf } from '../market/times.ts'
import type { Parts } from '../config/components.ts'
import { Fault } from '../flow/fault.ts'
import type { Fetching, LakeQuery } from '../config/asking.ts'
import type { Answer, Limits, Query } from '../query/query.ts'
import type { Invocation } from './command.ts'
import { bySettings } from './exit.ts'
import { FORMATS, formatAnswer, type Format } from './formats.ts'
import { plain } from './terminal.ts'
import { showBytes } from './times.ts'
import { workingLine } from './working-line.ts'

/** Opens the query engine for one command and hands it over; it is closed afterwards. */
export async function withQuery<T>(
  invocation: Invocation,
  use: (query: Query, parts: Parts) => Promise<T>,
): Promise<T> {
  const { openQuery } = await import('../config/asking.ts')
  const { partsToAsk } = await import('../config/tapes.ts')
  const loaded = await invocation.settings()
  const parts = await bySettings(() => partsToAsk(loaded))
  let fetching: string | null = null
  using line = workingLine(invocation, () => fetching)
  const told = ({ bytes, bytesTotal }: Fetching) => {
    fetching =
      bytes < bytesTotal ? `fetching ${showBytes(bytes)} of ${showBytes(bytesTotal)} from S3` : null
    if (fetching === null) line.hide()
  }
  await using query = await bySettings(() => openQuery(parts, told))
  line.hide()
  await sayWhatIsAsked(invocation, parts, query)
  return await use(query, parts) // awaited here, before the engine is closed
}

/** What nobody named, or what is not there, is said on stderr. */
async function sayWhatIsAsked(
  invocation: Invocation,
  parts: Parts,
  { covers, binding }: LakeQuery,
): Promise<void> {
  const { terminal, json } = invocation
  const { isFound, namesLake } = await import('../config/tapes.ts')
  const { isSimulated } = await import('../config/places.ts')
  if (binding === null && namesLake(parts)) terminal.err(await noTableText(parts))
  if (json) return
  if (covers === 'lake') {
    const simulated = isSimulated(binding?.source ?? '') ? '; the trades are simulated' : ''
    terminal.err(`no tape here: answers reach to the last commit${simulated}\n`)
  } else if (isFound(parts) && terminal.errIsScreen) {
    const simulated = parts.places.simulated ? ', which is simulated' : ''
    terminal.err(`asking the only tape here${simulated}: --data ${plain(parts.places.data)}\n`)
  } else await sayIfSimulated(invocation, parts)
}

/** That the catalog has none of the lake's tables: a slip in its name, or nothing landed yet. */
export async function noTableText({ places }: Pick<Parts, 'places'>): Promise<string> {
  const { catalogText, lakeText } = await import('../config/lake-places.ts')
  return `there is no table in ${plain(catalogText(places))} (lake ${plain(lakeText(places))}): nothing has landed there\n`
}

/** A person who has real trades beside and names none of both is told that these are simulated. */
async function sayIfSimulated({ terminal }: Invocation, parts: Parts): Promise<void> {
  const { loaded, places } = parts
  const unnamed = ['data', 'source', 'feed', 'tape'] as const
  if (!terminal.errIsScreen || !places.simulated) return
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
      `The lake is far behind the tape: this answer is as of ${receivedMs === null ? 'the beginning' : isoOf(receivedMs)}.\n`,
    )
}

/** The query's limits by the settings; 0 is none. */
export const limitsOf = ({ loaded }: Parts, rowsMax: number | null): Limits => ({
  rowsMax: rowsMax === 0 ? null : rowsMax,
  millisMax: loaded.settings['query.timeout'] === 0 ? null : loaded.settings['query.timeout'],
})
