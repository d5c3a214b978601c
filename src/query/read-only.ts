import { Fault } from '../flow/fault.ts'

/** Statements of Athena and Trino that only read. */
const READING: ReadonlySet<string> = new Set([
  'SELECT',
  'WITH',
  'VALUES',
  'TABLE',
  'SHOW',
  'DESCRIBE',
  'DESC',
  'EXPLAIN',
])

// What may stand where a space may: comments nest in neither engine.
const SPACE = String.raw`(?:\s|--[^\n]*(?:\n|$)|/\*[^]*?\*/)`
const WORD = new RegExp(`^(?:${SPACE}|\\()*([A-Za-z]+)`)
const EXPLAIN = new RegExp(
  `^(?:${SPACE})*EXPLAIN\\b(?:${SPACE})*(?:ANALYZE\\b(?:${SPACE})*)?(?:VERBOSE\\b(?:${SPACE})*)?` +
    String.raw`(?:\(\s*(?:TYPE|FORMAT)\b[^()]*\))?`,
  'i',
)
// Texts, quoted names and comments are stepped over; what is left of a semicolon ends a statement.
const TOKEN = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|--[^\n]*|\/\*[^]*?\*\/|;|[^'"`;/-]+|[^]/g

/**
 * The one statement in `sql`, without the semicolon at its end. Faults: `invalid` where there is none, more
 * than one, or one that does more than read, by its first word (of what EXPLAIN explains, as EXPLAIN ANALYZE
 * runs it). A courtesy to whoever mistypes: what keeps a lake from being written is the user's rights.
 */
export function readOnlyStatement(sql: string): string {
  const end = endOf(sql)
  const statement = sql.slice(0, end)
  const rest = sql.slice(end).replaceAll(new RegExp(`${SPACE}|;`, 'g'), '')
  if (rest !== '') throw refused('there is more than one statement', 'Ask one at a time.')
  const word = WORD.exec(statement.replace(EXPLAIN, ''))?.[1]?.toUpperCase()
  if (word === undefined) throw refused('the query is empty', REMEDY)
  if (!READING.has(word)) throw refused(`${word} does more than read`, REMEDY)
  return statement
}

const REMEDY = 'Ask with SELECT, WITH, VALUES, SHOW, DESCRIBE or EXPLAIN of one of these.'

function endOf(sql: string): number {
  for (const { 0: token, index } of sql.matchAll(TOKEN)) if (token === ';') return index
  return sql.length
}

const refused = (message: string, remedy: string): Fault =>
  new Fault('invalid', message, { remedy })
