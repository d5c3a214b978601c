import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { openSmallLake, tradeText, type SmallLake } from '../../../test/fixtures/small-lake.ts'
import { sqlApp, type SqlApp } from '../../../test/fixtures/sql-asked.ts'
import type { Query } from '../../query/query.ts'

const T0 = Date.UTC(2026, 10, 20, 15)
const ENDLESS = 'SELECT count(*) FROM range(100_000_000_000) t(i) WHERE i % 7 = 1'

describe('statements over HTTP', () => {
  let small: SmallLake
  let query: Query
  let app: SqlApp
  before(async () => {
    small = await openSmallLake()
    await small.append(
      Array.from({ length: 100 }, (_, i) => tradeText({ s: `S${i % 5}`, t: T0 + i, p: i })),
    )
    await small.land(60)
    query = await small.openQuery()
    app = sqlApp(query)
  })
  after(async () => {
    await query[Symbol.asyncDispose]()
    await small[Symbol.asyncDispose]()
  })

  test('an answer is its head, its rows and its end, over lake and tape', async () => {
    const { lines, rows } = await app.run(
      'SELECT symbol, count(*) AS n FROM trades GROUP BY 1 ORDER BY 1',
    )
    const [head, ...rest] = lines
    assert.ok(head?.kind === 'head')
    assert.deepEqual(head.columns, [
      { name: 'symbol', type: 'VARCHAR' },
      { name: 'n', type: 'BIGINT' },
    ])
    assert.equal(head.covers, 'lake and tail')
    assert.match(head.as_of ?? '', /^\d{4}-\d\d-\d\dT.*Z$/)
    assert.ok(head.planned !== null && head.planned.files >= 1 && head.planned.bytes > 0)
    assert.deepEqual(
      rows,
      [0, 1, 2, 3, 4].map((i) => [`S${i}`, '20']),
    )
    const end = rest.at(-1)
    assert.ok(end?.kind === 'end' && end.rows === 5 && !end.truncated && end.millis >= 0)
  })

  const VALUES: readonly (readonly [sql: string, value: unknown])[] = [
    ['9007199254740993', '9007199254740993'],
    ['[9007199254740993]', ['9007199254740993']],
    ["{'a': 1::BIGINT}", { a: '1' }],
    ['0.1::DECIMAL(38,20)', '0.10000000000000000000'],
    ['1.5::DOUBLE', 1.5],
    ["'NaN'::DOUBLE", 'NaN'],
    ["'-Infinity'::DOUBLE", '-Infinity'],
    ["TIMESTAMP '2026-11-23 12:00:00.000001'", '2026-11-23T12:00:00.000001Z'],
    ["'\\x00a'::BLOB", '\\x00a'],
    ["'<script>'", '<script>'],
    ['NULL', null],
    ['true', true],
  ]
  for (const [sql, value] of VALUES)
    test(`${sql} comes as ${JSON.stringify(value)}`, async () => {
      assert.deepEqual((await app.run(`SELECT ${sql}`)).rows, [[value]])
    })

  const WRONG: readonly (readonly [sql: string, word: string])[] = [
    ['SELEC 1', 'SELEC'],
    ['SELECT nothing FROM trades', 'nothing'],
    ["SELECT 'é😀',\n  nothing\nFROM trades", 'nothing'],
    ['EXPLAIN SELECT nothing FROM trades', 'nothing'],
    ['-- a comment\nFROM nowhere', 'nowhere'],
    [`SELECT ${'1, '.repeat(200)}nothing FROM trades`, 'nothing'],
    ['SELECT sum(price) FROM trades WHERE sum(price) > 1', 'sum(price) >'],
    ['SELECT symbol FROM trades GROUP BY 1 HAVING nosuch(symbol)', 'nosuch'],
    ['SELECT 1 +', ''],
  ]
  for (const [sql, word] of WRONG)
    test(`what is wrong with ${JSON.stringify(sql.slice(0, 60))} is told with its place`, async () => {
      for (const path of ['/api/sql', '/api/sql/check', '/api/exports']) {
        const response = await app.request(path, { sql, format: 'csv' })
        const { error } = (await response.json()) as {
          error: { position: number; message: string }
        }
        assert.equal(response.status, path.endsWith('check') ? 200 : 400)
        assert.equal(sql.slice(error.position, error.position + word.length), word)
        assert.equal(error.position, word === '' ? sql.length : sql.indexOf(word))
        assert.match(error.message, /Error: [^]*\n\nLINE \d+: /)
      }
    })

  test('what goes wrong on the way is the last line, with its place', async () => {
    const sql =
      "SELECT CAST(CASE WHEN i = 90000 THEN 'x' ELSE '1' END AS INTEGER), i FROM range(9_000_000) t(i)"
    const { status, lines, error } = await app.run(sql, 100_000)
    assert.equal(status, 200)
    assert.equal(lines[0]?.kind, 'head')
    assert.equal(lines[1]?.kind, 'rows')
    assert.match(error?.message ?? '', /Conversion Error/)
    assert.equal(error?.position, sql.indexOf('CAST'))
  })

  test('no more than rows_max rows come, and it is said that there are more', async () => {
    const { rows, lines } = await app.run('FROM range(10_000)', 7)
    assert.deepEqual(
      rows,
      [0, 1, 2, 3, 4, 5, 6].map((i) => [String(i)]),
    )
    const end = lines.at(-1)
    assert.ok(end?.kind === 'end' && end.truncated && end.rows === 7)
  })

  const GOOD = [
    'SELECT symbol, lag(price) OVER (PARTITION BY symbol ORDER BY ts) FROM trades',
    "FROM trades WHERE symbol = 'S1'",
    'VALUES (1), (2)',
    'WITH a AS (SELECT 1) FROM a',
    'DESCRIBE trades',
    'SHOW TABLES',
    'SUMMARIZE trades',
    'EXPLAIN FROM trades',
    'EXPLAIN ANALYZE SELECT count(*) FROM trades',
    'SELECT t.symbol FROM trades t ASOF JOIN trades u ON t.symbol = u.symbol AND t.ts >= u.ts',
    "PIVOT (FROM trades SELECT symbol, price) ON symbol IN ('S1', 'S2') USING avg(price)",
    "FROM bars('5m', from_ts := TIMESTAMP '2026-11-20')",
    'SELECT unnest(range(5)); -- and a comment',
  ]
  for (const sql of GOOD)
    test(`${sql} is answered, and checked`, async () => {
      const { error, rows, lines } = await app.run(sql)
      assert.equal(error, null)
      assert.ok(rows.length > 0)
      const checked = await app.request('/api/sql/check', { sql })
      const { columns } = (await checked.json()) as { columns: { name: string }[] }
      const head = lines[0]
      assert.ok(head?.kind === 'head')
      assert.equal(columns.length, head.columns.length)
    })

  test('a statement is made only as fast as it is read, and ends when its reader leaves', async () => {
    const response = await app.request('/api/sql', { sql: 'FROM range(90_000)', rows_max: 90_000 })
    const reader = response.body?.getReader()
    assert.ok(reader)
    await reader.read()
    const first = await reader.read()
    assert.ok(first.value !== undefined && first.value.length < 100_000)
    await reader.cancel()
    assert.deepEqual((await app.run('SELECT 1')).rows, [[1]])
  })

  test('one whose asker goes away is cancelled', async () => {
    const gone = new AbortController()
    const asked = app.request('/api/sql', { sql: ENDLESS }, gone.signal)
    setTimeout(() => gone.abort(), 50)
    const response = await asked
    const { error } = (await response.json()) as { error: { message: string } }
    assert.match(error.message, /cancelled/)
  })

  test('statements beyond those that may run wait for one of them to end', async () => {
    const gone = new AbortController()
    const slow = [1, 2, 3, 4].map(() => app.request('/api/sql', { sql: ENDLESS }, gone.signal))
    const fifth = app.run('SELECT 5')
    setTimeout(() => gone.abort(), 200)
    assert.deepEqual((await fifth).rows, [[5]])
    await Promise.all(slow)
  })

  test('a statement that is too long, or no text, is refused before it is looked at', async () => {
    for (const body of [
      { sql: 'x'.repeat(100_001) },
      { sql: 1 },
      {},
      { sql: '' },
      { sql: 'SELECT 1', rows_max: 0 },
    ]) {
      const response = await app.request('/api/sql', body)
      assert.equal(response.status, 400)
      const { error } = (await response.json()) as { error: { kind: string } }
      assert.equal(error.kind, 'invalid')
    }
  })
})
