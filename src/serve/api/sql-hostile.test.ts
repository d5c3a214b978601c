import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { openApartLake, type ApartLake } from '../../../test/fixtures/apart-small-lake.ts'
import { sqlApp, type SqlApp } from '../../../test/fixtures/sql-asked.ts'

const MILLIS_MAX = 1500
const GRACE_MS = 500
const NOT_HERE = /cannot be used here/
const NOT_A_READ = /does more than read/
const NO_FILE = /Cannot access file|does not exist/

/** `$out` is a path that a statement could write, `$secret` a file beside the lake. */
const REFUSED: readonly (readonly [sql: string, says: RegExp])[] = [
  // other files and addresses
  ["FROM read_csv('$secret')", NOT_HERE],
  ["FROM read_text('$secret')", NOT_HERE],
  ["FROM read_blob('$secret')", NOT_HERE],
  ["FROM read_json_auto('$secret')", NOT_HERE],
  ["FROM sniff_csv('$secret')", NOT_HERE],
  ["FROM glob('$secret')", NO_FILE],
  ["FROM parquet_scan('$secret')", NO_FILE],
  ["FROM read_parquet('../*')", NO_FILE],
  ["FROM '$secret'", NO_FILE],
  ['FROM "$secret"', NO_FILE],
  ["SELECT (SELECT count(*) FROM '$secret') FROM trades", NO_FILE],
  ["FROM 'https://127.0.0.1:1/x.parquet'", NO_FILE],
  ["FROM read_csv('http://169.254.169.254/latest/meta-data')", NOT_HERE],
  ["SET VARIABLE file = '$secret'", /SET does more than read/],
  ["FROM read_text(getvariable('file'))", NOT_HERE],
  // files written
  ["COPY (SELECT 1) TO '$out'", /COPY does more than read/],
  ["COPY us_calendar FROM '$secret'", /COPY does more/],
  ["EXPLAIN ANALYZE COPY (SELECT 1) TO '$out'", /COPY does more/],
  ["/* x */ eXpLaIn -- y\n (ANALYZE, FORMAT json) COPY (SELECT 1) TO '$out'", /COPY does more/],
  ["EXPORT DATABASE '$out'", /EXPORT does more/],
  ["IMPORT DATABASE '$out'", /IMPORT does more/],
  ["ATTACH '$out' AS other", /ATTACH does more/],
  ["FROM enable_logging(storage = 'file', storage_path = '$out')", NOT_HERE],
  // what the engine is
  ['INSTALL httpfs', /INSTALL does more/],
  ["LOAD '$out'", /LOAD does more/],
  ['PRAGMA database_list', /PRAGMA does more/],
  ["PRAGMA memory_limit = '100GB'", /PRAGMA does more/],
  ["SET memory_limit = '100GB'", /SET does more/],
  ['SET enable_external_access = true', /SET does more/],
  ['RESET threads', /RESET does more/],
  ['CALL enable_logging()', /CALL does more/],
  ['FROM force_checkpoint()', NOT_HERE],
  ['CHECKPOINT', /CHECKPOINT does more/],
  ['USE system', /USE does more/],
  ["CREATE SECRET (TYPE s3, KEY_ID 'a', SECRET 'b')", /CREATE does more/],
  ['FROM duckdb_secrets()', NOT_HERE],
  ["SELECT getenv('HOME')", /getenv does not exist/],
  // tables and names changed
  ['CREATE TABLE other AS SELECT 1', /CREATE does more/],
  ['CREATE TEMP VIEW records AS SELECT 1', /CREATE does more/],
  ['CREATE MACRO sum(x) AS 1', /CREATE does more/],
  ['INSERT INTO us_calendar SELECT * FROM us_calendar', /INSERT does more/],
  ['UPDATE us_calendar SET is_open = false', /UPDATE does more/],
  ['DELETE FROM us_calendar', /DELETE does more/],
  ['TRUNCATE us_calendar', /TRUNCATE does more/],
  ['ALTER TABLE us_calendar RENAME TO x', /ALTER does more/],
  ['DROP VIEW trades', /DROP does more/],
  ['EXPLAIN ANALYZE DELETE FROM us_calendar', /DELETE does more/],
  ['WITH x AS (DELETE FROM us_calendar RETURNING *) FROM x', /Parser Error|does more/],
  // more than one statement, and SQL that is not seen
  ['SELECT 1; DROP VIEW trades', NOT_A_READ],
  ['SELECT 1; SELECT 2', /2 statements/],
  ['SELECT 1 /* ; */; -- x\n DROP VIEW trades', NOT_A_READ],
  ["SELECT ';' -- '\n; DELETE FROM us_calendar", NOT_A_READ],
  ['SELECT 1\0; DROP VIEW trades', /NUL/],
  ['SELECT 1\uFF1B DROP VIEW trades', /Parser Error/],
  ['PREPARE p AS SELECT 1', /PREPARE does more/],
  ['EXECUTE p', /EXECUTE does more/],
  ['SELECT $1', /parameters/],
  ["FROM query('DELETE FROM us_calendar')", NOT_HERE],
  ["FROM query_table('$secret')", NOT_HERE],
  ["FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))", NOT_HERE],
  ["PIVOT (FROM read_csv('$secret')) ON word USING count(*)", /PIVOT is more than one/],
  ["UNPIVOT (FROM read_csv('$secret')) ON COLUMNS(*)", NOT_HERE],
  [`SELECT '${'x'.repeat(100_000)}'`, /100000/],
  [`SELECT ${'('.repeat(20_000)}1${')'.repeat(20_000)}`, /deep|depth|nest|memory|Parser|ended/i],
]

const TOO_LONG = /took (longer|too long)/
const TOO_MUCH = /needed more memory|Out of Memory|ended/

const BOUNDED: readonly (readonly [sql: string, says: RegExp])[] = [
  [
    'WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t',
    TOO_LONG,
  ],
  [
    "WITH RECURSIVE t AS (SELECT 'x' AS s UNION ALL SELECT s || s FROM t) SELECT max(s) FROM t",
    TOO_MUCH,
  ],
  [
    'SELECT count(*) FROM range(1_000_000) a, range(1_000_000) b WHERE a.range + b.range = -1',
    TOO_LONG,
  ],
  ['SELECT count(*) FROM generate_series(1, 100_000_000_000) t(i) WHERE i % 7 = 1', TOO_LONG],
  ['SELECT sleep_ms(100_000)', TOO_LONG],
  ["SELECT repeat('x', 1_000_000_000_000)", /maximum supported string size/],
  ["SELECT length(repeat('x' || i, 100_000_000)) FROM range(1000) t(i)", TOO_MUCH],
  ["SELECT printf('%1000000000d', 1)", /needed more memory|took too long/],
  ['SELECT len(range(4_000_000_000))', /needed more memory|took too long/],
  ['SELECT unnest(range(10_000_000_000))', /2\^32/],
  ["SELECT bitstring('1', 2_000_000_000)", /needed more memory|took too long/],
  ['SELECT list(i) FROM range(1_000_000_000) t(i)', /Out of Memory/],
  ["SELECT string_agg(i::VARCHAR, ',') FROM range(1_000_000_000) t(i)", /Out of Memory/],
  ['SELECT count(DISTINCT i) FROM range(1_000_000_000) t(i)', /Out of Memory/],
  ['FROM range(1_000_000_000) t(i) ORDER BY random()', /Out of Memory/],
]

describe('hostile statements', () => {
  let lake: ApartLake
  let app: SqlApp
  let places: (sql: string) => string
  before(async () => {
    lake = await openApartLake(GRACE_MS)
    const secret = join(lake.dir, 'secret.csv')
    await writeFile(secret, 'word\nsecret\n')
    app = sqlApp(lake.query, { millisMax: MILLIS_MAX })
    const out = join(lake.dir, 'hostile.out')
    places = (sql) => sql.replaceAll('$secret', secret).replaceAll('$out', out)
  })
  after(() => lake[Symbol.asyncDispose]())

  const wellAfterwards = async () => {
    assert.deepEqual((await app.run('SELECT count(*) FROM trades')).rows, [['100']])
    assert.deepEqual((await app.run('SELECT count(*) > 10000 FROM us_calendar')).rows, [[true]])
  }

  for (const [sql, says] of REFUSED)
    test(`${shown(sql)} is refused`, async () => {
      const files = await lake.files()
      const { status, error } = await app.run(places(sql))
      assert.equal(status, 400)
      assert.equal(error?.kind, 'invalid')
      assert.match(error?.message ?? '', says)
      assert.doesNotMatch(error?.message ?? '', /secret\n/)
      assert.notEqual(error?.remedy, '')
      await wellAfterwards()
      assert.deepEqual(await lake.files(), files)
    })

  for (const [sql, says] of BOUNDED)
    test(`${shown(sql)} is bounded`, async () => {
      const { error } = await app.run(sql)
      assert.equal(error?.kind, 'invalid')
      assert.match(error?.message ?? '', says)
      assert.notEqual(error?.remedy, '')
      await wellAfterwards()
    })

  test('an endless answer ends at rows_max', async () => {
    const { rows, lines } = await app.run('FROM range(100_000) a, range(100_000_000) b', 50)
    assert.equal(rows.length, 50)
    const last = lines.at(-1)
    assert.ok(last?.kind === 'end' && last.truncated)
    await wellAfterwards()
  })

  test('while one is looked at that never ends, others are checked and answered', async () => {
    const slow = app.run('SELECT count(*) FROM range(100_000_000_000) t(i) WHERE i % 7 = 1')
    const checked = await app.request('/api/sql/check', { sql: 'SELECT 1 AS one' })
    const columns = [{ name: 'one', type: 'INTEGER' }]
    assert.deepEqual(await checked.json(), { columns, error: null })
    await wellAfterwards()
    assert.match((await slow).error?.message ?? '', TOO_LONG)
  })
})

function shown(sql: string): string {
  return JSON.stringify(sql.length > 100 ? `${sql.slice(0, 100)}…` : sql)
}
