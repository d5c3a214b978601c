import { sqlText } from '../duckdb/duckdb.ts'
import type { DataFile } from '../lake/lake.ts'
import { offset, partition, type LogId } from '../market/records.ts'
import type { Claim } from './claims.ts'
import { groupsOf, spansOf, withLakeView, type Span, type Viewing } from './lake-view.ts'
import type { Tell } from './verify.ts'

// Examples fetched of rows that stand for no record; the rest is counted.
const EXAMPLES_MAX = 1000

type Overlooking = {
  readonly viewing: Viewing
  readonly log: LogId
  readonly claims: readonly Claim[]
  /** Only a part was asked for: rows outside of it, and of other logs, are not looked at. */
  readonly bounded: boolean
  readonly tell: Tell
  /** About so many bytes of files are looked at a time. */
  readonly bytesMax: number
}
export type Overview = {
  /** Rows of this log that lie past the lake's position or the tape's end, or have no place. */
  readonly foreign: number
  /** Rows whose records were trimmed, and rows of other logs. */
  readonly unverifiable: number
}

/**
 * One pass over the places of all rows, a group of files after the other: finds those that no comparison of
 * stretches would meet, and where the others stand.
 */
export async function lookOver(
  looking: Overlooking,
  files: readonly DataFile[],
): Promise<Overview & { readonly spans: readonly Span[] }> {
  const { viewing, log, bytesMax } = looking
  const spans: Span[] = []
  const all = { foreign: 0, unverifiable: 0 }
  for (const group of groupsOf(files, bytesMax))
    await withLakeView(viewing, group, async (pathOf) => {
      const seen = await overview(looking)
      all.foreign += seen.foreign
      all.unverifiable += seen.unverifiable
      const byPath = new Map(group.map((file) => [pathOf(file.location), file]))
      spans.push(...(await spansOf(viewing.connection, log, byPath)))
    })
  return { ...all, spans }
}

async function overview({
  viewing: { connection, table },
  log,
  claims,
  bounded,
  tell,
}: Overlooking): Promise<Overview> {
  const values = claims.map(({ partition, earliest, end, position, from, to }) => {
    const claimed = Math.min(end, position ?? 0)
    return `(${partition}, ${earliest}::BIGINT, ${claimed}::BIGINT, ${from}::BIGINT, ${to}::BIGINT)`
  })
  const none = '(NULL::INTEGER, 0::BIGINT, 0::BIGINT, 0::BIGINT, 0::BIGINT)'
  const ours = `tape IS NOT DISTINCT FROM ${sqlText(log)}`
  const inside = bounded ? 'tape_offset >= f AND tape_offset < t' : 'true'
  // A row that a trimmed record stands for is not foreign; a row without a place always is.
  const foreign = `${ours} AND coalesce(tape_offset >= claimed AND ${inside}, true)`
  const trimmed = `${ours} AND tape_offset < least(earliest, claimed) AND ${inside}`
  const other = bounded ? 'false' : `NOT (${ours})`
  const from = `FROM lake LEFT JOIN (VALUES ${[none, ...values].join(', ')})
    AS claims(p, earliest, claimed, f, t) ON tape_partition = p`
  const [row = []] = await connection.all(
    `SELECT count(*) FILTER (${foreign}), count(*) FILTER ((${trimmed}) OR ${other}) ${from}`,
  )
  const counted = { foreign: Number(row[0] ?? 0), unverifiable: Number(row[1] ?? 0) }
  if (counted.foreign === 0) return counted
  const examples = await connection.all(
    `SELECT tape_partition, tape_offset ${from} WHERE ${foreign} ORDER BY ALL LIMIT ${EXAMPLES_MAX}`,
  )
  for (const [p = null, o = null] of examples)
    tell({
      kind: 'foreign',
      table: table.name,
      partition: p === null ? null : partition(Number(p)),
      offset: o === null ? null : offset(Number(o)),
    })
  return counted
}
