import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openViews } from '../../test/differential/duckdb-views.ts'
import { CLOSE_GRACE_MS, DAY_MS, dayOf, hoursOf, newYorkOffsetMs } from '../market/calendar.ts'
import { engineViews } from './views.ts'

const MARKET = { catalog: 'lake', database: 'market' } as const
const ENGINES = ['trino', 'athena'] as const

/** Reserved in SELECT statements (Amazon Athena User Guide, "Escape reserved keywords in queries"). */
const RESERVED_BY_ATHENA = new Set(
  `ALTER AND AS BETWEEN BY CASE CAST CONSTRAINT CREATE CROSS CUBE CURRENT_CATALOG CURRENT_DATE
CURRENT_PATH CURRENT_SCHEMA CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER DEALLOCATE DELETE DESCRIBE
DISTINCT DROP ELSE END ESCAPE EXCEPT EXECUTE EXISTS EXTRACT FALSE FIRST FOR FROM FULL GROUP GROUPING
HAVING IN INNER INSERT INTERSECT INTO IS JOIN JSON_ARRAY JSON_EXISTS JSON_OBJECT JSON_QUERY JSON_TABLE
JSON_VALUE LAST LEFT LIKE LISTAGG LOCALTIME LOCALTIMESTAMP NATURAL NORMALIZE NOT NULL OF ON OR ORDER
OUTER PREPARE RECURSIVE RIGHT ROLLUP SELECT SKIP TABLE THEN TRIM TRUE UESCAPE UNION UNNEST USING VALUES
WHEN WHERE WITH`.split(/\s+/),
)

test('each view reads tables and the views before it', () => {
  for (const dialect of ENGINES) {
    const known = ['records', 'feed_log']
    for (const { name, sql } of engineViews({ dialect, ...MARKET })) {
      const read = [...sql.matchAll(/(?:FROM|JOIN) "lake"\."market"\."(\w+)"/g)].map(([, of]) => of)
      for (const of of read) assert.ok(known.includes(of ?? ''), `${name} reads ${of}`)
      assert.ok(sql.startsWith(`CREATE OR REPLACE VIEW "lake"."market"."${name}" AS `))
      known.push(name)
    }
    const views = 'us_calendar trades dead_letters bars_1m bars_1d gaps'
    assert.equal(known.slice(2).join(' '), views)
  }
})

test('without a catalog, names begin with the database; quotes in one are doubled', () => {
  const [calendar, trades] = engineViews({ dialect: 'athena', database: 'my-"lake"' })
  assert.match(calendar?.sql ?? '', /^CREATE OR REPLACE VIEW "my-""lake"""\."us_calendar" AS /)
  assert.match(trades?.sql ?? '', /FROM "my-""lake"""\."records" AS r/)
})

test('exceptions of the listing stand in the text of trades', () => {
  const listing = { us: ["O'NEIL.L"], continuous: ['SPOT'] }
  for (const dialect of ENGINES) {
    const trades = engineViews({ dialect, ...MARKET, listing }).find(
      ({ name }) => name === 'trades',
    )
    assert.match(trades?.sql ?? '', /NOT symbol IN \('O''NEIL\.L'\)\) OR symbol IN \('SPOT'\)/)
  }
})

test('no name in a view is a word that Athena reserves', () => {
  for (const { name, sql } of engineViews({ dialect: 'athena', database: 'market' })) {
    const code = sql.replaceAll(/'[^']*'/g, "''")
    const names = [...code.matchAll(/[\w)] AS (\w+)\b(?! \()|\b\w\.(\w+)|^\)?,? ?(\w+) AS \(/gm)]
    const words = names.flatMap((match) => match.slice(1)).map((word) => word?.toUpperCase() ?? '')
    assert.ok(words.length > 3 || name === 'dead_letters')
    assert.deepEqual(
      words.filter((word) => RESERVED_BY_ATHENA.has(word)),
      [],
      name,
    )
  }
})

test('us_calendar has the hours of every day from 2000 to 2049', async () => {
  using views = await openViews()
  const rows = await views.query(
    `SELECT day, is_open, midnight_ts, open_ts, close_ts, regular_until_ts, last_eligible_until_ts
    FROM us_calendar ORDER BY day`,
  )
  const [first, next] = [dayOf(2000, 1, 1), dayOf(2050, 1, 1)]
  assert.equal(rows.length, next - first)
  for (const [i, row] of rows.entries()) {
    const day = first + i
    const { open, openMs, closeMs } = hoursOf(day)
    const noonOffsetMs = newYorkOffsetMs(day * DAY_MS + DAY_MS / 2)
    const midnightMs = day * DAY_MS - newYorkOffsetMs(day * DAY_MS + 4.5 * 3_600_000)
    assert.deepEqual(Object.values(row), [
      new Date(day * DAY_MS),
      open,
      new Date(midnightMs),
      new Date(openMs),
      new Date(closeMs),
      new Date(closeMs + CLOSE_GRACE_MS),
      new Date(day * DAY_MS - noonOffsetMs + 16 * 3_600_000 + 10_000),
    ])
  }
})
