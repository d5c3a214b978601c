import { fileURLToPath } from 'node:url'
import type { DataFile } from '../lake/lake.ts'
import { sqlText } from './sql.ts'

/** A file as a manifest names it; `sizeBytes` as the manifest says. */
export type Located = Pick<DataFile, 'location' | 'sizeBytes'>
/** A data file, and what strikes rows of it out. */
export type Scanned = Pick<DataFile, 'location' | 'sizeBytes' | 'deletes'>

/** Files that DuckDB can open until they are released; release once. */
export type Held = {
  /** What DuckDB opens for a location that is held. */
  pathOf(location: string): string
  release(): Promise<void>
}

/**
 * Makes files readable by DuckDB, all or none. Faults: `invalid` (a file lies outside of the lake or is not
 * there, or they need more room than there may be), `unavailable` (the store is away, or the room is taken
 * for now), `closed` (aborted).
 */
export type Hold = (files: readonly Located[], signal: AbortSignal) => Promise<Held>

/** Files of this machine are read where they are. */
export const holdLocal: Hold = async () => ({ pathOf: localPath, release: async () => undefined })

/** Other engines write a local location as a URL; Java with one slash. */
const localPath = (location: string): string =>
  location.startsWith('file:')
    ? fileURLToPath(location.replace(/^file:\/(?!\/)/, 'file:///'))
    : location

/** All that reading `files` opens: them and their delete files, each once. */
export function opened(files: readonly Scanned[]): readonly Located[] {
  const all = files.flatMap(({ location, sizeBytes, deletes = [] }): Located[] => [
    { location, sizeBytes },
    ...deletes,
  ])
  return [...new Map(all.map((one) => [one.location, one])).values()]
}

export type Scanning = {
  readonly files: readonly Scanned[]
  readonly pathOf: (location: string) => string
  /** What is selected of each file, SQL. */
  readonly columns: string
  /** A table function over files, given as SQL texts; it must give `filename` and `file_row_number`. */
  readonly scan: (paths: readonly string[]) => string
}

/**
 * SELECTs whose UNION ALL gives the rows of `files` that nobody struck out. Rows are struck out by place, so
 * only files with deletes are read with their row numbers.
 */
export function selectLiving({ files, pathOf, columns, scan }: Scanning): readonly string[] {
  const isStruck = ({ deletes = [] }: Scanned) => deletes.length > 0
  const paths = (some: readonly Scanned[]) => some.map((file) => sqlText(pathOf(file.location)))
  const whole = files.filter((file) => !isStruck(file))
  const struck = files.filter(isStruck)
  const parts: string[] = []
  if (whole.length > 0) parts.push(`SELECT ${columns} FROM ${scan(paths(whole))}`)
  if (struck.length > 0)
    parts.push(
      `SELECT ${columns} FROM ${scan(paths(struck))} AS data ANTI JOIN (${struckOut(struck, pathOf)}) AS struck
ON struck.path = data.filename AND struck.pos = data.file_row_number`,
    )
  return parts
}

/**
 * (path, pos) of the rows struck out. Columns of a delete file by their names, which are fixed (Iceberg v2
 * specification, "Position Delete Files"), so a file that has them not is an error rather than no deletes.
 */
function struckOut(files: readonly Scanned[], pathOf: Scanning['pathOf']): string {
  const deletes = new Set(files.flatMap((file) => file.deletes ?? []).map((one) => one.location))
  const paths = [...deletes].map((location) => sqlText(pathOf(location)))
  const names = files.map(
    ({ location }) => `(${sqlText(canonical(location))}, ${sqlText(pathOf(location))})`,
  )
  return `SELECT named.path, listed.pos FROM read_parquet([${paths.join(', ')}], union_by_name = true) AS listed
JOIN (VALUES ${names.join(', ')}) AS named(location, path)
  ON named.location = ${CANONICAL.reduce(
    (text, [pattern, to]) => `regexp_replace(${text}, ${sqlText(pattern)}, ${sqlText(to)})`,
    'listed.file_path',
  )}`
}

// The same file by other names: Hadoop's for S3, Java's and others' for a local one.
const CANONICAL = [
  ['^s3[an]://', 's3://'],
  ['^file:/+', '/'],
] as const

const canonical = (location: string): string =>
  CANONICAL.reduce((text, [pattern, to]) => text.replace(new RegExp(pattern), to), location)
