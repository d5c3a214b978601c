import { readFile } from 'node:fs/promises'
import { text as readAll } from 'node:stream/consumers'
import type { Parts } from '../config/components.ts'
import type { EngineName } from '../config/engines.ts'
import { Fault } from '../flow/fault.ts'
import type { Answer, Query } from '../query/query.ts'
import { choice, wholeNumber } from './args.ts'
import { formatOf, limitsOf, showAnswer, withQuery } from './ask.ts'
import type { Command, Invocation } from './command.ts'
import { EXIT, signalExit } from './exit.ts'
import { FORMATS, formatAnswer, type Format } from './formats.ts'

/** A person reads no more rows than this; other formats have no limit of their own. */
const TABLE_ROWS_MAX = 1000

export const command: Command = {
  text: {
    name: 'sql',
    takes: '[QUERY|-]',
    summary: 'Ask lake and tape in SQL; a prompt on a terminal',
    examples: [
      ['ticklake sql "FROM trades ORDER BY ts DESC LIMIT 5"', 'the last trades'],
      [
        'ticklake sql "SELECT symbol, count(*) FROM trades GROUP BY 1 ORDER BY 2 DESC"',
        'how many of each',
      ],
      ["ticklake sql \"FROM bars('5m') WHERE symbol = 'AAPL'\"", 'five-minute bars'],
      ['ticklake sql -f report.sql -o report.csv', 'a file asked, a file answered'],
      ['ticklake sql --engine athena "SELECT count(*) FROM trades"', 'asked in the cloud'],
      ['ticklake sql', 'a prompt'],
    ],
    about:
      "DuckDB's SQL, read-only. Relations: trades, bars_1m, bars_1d, bars('5m'), gaps, dead_letters, records,\n" +
      'feed_log. Rows younger than a second are there. Times are UTC.\n' +
      'Athena and Trino have their own SQL and see what has landed, up to the last commit; what a query read,\n' +
      'and what Athena takes for it, is said on stderr.',
    flags: [
      { name: 'file', short: 'f', metavar: 'FILE', doc: 'Read the query from a file' },
      { name: 'format', metavar: 'FORMAT', doc: `${FORMATS.join(', ')} (default table)` },
      {
        name: 'output',
        short: 'o',
        metavar: 'FILE',
        doc: 'Write to a file; its name may say the format',
      },
      { name: 'engine', metavar: 'ENGINE', doc: 'duckdb (the default), athena or trino' },
      {
        name: 'max-rows',
        metavar: 'N',
        doc: `Most rows shown, 0: all (default ${TABLE_ROWS_MAX} for table and markdown)`,
      },
    ],
    positionalsMax: 1,
  },
  run: async (invocation) => {
    const { terminal, flags, signal } = invocation
    const engine = choice(flags, 'engine', ENGINES) ?? 'duckdb'
    const format = formatOf(invocation)
    const sql = await queryText(invocation)
    if (sql === null) return prompted(invocation, engine)
    if (sql.trim() === '')
      throw new Fault('invalid', 'the query is empty', { remedy: 'See ticklake sql --help.' })
    try {
      await asking(invocation, engine, (query, parts) =>
        ask(invocation, { query, parts, sql, format }),
      )
    } catch (error) {
      if (!signal.aborted) throw error
      terminal.err('cancelled\n')
      return signalExit(signal.reason)
    }
    return EXIT.ok
  },
}

const ENGINES: readonly ('duckdb' | EngineName)[] = ['duckdb', 'athena', 'trino']

/** Hands over the query engine that was asked for. */
async function asking(
  invocation: Invocation,
  engine: 'duckdb' | EngineName,
  use: (query: Query, parts: Parts) => Promise<void>,
): Promise<void> {
  if (engine === 'duckdb') return withQuery(invocation, use)
  const { lakeOnlyNote, withEngine } = await import('./engine.ts')
  return withEngine(invocation, engine, ({ engine: { query, title } }, parts) => {
    const run: Query['run'] = async (...asked) => {
      const answer = await query.run(...asked)
      lakeOnlyNote(invocation, title) // of an answer alone: what was refused saw nothing
      return answer
    }
    return use({ ...query, run }, parts)
  })
}

async function prompted(invocation: Invocation, engine: 'duckdb' | EngineName): Promise<number> {
  const { prompt, OURS } = await import('./prompt.ts')
  if (engine === 'duckdb')
    return withQuery(invocation, (query, parts) =>
      prompt(invocation, { query, parts, asked: OURS }),
    )
  const { lakeOnlyNote, withEngine } = await import('./engine.ts')
  const { theirs } = await import('./prompt.ts')
  return withEngine(invocation, engine, ({ engine: { query, title, schema }, took }, parts) => {
    lakeOnlyNote(invocation, title)
    return prompt(invocation, { query, parts, asked: { ...theirs(title, schema), took } })
  })
}

type Asking = {
  readonly query: Query
  readonly parts: Parts
  readonly sql: string
  readonly format: Format
}

async function ask(invocation: Invocation, { query, parts, sql, format }: Asking): Promise<void> {
  const { flags, signal } = invocation
  const output = flags.get('output')
  const isShown = (format === 'table' || format === 'markdown') && output === undefined
  const rowsMax = wholeNumber(flags, 'max-rows') ?? (isShown ? TABLE_ROWS_MAX : null)
  if (format === 'parquet' && output === undefined)
    throw new Fault('invalid', 'Parquet cannot be written to a terminal or a pipe', {
      remedy: 'Name a file with -o FILE.parquet.',
    })
  const answer = await query.run(sql, limitsOf(parts, rowsMax), signal)
  if (output !== undefined) await writeAnswer(answer, format, output)
  else if (format !== 'parquet') await showAnswer(invocation, answer, format)
}

async function writeAnswer(answer: Answer, format: Format, output: string): Promise<void> {
  const { writeWhole } = await import('./output-file.ts')
  const { writeParquet, writeText } = await import('../query/exporting.ts')
  await writeWhole(output, async (path) => {
    if (format === 'parquet') await writeParquet(answer, path)
    else await writeText(path, formatAnswer(format, answer))
  })
}

/** Null: nothing was asked and a person sits there. */
async function queryText({ positionals, flags, terminal }: Invocation): Promise<string | null> {
  const file = flags.get('file')
  const [query] = positionals
  if (file !== undefined && query !== undefined)
    throw new Fault('invalid', 'both a QUERY and -f FILE', { remedy: 'Give one of them.' })
  if (file === '-' || query === '-') return readAll(process.stdin)
  if (file !== undefined) return readFile(file, 'utf8')
  if (query !== undefined) return query
  return terminal.inIsScreen && terminal.outIsScreen ? null : readAll(process.stdin)
}
