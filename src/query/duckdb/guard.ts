import { sqlText, type Connection, type Statement } from '../../duckdb/duckdb.ts'
import { Fault } from '../../flow/fault.ts'

/**
 * Table functions that only read: rows from arguments, Parquet files (the session lets it open the lake's
 * alone), the engine's catalog, and our own macros. Others turn on logging or profiling for every session,
 * or run SQL that this guard has not seen.
 */
const TABLE_FUNCTIONS: ReadonlySet<string> = new Set(
  [
    'range generate_series unnest repeat repeat_row json_each json_tree summary bars',
    'histogram histogram_values icu_calendar_names pg_timezone_names pragma_table_info pragma_version',
    'read_parquet parquet_scan parquet_metadata parquet_schema parquet_file_metadata glob',
    'duckdb_columns duckdb_functions duckdb_keywords duckdb_settings duckdb_tables duckdb_types duckdb_views',
  ].flatMap((names) => names.split(' ')),
)

const REMEDY =
  'Ask with SELECT, FROM, WITH, VALUES, DESCRIBE, SHOW, SUMMARIZE or EXPLAIN of one of these.'

// EXPLAIN, whether it shall run what it explains, and its options; comments may stand between.
const SPACE = String.raw`(?:\s|--[^\n]*(?:\n|$)|/\*[^]*?\*/)*`
const EXPLAIN = new RegExp(
  `^${SPACE}EXPLAIN\\b${SPACE}(?:ANALYZE\\b${SPACE})?(?:\\([^()]*\\)${SPACE})?`,
  'i',
)

/**
 * Prepares `sql` if it is one statement that only reads, by DuckDB's own parse of it; throws `invalid`
 * otherwise. That it opens no file but the lake's is the session's part (`readable` of openDuckdb).
 */
export async function prepareReadOnly(connection: Connection, sql: string): Promise<Statement> {
  if (sql.includes('\0')) throw refused('the statement holds a NUL character')
  const body = sql.replace(EXPLAIN, '') // EXPLAIN ANALYZE runs what it explains
  const tree = await syntaxTree(connection, body)
  if (tree === 'not a SELECT') throw refused('this statement does more than read')
  const unknown = tree === 'not SQL' ? undefined : tableFunctionsOf(tree).find(isUnknown)
  if (unknown !== undefined) throw refused(`the table function ${unknown} cannot be used here`)
  // What is not SQL meets its error here, with DuckDB's mark of the place.
  const statement = await connection.prepare(sql)
  const reads = statement.kind === 'SELECT' || (statement.kind === 'EXPLAIN' && body !== sql)
  if (tree !== 'not SQL' && reads) return statement
  statement[Symbol.dispose]()
  throw refused('this statement does more than read')
}

const isUnknown = (name: string): boolean => !TABLE_FUNCTIONS.has(name.toLowerCase())

type Tree = readonly unknown[]

/** The syntax trees of the statements in `sql` as DuckDB sees them. */
async function syntaxTree(
  connection: Connection,
  sql: string,
): Promise<Tree | 'not SQL' | 'not a SELECT'> {
  const [[json] = []] = await connection.all(`SELECT json_serialize_sql(${sqlText(sql)})::VARCHAR`)
  const parsed: unknown = typeof json === 'string' ? JSON.parse(json) : null
  if (!isNode(parsed)) return 'not SQL'
  if (Array.isArray(parsed['statements'])) return parsed['statements']
  return parsed['error_type'] === 'parser' ? 'not SQL' : 'not a SELECT'
}

type Node = { readonly [key: string]: unknown }
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null

/** Names of the table functions called anywhere in a syntax tree. */
function tableFunctionsOf(tree: Tree): readonly string[] {
  const names: string[] = []
  const left: unknown[] = [...tree]
  while (left.length > 0) {
    const node = left.pop()
    if (!isNode(node)) continue
    left.push(...Object.values(node))
    if (node['type'] !== 'TABLE_FUNCTION') continue
    const called = isNode(node['function']) ? node['function']['function_name'] : undefined
    names.push(typeof called === 'string' ? called : '?')
  }
  return names
}

const refused = (message: string): Fault => new Fault('invalid', message, { remedy: REMEDY })
