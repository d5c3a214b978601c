import type { Connection, Statement } from '../../duckdb/duckdb.ts'
import { Fault } from '../../flow/fault.ts'

const REMEDY =
  'Ask with SELECT, FROM, WITH, VALUES, DESCRIBE, SHOW, SUMMARIZE or EXPLAIN of one of these.'

// EXPLAIN, whether it shall run what it explains, and its options; comments may stand between.
const SPACE = String.raw`(?:\s|--[^\n]*(?:\n|$)|/\*[^]*?\*/)*`
const EXPLAIN = new RegExp(
  `^${SPACE}EXPLAIN\\b${SPACE}(?:ANALYZE\\b${SPACE})?(?:\\([^()]*\\)${SPACE})?(?:ANALYZE\\b${SPACE})?`,
  'i',
)

/**
 * Prepares `sql` if it only reads, by DuckDB's own parse of it; throws `invalid` otherwise. That it reads
 * nothing but the lake is the session's part (`readable` of openDuckdb).
 */
export async function prepareReadOnly(connection: Connection, sql: string): Promise<Statement> {
  const statement = await connection.prepare(sql)
  try {
    if (statement.kind === 'EXPLAIN') await checkExplained(connection, sql)
    else if (statement.kind !== 'SELECT') throw refused('this statement does more than read')
    return statement
  } catch (error) {
    statement[Symbol.dispose]()
    throw error
  }
}

/** EXPLAIN ANALYZE runs what it explains, so that must be a SELECT too. */
async function checkExplained(connection: Connection, sql: string): Promise<void> {
  const explained = sql.replace(EXPLAIN, '')
  if (explained === sql) throw refused('this EXPLAIN cannot be taken apart')
  using inner = await connection.prepare(explained)
  if (inner.kind !== 'SELECT') throw refused('what this EXPLAIN runs does more than read')
}

const refused = (message: string): Fault => new Fault('invalid', message, { remedy: REMEDY })
