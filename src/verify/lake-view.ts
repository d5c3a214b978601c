import {
  DUCKDB_TYPES,
  opened,
  selectLiving,
  sqlName,
  sqlText,
  type Connection,
  type Hold,
} from '../duckdb/duckdb.ts'
import type { DataFile } from '../lake/lake.ts'
import type { LogId, Offset, Partition } from '../market/records.ts'
import type { Table } from '../market/tables.ts'

/** How a verification reads files: `hold` makes them readable, at most about `bytesMax` at a time. */
export type Reads = { readonly hold: Hold; readonly bytesMax: number }

/** Records [first, next) of a partition: a file has at least one row in it, by its rows. */
export type Span = {
  readonly file: DataFile
  readonly partition: Partition
  readonly first: Offset
  readonly next: Offset
}

export type Viewing = {
  readonly connection: Connection
  readonly table: Table
  readonly hold: Hold
  readonly signal: AbortSignal
}

/**
 * Runs `act` while the temporary view `lake` gives every row of `files` that nobody struck out, and in `file`
 * where the row stands, as `pathOf` names it; no row is left out by what manifests say of it.
 */
export async function withLakeView<T>(
  { connection, table: { fields }, hold, signal }: Viewing,
  files: readonly DataFile[],
  act: (pathOf: (location: string) => string) => Promise<T>,
): Promise<T> {
  const { pathOf, release } = await hold(opened(files), signal)
  try {
    const columns = fields.map(
      ({ name, type }) => `CAST(${sqlName(name)} AS ${DUCKDB_TYPES[type]}) AS ${sqlName(name)}`,
    )
    const none = fields.map(({ name, type }) => `NULL::${DUCKDB_TYPES[type]} AS ${sqlName(name)}`)
    const parts = selectLiving({
      files,
      pathOf,
      columns: [...columns, 'filename AS file'].join(', '),
      scan: (paths) => `read_parquet([${paths.join(', ')}], union_by_name = true)`,
    })
    const select = parts.length === 0 ? `SELECT ${none.join(', ')}, '' AS file WHERE false` : parts
    await connection.run(
      `CREATE OR REPLACE TEMP VIEW lake AS ${[select].flat().join(' UNION ALL ')}`,
    )
    return await act(pathOf)
  } finally {
    await release()
  }
}

/** Files in groups of about `bytesMax`, in their order; a file that is larger is a group of its own. */
export function groupsOf(
  files: readonly DataFile[],
  bytesMax: number,
): readonly (readonly DataFile[])[] {
  const groups: DataFile[][] = []
  let room = 0
  for (const file of files) {
    const bytes = opened([file]).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    if (bytes > room || groups.length === 0) {
      groups.push([])
      room = bytesMax
    }
    groups.at(-1)?.push(file)
    room -= bytes
  }
  return groups.length === 0 ? [[]] : groups
}

/** Where the rows of `log` in the view stand; one pass over their places. */
export async function spansOf(
  connection: Connection,
  log: LogId,
  byPath: ReadonlyMap<string, DataFile>,
): Promise<readonly Span[]> {
  const rows = await connection.all(
    `SELECT file, tape_partition, min(tape_offset), max(tape_offset) FROM lake
     WHERE tape = ${sqlText(log)} AND tape_partition IS NOT NULL AND tape_offset IS NOT NULL GROUP BY ALL`,
  )
  return rows.flatMap(([path, partition, first, last]) => {
    const file = typeof path === 'string' ? byPath.get(path) : undefined
    if (file === undefined) return []
    const at = Number(first) as Offset
    return [
      {
        file,
        partition: Number(partition) as Partition,
        first: at,
        next: (Number(last) + 1) as Offset,
      },
    ]
  })
}
