import { Fault } from '../flow/fault.ts'
import { FEED_LOG, RECORDS, type FieldType, type Table } from '../market/tables.ts'

/** A query string of Athena ("Service Quotas", Amazon Athena User Guide). */
const ATHENA_STATEMENT_BYTES_MAX = 262_144

/** A statement and what it is for, in one line; without a semicolon. */
export type Statement = {
  readonly name: string
  readonly why: string
  readonly sql: string
  /** False: it stands here to be read, or for a lake that nobody has landed in; setting up leaves it out. */
  readonly needed: boolean
}

export type DdlOptions = {
  readonly engine: 'athena' | 'trino'
  /** Trino's name of its Iceberg catalog on Glue; Athena has one of its own. */
  readonly catalog: string
  readonly database: string
  /** Where the lake is, `s3://bucket/prefix`; the database lies below it. */
  readonly location: string
  /** Those of query/views.ts for this engine, in their order. */
  readonly views: readonly { readonly name: string; readonly why: string; readonly sql: string }[]
}

/**
 * What makes a lake one that people can ask, in order: the database, the two tables (not needed where
 * `ticklake land` has made them), the views. Each may be run again. Throws `invalid` for a statement that is
 * longer than Athena takes.
 */
export function ddlStatements(options: DdlOptions): readonly Statement[] {
  const { engine, views } = options
  const statements = [
    databaseStatement(options),
    ...[RECORDS, FEED_LOG].map((table) => tableStatement(options, table)),
    ...views.map(({ name, why, sql }) => ({ name, why, sql, needed: true })),
  ]
  for (const { name, sql } of statements)
    if (engine === 'athena' && Buffer.byteLength(sql) > ATHENA_STATEMENT_BYTES_MAX)
      throw new Fault('invalid', `the statement for ${name} is longer than Athena takes`, {
        remedy: 'Name fewer symbols in the settings of listings: they are in its text.',
      })
  return statements
}

const databaseStatement = ({ engine, catalog, database, location }: DdlOptions): Statement => ({
  name: database,
  why: 'The Glue database that holds the tables and views.',
  sql:
    engine === 'athena'
      ? `CREATE DATABASE IF NOT EXISTS ${ticked(database)} LOCATION ${text(`${location}/${database}/`)}`
      : `CREATE SCHEMA IF NOT EXISTS ${quoted(catalog)}.${quoted(database)}
WITH (location = ${text(`${location}/${database}`)})`,
  needed: true,
})

/**
 * Columns get the ids 1, 2, … in their order, which are those of market/tables.ts, so `land` takes the table for
 * its own. What only a table that `land` made has: columns that refuse null in Athena's case, the sort order, and
 * ticklake's properties before the first commit.
 */
const tableStatement = (options: DdlOptions, table: Table): Statement => ({
  name: table.name,
  why: `${PURPOSES[table.name] ?? table.name} \`ticklake land\` makes it: this is to be read.`,
  sql: options.engine === 'athena' ? athenaTable(options, table) : trinoTable(options, table),
  needed: false,
})

const PURPOSES: Readonly<Record<string, string>> = {
  records: 'One row for each record of the tape, by day of ts.',
  feed_log: 'What the recorders said of their connections, by day of occurred_at.',
}

function athenaTable({ database, location }: DdlOptions, table: Table): string {
  const columns = table.fields.map(
    ({ name, type, doc }) => `  ${ticked(name)} ${ATHENA_TYPES[type]} COMMENT ${text(doc)}`,
  )
  return `CREATE TABLE IF NOT EXISTS ${ticked(database)}.${ticked(table.name)} (
${columns.join(',\n')}
)
PARTITIONED BY (day(${ticked(table.dayOf)}))
LOCATION ${text(`${location}/${database}/${table.name}`)}
TBLPROPERTIES ('table_type' = 'ICEBERG', 'format' = 'parquet', 'write_compression' = 'zstd')`
}

function trinoTable({ catalog, database, location }: DdlOptions, table: Table): string {
  const columns = table.fields.map(
    ({ name, type, required, doc }) =>
      `  ${quoted(name)} ${TRINO_TYPES[type]}${required ? ' NOT NULL' : ''} COMMENT ${text(doc)}`,
  )
  return `CREATE TABLE IF NOT EXISTS ${quoted(catalog)}.${quoted(database)}.${quoted(table.name)} (
${columns.join(',\n')}
)
WITH (
  format = 'PARQUET',
  format_version = 2,
  partitioning = ARRAY['day(${table.dayOf})'],
  location = ${text(`${location}/${database}/${table.name}`)}
)`
}

/** Data types of Athena's DDL for Iceberg, of Trino's for the same. */
const ATHENA_TYPES: Readonly<Record<FieldType, string>> = {
  string: 'string',
  timestamp: 'timestamp',
  double: 'double',
  boolean: 'boolean',
  int: 'int',
  long: 'bigint',
  binary: 'binary',
}
const TRINO_TYPES: Readonly<Record<FieldType, string>> = {
  ...ATHENA_TYPES,
  string: 'varchar',
  timestamp: 'timestamp(6)',
  int: 'integer',
  binary: 'varbinary',
}

const text = (value: string): string => `'${value.replaceAll("'", "''")}'`
/** Athena's DDL quotes names as Hive does, its queries as Trino does. */
const ticked = (name: string): string => `\`${name.replaceAll('`', '``')}\``
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
