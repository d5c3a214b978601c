/** What a reader that is not ours sees of a table in Glue. */
export type Reading = {
  readonly rows: number
  /** The sum of `tape_offset`, decimal. */
  readonly offsets: string
  /** Of all rows in any order, decimal: what `CHECKSUM_SQL` computes. */
  readonly checksum: string
  /** How many nulls each column has. */
  readonly nulls: Readonly<Record<string, number>>
  /** Data files of the current snapshot. */
  readonly files: number
  /** Id of the current snapshot, decimal; empty: there is none. */
  readonly snapshot: string
  /** For each filter asked about: the files a scan would open, and the rows it gives. */
  readonly planned: Readonly<Record<string, { readonly files: number; readonly rows: number }>>
}

/** Of one table: the filters are `symbol=AAPL`, `day=2026-11-23`, or both with a comma between. */
export type ReadingOptions = {
  /** `database.table`. */
  readonly table: string
  readonly filters?: readonly string[]
  /** Where S3 and Glue are: the `env` of stack/aws.ts. */
  readonly env: Readonly<Record<string, string>>
}

/**
 * The checksum by each engine's SQL, an expression over the rows of `records`: the sum of the first
 * 48 bits of md5 of symbol, ts (µs), price and volume (millionths), tape_partition and tape_offset
 * with `|` between, null as nothing. Whole numbers alone are written out: engines print doubles
 * differently.
 */
export const CHECKSUM_SQL = {
  duckdb: `sum(('0x' || left(md5(${texts('VARCHAR', 'epoch_us(ts)')}), 12))::BIGINT)::VARCHAR`,
  trino: `cast(sum(cast(from_base(substr(to_hex(md5(to_utf8(${texts(
    'varchar',
    'cast(floor(to_unixtime(ts) * 1e6 + 0.5) as bigint)',
  )}))), 1, 12), 16) as decimal(38, 0))) as varchar)`,
} as const

function texts(string: string, micros: string): string {
  const millionths = (column: string) => `cast(floor(${column} * 1e6 + 0.5) as bigint)`
  const parts = ['symbol', micros, millionths('price'), millionths('volume')]
  return [...parts, 'tape_partition', 'tape_offset']
    .map((part) => `coalesce(cast(${part} as ${string}), '')`)
    .join(` || '|' || `)
}
