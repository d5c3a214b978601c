import { sqlName, type Connection } from '../../duckdb/duckdb.ts'
import { textSql } from './relation.ts'
import type { RewriteColumn } from './rewriter.ts'

// A last file this much larger than the target is not worth another one.
const SLACK = 1.3

export type Ranging = {
  /** The sort order's columns, the first one first. */
  readonly sort: readonly RewriteColumn[]
  readonly rows: number
  readonly rowsPerFile: number
}

/**
 * Conditions that cut the rows of the view `input` into ranges of the sort order, each about `rowsPerFile` rows,
 * in order and without overlap. A cut lies between two texts of the first column where it can; a text with more
 * rows than that is cut by the second column.
 */
export async function sortRanges(
  connection: Connection,
  { sort, rows, rowsPerFile }: Ranging,
): Promise<readonly string[]> {
  const [first, second] = sort
  if (first === undefined || rows <= rowsPerFile * SLACK) return ['true']
  if (first.type !== 'VARCHAR') return await pieces(connection, first, { rows, rowsPerFile })
  const counts = await connection.all(
    `SELECT ${sqlName(first.name)}, count(*) FROM input GROUP BY 1 ORDER BY 1 NULLS FIRST`,
  )
  const ranges: string[] = []
  let from: string | null = null // everything below is in a range already; null: nothing is
  let gathered = 0
  const close = (to: string | null) => {
    ranges.push(between(first, from, to))
    from = to
    gathered = 0
  }
  for (const [i, [value, count]] of counts.entries()) {
    const own = Number(count)
    const text = typeof value === 'string' ? value : null
    if (text !== null && gathered > 0 && gathered + own > rowsPerFile * SLACK) close(text)
    if (text === null || second === undefined || own <= rowsPerFile * SLACK) {
      gathered += own
      continue
    }
    const only = `${sqlName(first.name)} = ${textSql(text)}`
    for (const piece of await pieces(connection, second, { rows: own, rowsPerFile, only }))
      ranges.push(`${only} AND ${piece}`)
    const [next] = counts[i + 1] ?? []
    if (typeof next !== 'string') return ranges
    from = next
    gathered = 0
  }
  if (gathered > 0) close(null)
  return ranges
}

/** A condition on the first column; nulls are below every text. */
function between(column: RewriteColumn, from: string | null, to: string | null): string {
  const name = sqlName(column.name)
  const conditions = [
    ...(from === null ? [] : [`${name} >= ${textSql(from)}`]),
    ...(to === null
      ? []
      : [
          from === null
            ? `(${name} IS NULL OR ${name} < ${textSql(to)})`
            : `${name} < ${textSql(to)}`,
        ]),
  ]
  return conditions.length === 0 ? 'true' : conditions.join(' AND ')
}

/** Ranges of one column of numbers or times. Cuts are estimates: sizes may differ, rows may not. */
async function pieces(
  connection: Connection,
  { name }: RewriteColumn,
  { rows, rowsPerFile, only = 'true' }: Omit<Ranging, 'sort'> & { readonly only?: string },
): Promise<readonly string[]> {
  const count = Math.ceil(rows / rowsPerFile)
  const shares = Array.from({ length: count - 1 }, (_, i) => (i + 1) / count)
  if (shares.length === 0) return ['true']
  const column = sqlName(name)
  const [[cuts] = []] = await connection.all(
    `SELECT list_transform(quantile_disc(${column}, [${shares.join(', ')}]), x -> x::VARCHAR) FROM input WHERE ${only}`,
  )
  const texts = Array.isArray(cuts)
    ? [...new Set(cuts.filter((cut) => typeof cut === 'string'))]
    : []
  const at = texts.map((text) => textSql(text))
  if (at.length === 0) return ['true']
  const bound = (i: number) => at[i] ?? ''
  return [
    `(${column} IS NULL OR ${column} < ${bound(0)})`,
    ...at.slice(1).map((to, i) => `${column} >= ${bound(i)} AND ${column} < ${to}`),
    `${column} >= ${bound(at.length - 1)}`,
  ]
}
