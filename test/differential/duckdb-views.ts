import { DuckDBInstance, DuckDBTimestampValue, type DuckDBAppender } from '@duckdb/node-api'
import { FEED_LOG, RECORDS, type FieldType, type Table } from '../../src/market/tables.ts'
import { viewStatements, type ViewOptions } from '../../src/query/views.ts'

const TYPES: Readonly<Record<FieldType, string>> = {
  string: 'VARCHAR',
  timestamp: 'TIMESTAMP',
  double: 'DOUBLE',
  boolean: 'BOOLEAN',
  int: 'INTEGER',
  long: 'BIGINT',
  binary: 'BLOB',
}

/** A row by column name; timestamps are ms since 1970 UTC, absent cells null. */
export type RowObject = Readonly<Record<string, string | number | boolean | null>>

export type ViewsUnderTest = Disposable & {
  /** Replaces all rows of a table. */
  fill(table: Table, rows: readonly RowObject[]): Promise<void>
  query(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>
  run(sql: string): Promise<void>
}

/** DuckDB in memory with empty tables `records` and `feed_log`, and the product's views over them. */
export async function openViews(options: ViewOptions = {}): Promise<ViewsUnderTest> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' })
  const connection = await instance.connect()
  const run = async (sql: string) => void (await connection.run(sql))
  await run("SET TimeZone = 'UTC'")
  for (const { name, fields } of [RECORDS, FEED_LOG]) {
    const columns = fields.map((field) => `"${field.name}" ${TYPES[field.type]}`)
    await run(`CREATE TABLE ${name} (${columns.join(', ')})`)
  }
  for (const statement of viewStatements(options)) await run(statement)
  return {
    run,
    async fill(table, rows) {
      await run(`DELETE FROM ${table.name}`)
      const appender = await connection.createAppender(table.name)
      for (const row of rows) {
        for (const { name, type } of table.fields) appendCell(appender, type, row[name] ?? null)
        appender.endRow()
      }
      appender.closeSync()
    },
    query: async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJS(),
    [Symbol.dispose]() {
      connection.closeSync()
      instance.closeSync()
    },
  }
}

function appendCell(appender: DuckDBAppender, type: FieldType, cell: RowObject[string]): void {
  if (cell === null || cell === undefined) return appender.appendNull()
  switch (type) {
    case 'string':
      return appender.appendVarchar(String(cell))
    case 'timestamp':
      return appender.appendTimestamp(
        new DuckDBTimestampValue(BigInt(Math.round(Number(cell) * 1000))),
      )
    case 'double':
      return appender.appendDouble(Number(cell))
    case 'boolean':
      return appender.appendBoolean(cell === true)
    case 'int':
      return appender.appendInteger(Number(cell))
    case 'long':
      return appender.appendBigInt(BigInt(cell))
    case 'binary':
      return appender.appendBlob(Buffer.from(String(cell)))
    default:
      return type satisfies never
  }
}
