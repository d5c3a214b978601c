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

/** Of those the ones that are given a file's name. */
const FILE_FUNCTIONS: ReadonlySet<string> = new Set(
  'read_parquet parquet_scan parquet_metadata parquet_schema parquet_file_metadata glob'.split(' '),
)
// A table that is named as a file is read as one; ours, and the columns that stand so, are plain words.
const FILE_NAME = /[/\\:.?*]/

/** How far a statement may go in reading. */
export type Reach = {
  /** It may name files itself: the session keeps it to the lake's. */
  readonly files: boolean
}

/** A statement that only reads: `body` is what EXPLAIN explains, or all of it; null: it is not SQL. */
export type Checked = { readonly sql: string; readonly body: string | null }

/**
 * Throws `invalid` unless `sql` only reads, by DuckDB's own parse of it, and without running or binding any of
 * it. Where the session cannot keep it to the lake's files (`reach.files` false) it may name none.
 */
export async function checkReadOnly(
  connection: Connection,
  sql: string,
  reach: Reach = { files: true },
): Promise<Checked> {
  if (sql.includes('\0')) throw refused('the statement holds a NUL character')
  const body = sql.replace(EXPLAIN, '') // EXPLAIN ANALYZE runs what it explains
  const tree = await syntaxTree(connection, body)
  if (tree === 'not a SELECT') throw doesMore(body)
  if (tree === 'not SQL') return { sql, body: null }
  const { functions, tables } = namesOf(tree)
  const unknown = functions.find((name) => !TABLE_FUNCTIONS.has(name.toLowerCase()))
  if (unknown !== undefined)
    throw new Fault('invalid', `the table function ${unknown} cannot be used here`, {
      remedy: 'Ask the tables and views: SHOW TABLES lists them. No file or address can be named.',
    })
  const file =
    functions.find((name) => FILE_FUNCTIONS.has(name.toLowerCase())) ??
    tables.find((name) => FILE_NAME.test(name))
  if (!reach.files && file !== undefined)
    throw new Fault('invalid', `${file}: a statement over this lake may name no files itself`, {
      remedy: 'Ask its tables: records and feed_log, and the views over them.',
    })
  return { sql, body }
}

/** Prepares what was checked; throws `invalid` where it is not one statement, or does more than read. */
export async function prepareReadOnly(
  connection: Connection,
  { sql, body }: Checked,
): Promise<Statement> {
  // What is not SQL meets its error here, with DuckDB's mark of the place.
  const statement = await connection.prepare(sql)
  const reads = statement.kind === 'SELECT' || (statement.kind === 'EXPLAIN' && body !== sql)
  if (body !== null && reads) return statement
  statement[Symbol.dispose]()
  throw doesMore(body ?? sql)
}

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

/** Names of the table functions and of the tables anywhere in a syntax tree. */
function namesOf(tree: Tree): { readonly functions: string[]; readonly tables: string[] } {
  const names = { functions: [] as string[], tables: [] as string[] }
  const left: unknown[] = [...tree]
  while (left.length > 0) {
    const node = left.pop()
    if (!isNode(node)) continue
    left.push(...Object.values(node))
    const { type, table_name: table, schema_name: schema, catalog_name: catalog } = node
    // All three together are the name of a file too.
    for (const name of [table, schema, catalog])
      if (typeof name === 'string') names.tables.push(name)
    if (type !== 'TABLE_FUNCTION') continue
    const called = isNode(node['function']) ? node['function'] : {}
    const name = called['function_name']
    names.functions.push(typeof name === 'string' ? name : '?')
  }
  return names
}

// The first word; what stands in front of it may be comments, semicolons and brackets.
const FIRST_WORD = new RegExp(`^(?:${SPACE}|[;(])*?([A-Za-z_]+)`)
/** That of a statement which only reads, and is refused for what stands behind it. */
const READS = /^(SELECT|FROM|WITH|VALUES|DESCRIBE|SHOW|SUMMARIZE|EXPLAIN|TABLE)$/

/** Says which word it is that does more. */
function doesMore(body: string): Fault {
  const word = FIRST_WORD.exec(body)?.[1]?.toUpperCase()
  if (word === 'PIVOT' || word === 'UNPIVOT')
    return new Fault('invalid', `this ${word} is more than one statement`, {
      remedy: `Say which values become columns: ${word} … ON column IN ('a', 'b').`,
    })
  return word === undefined || READS.test(word)
    ? refused('one of the statements does more than read')
    : refused(`${word} does more than read`)
}

const refused = (message: string): Fault => new Fault('invalid', message, { remedy: REMEDY })
