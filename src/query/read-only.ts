import { Fault } from '../flow/fault.ts'
import { nearest } from '../flow/nearest.ts'

/** Statements of Athena and Trino that only read. */
const READING: readonly string[] = [
  'SELECT',
  'WITH',
  'VALUES',
  'TABLE',
  'SHOW',
  'DESCRIBE',
  'DESC',
  'EXPLAIN',
]
/** Those that do more, by their first word. */
const CHANGING: ReadonlySet<string> = new Set(
  (
    'INSERT UPDATE DELETE MERGE TRUNCATE CREATE DROP ALTER RENAME COMMENT ANALYZE REFRESH CALL EXECUTE PREPARE ' +
    'DEALLOCATE GRANT REVOKE DENY SET RESET USE START COMMIT ROLLBACK OPTIMIZE VACUUM MSCK UNLOAD'
  ).split(' '),
)

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
 * than one, or one that does more than read, or is none at all, by its first word (of what EXPLAIN explains, as EXPLAIN ANALYZE
 * runs it). A courtesy to whoever mistypes: what keeps a lake from being written is the user's rights.
 */
export function readOnlyStatement(sql: string): string {
  const end = endOf(sql)
  const statement = sql.slice(0, end)
  const rest = sql.slice(end).replaceAll(new RegExp(`${SPACE}|;`, 'g'), '')
  if (rest !== '') throw refused('there is more than one statement', 'Ask one at a time.')
  const word = WORD.exec(statement.replace(EXPLAIN, ''))?.[1]?.toUpperCase()
  if (word === undefined) throw refused('the query is empty', REMEDY)
  if (!READING.includes(word)) throw notReading(word)
  return statement
}

function notReading(word: string): Fault {
  if (CHANGING.has(word)) return refused(`${word} does more than read`, REMEDY)
  if (word === 'FROM')
    return refused("FROM first is DuckDB's SQL", 'Write SELECT * FROM …, or leave --engine out.')
  const near = nearest(word, [...READING, ...CHANGING])
  const hint = near === undefined ? '' : `: did you mean ${near}?`
  return refused(`no statement that reads begins with ${word}${hint}`, REMEDY)
}

const REMEDY = 'Ask with SELECT, WITH, VALUES, SHOW, DESCRIBE or EXPLAIN of one of these.'

function endOf(sql: string): number {
  for (const { 0: token, index } of sql.matchAll(TOKEN)) if (token === ';') return index
  return sql.length
}

const refused = (message: string, remedy: string): Fault =>
  new Fault('invalid', message, { remedy })
