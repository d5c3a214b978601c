import { DUCKDB_TYPES, openDuckdb, sqlName, sqlText } from '../../duckdb/duckdb.ts'
import { isFault } from '../../flow/fault.ts'
import type { Wanted } from '../../lake/lake.ts'
import type { Table } from '../../market/tables.ts'
import { viewStatements, type ViewOptions } from '../views.ts'
import { stretchesOf } from './plan-tree.ts'
import { wantedOf } from './stretch.ts'
import { isNode, nodesOf, type Node } from './terms.ts'

/**
 * Those that move conditions towards the scans. None that looks at what the tables hold, which here is nothing,
 * and so would prove that any answer is empty.
 */
const OPTIMIZERS = [
  'expression_rewriter',
  'filter_pullup',
  'filter_pushdown',
  'cte_inlining',
  'cte_filter_pusher',
  'in_clause',
  'regex_range',
] as const
const MEMORY_MB = 64
// A statement that asks the clock is run later than it is planned: a query that fetches files may wait this long.
const LATER_MS = 3_600_000
const CLOCK =
  /\b(now|today|get_current_\w+|current_\w+|local_?time\w*|transaction_timestamp|statement_timestamp|age)\b/i

/** For each table, what a statement wants of it; null: it does not read the table at all. */
export type Wants = ReadonlyMap<string, Wanted | null>

export type Pruning = AsyncDisposable & {
  /** What `sql`, one statement, wants; `null` or anything that DuckDB cannot plan here wants everything. */
  wants(sql: string | null): Promise<Wants>
}

/**
 * Plans statements over tables without rows, in an engine of its own that can open no file, to learn which rows
 * of them matter. What it does not recognise prunes nothing.
 */
export async function openPruning(tables: readonly Table[], views?: ViewOptions): Promise<Pruning> {
  await using opening = new AsyncDisposableStack()
  const duckdb = opening.use(
    await openDuckdb({
      threads: 1,
      memoryMb: MEMORY_MB,
      spillDir: null,
      readable: [],
      optimizers: OPTIMIZERS,
    }),
  )
  using connection = await duckdb.connect()
  for (const { name, fields } of tables) {
    const columns = fields.map((field) => `${sqlName(field.name)} ${DUCKDB_TYPES[field.type]}`)
    await connection.run(`CREATE TABLE ${name} (${columns.join(', ')})`)
  }
  for (const statement of viewStatements(views)) await connection.run(statement)
  const closing = opening.move()
  const everything: Wants = new Map(tables.map(({ name }) => [name, {}]))
  return {
    wants: async (sql) => {
      if (sql === null) return everything
      using session = await duckdb.connect()
      const plans = await plansOf(sql, (text) => session.all(text))
      return plans === null ? everything : wantsOf({ plans, tables, sql })
    },
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}

type All = (sql: string) => Promise<readonly (readonly unknown[])[]>

/** Null: it is not a statement that DuckDB plans over these tables alone. */
async function plansOf(sql: string, all: All): Promise<readonly Node[] | null> {
  const planned = `json_serialize_plan(${sqlText(sql)}, optimize := true, skip_null := true, skip_empty := true)`
  try {
    const [[json] = []] = await all(`SELECT ${planned}::VARCHAR`)
    const answer: unknown = typeof json === 'string' ? JSON.parse(json) : null
    return isNode(answer) && answer['error'] === false ? nodesOf(answer['plans']) : null
  } catch (error) {
    if (isFault(error) || error instanceof SyntaxError) return null
    throw error
  }
}

type Planned = {
  readonly plans: readonly Node[]
  readonly tables: readonly Table[]
  readonly sql: string
}

function wantsOf({ plans, tables, sql }: Planned): Wants {
  const laterMs = CLOCK.test(sql) ? LATER_MS : 0
  return new Map(
    [...stretchesOf(plans, tables)].map(([name, { scans, stretch }]) => {
      const named = timesNamed(plans, name)
      if (named === 0) return [name, null]
      if (named !== scans) return [name, {}]
      const { toMs, ...wanted } = wantedOf(stretch)
      return [name, toMs === undefined ? wanted : { ...wanted, toMs: toMs + laterMs }]
    }),
  )
}

/** How often the table stands anywhere in the plans: a place that was not understood counts too. */
function timesNamed(value: unknown, table: string): number {
  if (typeof value !== 'object' || value === null) return 0
  const here = 'table' in value && value.table === table ? 1 : 0
  return Object.values(value).reduce((sum, inner) => sum + timesNamed(inner, table), here)
}
