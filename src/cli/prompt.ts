import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import type { Parts } from '../config/components.ts'
import type { Query } from '../query/query.ts'
import { limitsOf, showAnswer } from './ask.ts'
import type { Invocation } from './command.ts'
import { EXIT, errorText } from './exit.ts'
import { FORMATS, type Format } from './formats.ts'
import { queryHistory } from './history.ts'

const HISTORY_MAX = 1000
const ROWS_MAX = 1000
const HELP = `A query ends with a semicolon and may have many lines. Ctrl-C cancels it, Ctrl-D ends.
  .tables          what can be asked
  .schema TABLE    its columns
  .format FORMAT   ${FORMATS.filter((format) => format !== 'parquet').join(', ')}
  .quit            end
`
const ENDS: readonly string[] = ['.quit', '.exit', '.q']
const TABLES = `SELECT table_name AS relation FROM information_schema.tables
WHERE table_name IN ('trades', 'bars_1m', 'bars_1d', 'gaps', 'dead_letters', 'records', 'feed_log')
ORDER BY 1`

type Shown = Exclude<Format, 'parquet'>

/** What differs between engines at the prompt. */
export type Asked = {
  /** Said at the beginning. */
  readonly title: string
  /** Of `.tables`. */
  readonly tables: string
  /** Of `.schema TABLE`, of a name that holds letters, digits and underscores alone. */
  readonly schema: (table: string) => string
  /** Says what a query took; null: how long is said. */
  readonly took: (() => void) | null
}

/** Our own engine. */
export const OURS: Asked = {
  title: 'SQL over lake and tape',
  tables: TABLES,
  schema: (table) => `SELECT column_name, column_type FROM (DESCRIBE ${table})`,
  took: null,
}

/** An engine of others, whose tables are in `schema`. */
export const theirs = (title: string, schema: string): Omit<Asked, 'took'> => ({
  title: `SQL over the lake by ${title}`,
  tables: `SELECT table_name AS relation FROM information_schema.tables
WHERE table_schema = ${text(schema)} ORDER BY 1`,
  schema: (table) => `SELECT column_name, data_type AS column_type FROM information_schema.columns
WHERE table_schema = ${text(schema)} AND table_name = ${text(table.toLowerCase())} ORDER BY ordinal_position`,
})

const text = (word: string): string => `'${word.replaceAll("'", "''")}'`

/** Reads queries from a terminal until Ctrl-D; Ctrl-C cancels the query, not the program. */
export async function prompt(
  invocation: Invocation,
  { query, parts, asked }: Pick<Session, 'query' | 'parts' | 'asked'>,
): Promise<number> {
  const history = historyFile()
  const lines = createInterface({
    input: process.stdin,
    output: process.stdout,
    history: history.read(),
    historySize: HISTORY_MAX,
    prompt: 'ticklake> ',
  })
  const session = { invocation, query, parts, asked, format: 'table' as Shown }
  invocation.terminal.err(`${asked.title}; .help for help.\n`)
  let waiting = ''
  let running: AbortController | null = null
  const queries = queryHistory()
  lines.on('history', (entries: string[]) => {
    queries.entered(entries)
    history.write(entries)
  })
  lines.on('SIGINT', () => {
    if (running === null) {
      waiting = ''
      queries.reset()
      invocation.terminal.err('\n')
      lines.write(null, { ctrl: true, name: 'e' }) // to its end, then to its start: the line is empty
      lines.write(null, { ctrl: true, name: 'u' })
      ready(lines, waiting)
    } else running.abort()
  })
  ready(lines, waiting)
  let quits = false
  for await (const line of lines) {
    const text = waiting === '' ? line.trim() : `${waiting}\n${line}`
    quits = ENDS.includes(line.trim())
    if (quits) break
    // No line of a statement is `.help` alone.
    if (line.trim() === '.help') invocation.terminal.err(HELP)
    else if (waiting === '' && text.startsWith('.')) {
      running = new AbortController()
      await dot(session, text, running.signal)
    } else if (text.trimEnd().endsWith(';')) {
      waiting = ''
      running = new AbortController()
      await ask(session, text.trimEnd().slice(0, -1), running.signal)
    } else waiting = text
    running = null
    ready(lines, waiting)
  }
  lines.close()
  if (!quits) invocation.terminal.err('\n') // Ctrl-D leaves the cursor behind the prompt
  return EXIT.ok
}

const ready = (lines: Interface, waiting: string): void => {
  lines.setPrompt(waiting === '' ? 'ticklake> ' : '     ...> ')
  lines.prompt()
}

type Session = {
  readonly invocation: Invocation
  readonly query: Query
  readonly parts: Parts
  readonly asked: Asked
  format: Shown
}

async function ask(session: Session, sql: string, signal: AbortSignal): Promise<void> {
  const { invocation, query, parts, asked, format } = session
  const { terminal } = invocation
  if (sql.trim() === '') return
  const began = performance.now()
  try {
    await showAnswer(invocation, await query.run(sql, limitsOf(parts, ROWS_MAX), signal), format)
    if (asked.took === null)
      terminal.err(terminal.paint('dim', `${((performance.now() - began) / 1000).toFixed(3)} s\n`))
  } catch (error) {
    terminal.err(signal.aborted ? 'cancelled\n' : errorText(error))
  } finally {
    asked.took?.()
  }
}

async function dot(session: Session, line: string, signal: AbortSignal): Promise<void> {
  const { terminal } = session.invocation
  const [word = '', argument = ''] = line.split(/\s+/)
  const format = FORMATS.find((known): known is Shown => known === argument && known !== 'parquet')
  if (word === '.help') terminal.err(HELP)
  else if (word === '.tables') await ask(session, session.asked.tables, signal)
  else if (word === '.schema' && /^\w+$/.test(argument))
    await ask(session, session.asked.schema(argument), signal)
  else if (word === '.format' && format !== undefined) session.format = format
  else terminal.err(`unknown: ${line}\n${HELP}`)
}

/** The history of prompts, kept for this user; where it cannot be kept, it is not. */
function historyFile(): {
  read: () => string[]
  write: (entries: readonly string[]) => void
} {
  const folder = process.env.XDG_STATE_HOME ?? join(homedir(), '.local', 'state')
  const path = join(folder, 'ticklake', 'sql_history')
  return {
    read: () => {
      try {
        return readFileSync(path, 'utf8')
          .split('\n')
          .filter((line) => line !== '')
      } catch {
        return []
      }
    },
    write: (entries) => {
      try {
        mkdirSync(dirname(path), { recursive: true })
        writeFileSync(path, `${entries.join('\n')}\n`, { mode: 0o600 })
      } catch {
        // a read-only home: the session has its history all the same
      }
    },
  }
}
