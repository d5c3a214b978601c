import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import * as fc from 'fast-check'
import { ddlStatements } from '../../src/aws/ddl.ts'
import { FEED_LOG, RECORDS, type FieldType, type Table } from '../../src/market/tables.ts'
import { engineViews, viewStatements, type EngineViewOptions } from '../../src/query/views.ts'
import { startAws } from '../../stack/aws.ts'
import { startTrino } from '../../stack/trino.ts'
import { openViews, type RowObject } from '../differential/duckdb-views.ts'
import { anySessionLog, stretched } from '../differential/session-logs.ts'
import { EXACT_SYMBOLS, feedLogRows, hostileRecords, LISTING } from './hostile-rows.ts'

const DATABASE = 'views'
const ROWS_AT_ONCE = 4_000 // a statement has a million characters at most
const LOGS = 120
const LOG_SEED = 7
const BIRTH_MS = Date.parse('2026-06-30T23:59:00Z')

type Cell = string | number | boolean | null
type Row = Readonly<Record<string, Cell>>
/** A view's rows, times as ms since 1970 UTC, bytes as base64; in the order of `by`. */
type Answer = { readonly columns: readonly string[]; readonly rows: ReadonlyMap<string, Row> }

const EPOCH = "TIMESTAMP '1970-01-01 00:00:00.000000'"
const JSON_TYPES: Readonly<Record<FieldType, string>> = {
  string: 'varchar',
  timestamp: 'bigint',
  double: 'double',
  boolean: 'boolean',
  int: 'integer',
  long: 'bigint',
  binary: 'varchar',
}

/** What tells the rows of a view apart. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  us_calendar: ['day'],
  trades: ['tape', 'tape_partition', 'tape_offset'],
  dead_letters: ['tape', 'tape_partition', 'tape_offset'],
  bars_1m: ['symbol', 'session', 'bucket'],
  bars_1d: ['symbol', 'session', 'bucket'],
  gaps: ['symbol', 'from_ts'],
}
/** Sums of doubles, added in an order that is each engine's own. */
const SUMS: readonly string[] = ['volume', 'vwap']

const aws = await startAws()
const trino = await startTrino({ aws })
const duckdb = await openViews(LISTING)
after(async () => {
  duckdb[Symbol.dispose]()
  await trino[Symbol.asyncDispose]()
  await aws[Symbol.asyncDispose]()
})

const logs = fc.sample(anySessionLog, { numRuns: LOGS, seed: LOG_SEED }).reduce<{
  readonly endMs: number
  readonly all: readonly ReturnType<typeof shifted>[]
}>(
  ({ endMs, all }, { events, now }, i) => {
    const scale = [1, 1_000, 20_000][i % 3] ?? 1
    const later = (i % 4 === 0 ? 0 : 25) * scale // now and then two tapes lie over each other
    return {
      endMs: endMs + now * scale + later,
      all: [...all, shifted(stretched(events, scale), endMs)],
    }
  },
  { endMs: BIRTH_MS, all: [] },
)

function shifted(events: ReturnType<typeof stretched>, byMs: number) {
  const moved = (ms: number | null) => (ms === null ? null : ms + byMs)
  return events.map((event) => ({
    ...event,
    at: event.at + byMs,
    from: moved(event.from),
    to: moved(event.to),
  }))
}

/** Where what ends the last gap differs; the dialects differ in the types of times alone. */
const late = { 'long after': logs.endMs + 600_000 }
const MOMENTS = {
  athena: late,
  trino: {
    ...late,
    'just after the last event': logs.endMs + 1,
    'in the middle of it': Math.floor((BIRTH_MS + logs.endMs) / 2),
  },
} as const

const optionsOf = (dialect: EngineViewOptions['dialect']) =>
  ({ dialect, catalog: trino.catalog, database: DATABASE, listing: LISTING }) as const

before(async () => {
  const place = { catalog: trino.catalog, database: DATABASE, location: `s3://${aws.bucket}/lake` }
  const views = engineViews(optionsOf('trino'))
  for (const { name, sql, needed } of ddlStatements({ engine: 'trino', ...place, views })) {
    // The rows are of 50 years: by day they would be as many files.
    if (!needed) await trino.run(sql.replace(/partitioning = .*,/, ''))
    else await trino.run(sql).catch((error: unknown) => assert.fail(`${name}: ${String(error)}`))
  }
  await fill(RECORDS, hostileRecords())
  await fill(FEED_LOG, feedLogRows(logs.all))
})

/** Both engines get the same rows; Trino as JSON, of which it plans 4,000 rows sooner than 500 of VALUES. */
async function fill(table: Table, rows: readonly RowObject[]): Promise<void> {
  await duckdb.fill(table, rows)
  const cells = table.fields.map(({ name, type }) => `${name} ${JSON_TYPES[type]}`)
  const columns = table.fields.map(({ name, type }) =>
    type === 'timestamp' ? `${EPOCH} + ${name} * INTERVAL '0.001' SECOND` : bytesOr(type, name),
  )
  for (let first = 0; first < rows.length; first += ROWS_AT_ONCE) {
    const part = rows.slice(first, first + ROWS_AT_ONCE)
    const json = JSON.stringify(
      part.map((row) => table.fields.map(({ name }) => row[name] ?? null)),
    )
    await trino.run(`INSERT INTO ${DATABASE}.${table.name} SELECT ${columns.join(', ')}
      FROM UNNEST(CAST(json_parse('${json.replaceAll("'", "''")}') AS array(row(${cells.join(', ')}))))`)
  }
}

const bytesOr = (type: FieldType, name: string) => (type === 'binary' ? `to_utf8(${name})` : name)

async function trinoRows(view: string): Promise<Answer> {
  const { columns, rows } = await trino.run(`SELECT * FROM ${DATABASE}.${view}`)
  const read = columns.map(({ type }) => readerOf(type))
  return answerOf(
    view,
    columns.map(({ name }) => name),
    rows.map((row) => row.map((cell, i) => (cell === null ? null : (read[i]?.(cell) ?? null)))),
  )
}

/** By the type that Trino says. */
function readerOf(type: string): (cell: unknown) => Cell {
  if (type.startsWith('timestamp'))
    return (cell) => {
      const [, millis = '', rest = ''] = /^(.*\.\d{3})(\d*)$/.exec(String(cell)) ?? []
      assert.match(rest, /^0*$/)
      return Date.parse(`${millis.replace(' ', 'T')}Z`)
    }
  if (type === 'double' || type === 'bigint' || type === 'integer') return Number
  if (type === 'boolean') return (cell) => cell === true
  assert.match(type, /^(varchar.*|date|varbinary)$/)
  return String
}

async function duckdbRows(view: string): Promise<Answer> {
  const [first, ...others] = await duckdb.query(`SELECT * FROM ${view}`)
  assert.ok(first !== undefined, `${view} has no rows`)
  const columns = Object.keys(first)
  const isDay = (column: string) =>
    ['day', 'trade_date'].includes(column) || (view === 'bars_1d' && column === 'bucket')
  const shown = (cell: unknown, column: string): Cell => {
    if (cell instanceof Date)
      return isDay(column) ? cell.toISOString().slice(0, 10) : cell.getTime()
    if (cell instanceof Uint8Array) return Buffer.from(cell).toString('base64')
    return typeof cell === 'bigint' ? Number(cell) : (cell as Cell)
  }
  const rows = [first, ...others]
  return answerOf(
    view,
    columns,
    rows.map((row) => columns.map((column) => shown(row[column], column))),
  )
}

function answerOf(
  view: string,
  columns: readonly string[],
  cells: readonly (readonly Cell[])[],
): Answer {
  const key = KEYS[view] ?? assert.fail(view)
  const rows = cells.map((row) =>
    Object.fromEntries(row.map((cell, i) => [columns[i] ?? '', cell])),
  )
  const keyed = new Map(rows.map((row) => [JSON.stringify(key.map((name) => row[name])), row]))
  assert.equal(keyed.size, rows.length, `${view}: a key stands twice`)
  return { columns, rows: keyed }
}

/**
 * The same columns in the same order and the same rows, every value to its last digit; but for the sums `volume`
 * and `vwap` of bars whose prices and volumes are no small binary fractions: these within 1e-12 of their size.
 */
function assertSame(view: string, actual: Answer, expected: Answer): void {
  const isOwn = (column: string) => view === 'bars_1m' && column === 'utc_date'
  assert.deepEqual(
    actual.columns.filter((column) => !isOwn(column)),
    expected.columns,
  )
  for (const { utc_date: day, bucket } of view === 'bars_1m' ? actual.rows.values() : [])
    assert.equal(day, new Date(Number(bucket)).toISOString().slice(0, 10))
  assert.deepEqual([...actual.rows.keys()].toSorted(), [...expected.rows.keys()].toSorted())
  for (const [key, wanted] of expected.rows) {
    const row = actual.rows.get(key) ?? assert.fail(key)
    for (const [column, value] of Object.entries(wanted)) {
      const found = row[column]
      const exact = EXACT_SYMBOLS.includes(String(wanted['symbol'])) || !view.startsWith('bars')
      if (exact || !SUMS.includes(column) || typeof value !== 'number' || typeof found !== 'number')
        assert.equal(found, value, `${view} ${key} ${column}`)
      else
        assert.ok(
          Object.is(found, value) || Math.abs(found - value) <= 1e-12 * Math.abs(value),
          `${view} ${key} ${column}: ${found} ${value}`,
        )
    }
  }
}

for (const dialect of ['trino', 'athena'] as const)
  describe(`the views in the dialect of ${dialect}, run by Trino`, () => {
    before(async () => {
      for (const { sql } of engineViews(optionsOf(dialect))) await trino.run(sql)
    })

    for (const view of Object.keys(KEYS).filter((name) => name !== 'gaps'))
      test(`${view} has the rows that DuckDB's has`, async () => {
        const expected = await duckdbRows(view)
        assertSame(view, await trinoRows(view), expected)
      })

    for (const [when, nowMs] of Object.entries(MOMENTS[dialect]))
      test(`gaps has the rows that DuckDB's has, ${when}`, async () => {
        for (const { name, sql } of engineViews({ ...optionsOf(dialect), nowMs }))
          if (name === 'gaps') await trino.run(sql)
        for (const statement of viewStatements({ nowMs }))
          if (statement.includes('VIEW gaps')) await duckdb.run(statement)
        assertSame('gaps', await trinoRows('gaps'), await duckdbRows('gaps'))
      })
  })

test('an open gap ends at the engine’s own clock', async () => {
  const gaps = engineViews(optionsOf('athena')).find(({ name }) => name === 'gaps')
  await trino.run(gaps?.sql ?? '')
  const { rows } = await trinoRows('gaps')
  const open = [...rows.values()].filter((row) => row['open'] === true)
  assert.ok(open.length > 0)
  for (const { to_ts: to } of open) assert.ok(Math.abs(Number(to) - Date.now()) < 60_000)
})

test('a filter on ts or symbol stands at the scan of the table, where it leaves files out', async () => {
  const atScan = async (view: string, filter: string) => {
    const plan = await explained(`SELECT * FROM ${DATABASE}.${view} WHERE ${filter}`)
    return (
      /\bScanFilter\w*\[table = lake:views\.records.*filterPredicate = (.*)\]/.exec(plan)?.[1] ?? ''
    )
  }
  const day = "ts >= TIMESTAMP '2026-07-01' AND ts < TIMESTAMP '2026-07-02'"
  const found = /\(ts >= timestamp\(6\) '2026-07-01 00:00:00.000000'\) AND \(ts < /
  assert.match(await atScan('trades', day), found)
  assert.match(await atScan('bars_1m', "utc_date = DATE '2026-07-01'"), found)
  for (const view of ['trades', 'bars_1m', 'bars_1d'])
    assert.match(await atScan(view, "symbol = 'AAPL'"), /\(symbol = varchar 'AAPL'\)/)
})

test('the calendar goes to the trades, and not the trades to the calendar', async () => {
  const plan = await explained(`SELECT * FROM ${DATABASE}.trades`)
  assert.match(plan, /LeftJoin\[.*distribution = REPLICATED\]/)
})

test('the view gaps reads the feed log four times and stays below the limits of a plan', async () => {
  const plan = await explained(`SELECT * FROM ${DATABASE}.gaps`)
  assert.equal(plan.match(/\[table = lake:views\.feed_log/g)?.length, 4)
  assert.ok((plan.match(/^Fragment \d+/gm)?.length ?? 0) < 50) // query.max-stage-count is 150
})

async function explained(sql: string): Promise<string> {
  const [[plan] = []] = await trino.query(`EXPLAIN ${sql}`)
  return String(plan)
}
