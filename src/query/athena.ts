import type { AthenaApi, ColumnShape, ResultPage } from './athena/api.ts'
import { execute, stopped, type Executed, type ExecutionOptions } from './athena/execution.ts'
import { reader, resultColumn } from './athena/values.ts'
import { deadlineOf, limitRows } from './duckdb/limits.ts'
import type { Query, ResultColumn, Value } from './query.ts'
import { readOnlyStatement } from './read-only.ts'

/** `api` is closed with the query. */
export type AthenaQueryOptions = ExecutionOptions

/**
 * SQL by Athena over the lake; values as athena/values.ts reads them. `run` resolves when Athena has the whole
 * answer, in S3; its batches are fetched as they are read. Aborting stops the query at AWS; what it read by
 * then is billed. `asOf.receivedMs` is null: what Athena read is for the query to ask.
 */
export function openAthenaQuery(options: AthenaQueryOptions): Query {
  const { api, clock } = options
  return {
    covers: 'lake',
    run: async (sql, limits, signal) => {
      const statement = readOnlyStatement(sql)
      const deadline = deadlineOf(limits, clock, signal)
      try {
        const done = await execute(options, statement, deadline.signal)
        const results = await resultsOf(api, done, deadline.signal)
        const release = async () => deadline.clear()
        const limited = limitRows(results, limits, { release, explain: deadline.explain })
        return {
          asOf: { covers: 'lake', receivedMs: null, degraded: false },
          columns: results.columns,
          ...limited,
        }
      } catch (error) {
        deadline.clear()
        throw deadline.explain(error)
      }
    },
    [Symbol.asyncDispose]: async () => api[Symbol.dispose](),
  }
}

type Results = {
  readonly columns: readonly ResultColumn[]
  readonly batches: AsyncIterable<readonly (readonly Value[])[]>
}

async function resultsOf(api: AthenaApi, done: Executed, signal: AbortSignal): Promise<Results> {
  const first = await pageOf(api, { id: done.id, token: null, signal })
  const rows = hasHeader(done, first) ? first.rows.slice(1) : first.rows
  const isTabbed = done.execution.statement !== 'DML'
  return {
    columns: first.columns.map(resultColumn),
    batches: pages(api, { id: done.id, isTabbed, first: { ...first, rows }, signal }),
  }
}

type Asking = {
  readonly id: string
  readonly token: string | null
  readonly signal: AbortSignal
}

async function pageOf(api: AthenaApi, { id, token, signal }: Asking): Promise<ResultPage> {
  try {
    return await api.page(id, token, signal)
  } catch (error) {
    throw signal.aborted ? stopped(error) : error
  }
}

/** The names of the columns come again as the first row of what SELECT answers, and of no SHOW. */
function hasHeader({ execution, sql }: Executed, { columns, rows }: ResultPage): boolean {
  if (execution.statement === 'DML') return rows.length > 0
  const isHead = columns.every(({ name }, i) => rows[0]?.[i] === name)
  return isHead && /^\s*EXPLAIN\b/i.test(sql)
}

/** DESCRIBE gives a row as one text, its columns padded and parted by tabs. */
function untabbed(row: ResultPage['rows'][number], width: number): ResultPage['rows'][number] {
  const [whole, ...rest] = row
  if (typeof whole !== 'string' || rest.length > 0 || width < 2) return row
  return whole.split('\t').map((part) => part.trim())
}

type Reading = {
  readonly id: string
  readonly isTabbed: boolean
  readonly first: ResultPage
  readonly signal: AbortSignal
}

async function* pages(
  api: AthenaApi,
  { id, isTabbed, first, signal }: Reading,
): AsyncGenerator<readonly (readonly Value[])[]> {
  const readers = first.columns.map(nullable)
  let page = first
  for (;;) {
    const { next } = page
    const rows = isTabbed ? page.rows.map((row) => untabbed(row, readers.length)) : page.rows
    if (rows.length > 0) yield rows.map((row) => readers.map((read, i) => read(row[i] ?? null)))
    if (next === null) return
    page = await pageOf(api, { id, token: next, signal })
  }
}

function nullable(column: ColumnShape): (text: string | null) => Value {
  const read = reader(column)
  return (text) => (text === null ? null : read(text))
}
