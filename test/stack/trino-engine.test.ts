import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { systemClock } from '../../src/flow/clock.ts'
import { isFault } from '../../src/flow/fault.ts'
import { systemRandom } from '../../src/flow/random.ts'
import type { Progress } from '../../src/query/progress.ts'
import type { Query, Value } from '../../src/query/query.ts'
import { openTrinoQuery } from '../../src/query/trino.ts'
import { parseTrinoAddress } from '../../src/query/trino/address.ts'
import { startTrino, type Trino } from '../../stack/trino.ts'

const NO_LIMITS = { rowsMax: null, millisMax: null }
/** Nothing here reads a table: the catalog need not be there. */
const NOWHERE = {
  s3: 'http://127.0.0.1:1',
  glue: 'http://127.0.0.1:1',
  region: 'us-east-1',
  accessKeyId: 'none',
  secretAccessKey: 'none',
}

/** Each type of Trino, and its value as our own engine would give it. */
const TYPES: readonly (readonly [sql: string, type: string, value: Value])[] = [
  ['true', 'BOOLEAN', true],
  ["TINYINT '-128'", 'TINYINT', -128],
  ["SMALLINT '32767'", 'SMALLINT', 32_767],
  ['-2147483648', 'INTEGER', -2_147_483_648],
  ['9223372036854775807', 'BIGINT', 9_223_372_036_854_775_807n],
  ["BIGINT '-9223372036854775808'", 'BIGINT', -9_223_372_036_854_775_808n],
  ["BIGINT '9007199254740993'", 'BIGINT', 9_007_199_254_740_993n],
  ["BIGINT '0'", 'BIGINT', 0n],
  ["REAL '1.1'", 'FLOAT', 1.1],
  ['1E300', 'DOUBLE', 1e300],
  ['18446744073709551616E0', 'DOUBLE', 2 ** 64],
  ['0.1E0 + 0.2E0', 'DOUBLE', 0.1 + 0.2],
  ['nan()', 'DOUBLE', Number.NaN],
  ['-infinity()', 'DOUBLE', Number.NEGATIVE_INFINITY],
  ["REAL 'Infinity'", 'FLOAT', Number.POSITIVE_INFINITY],
  ["DECIMAL '1234567890123.45'", 'DECIMAL(15,2)', 1_234_567_890_123.45],
  [
    "DECIMAL '12345678901234567890123456789012345.678'",
    'DECIMAL(38,3)',
    '12345678901234567890123456789012345.678',
  ],
  ["''", 'VARCHAR', ''],
  ["'ü€😀'", 'VARCHAR', 'ü€😀'],
  ["CAST('a' AS char(3))", 'VARCHAR', 'a  '],
  ["X'616200ff5c'", 'BLOB', String.raw`ab\x00\xFF\x5C`],
  ["DATE '2026-11-23'", 'DATE', '2026-11-23'],
  ["TIME '01:02:03.123456'", 'TIME', '01:02:03.123456'],
  ["TIMESTAMP '2026-11-23 12:00:00'", 'TIMESTAMP', '2026-11-23T12:00:00.000Z'],
  ["TIMESTAMP '2026-11-23 12:00:00.123000'", 'TIMESTAMP', '2026-11-23T12:00:00.123Z'],
  ["TIMESTAMP '2026-11-23 12:00:00.123456'", 'TIMESTAMP', '2026-11-23T12:00:00.123456Z'],
  ["TIMESTAMP '2026-11-23 12:00:00.123456789'", 'TIMESTAMP', '2026-11-23T12:00:00.123456789Z'],
  ["TIMESTAMP '1969-12-31 23:59:59.999999'", 'TIMESTAMP', '1969-12-31T23:59:59.999999Z'],
  [
    "TIMESTAMP '2026-11-23 12:00:00.5 America/New_York'",
    'TIMESTAMP WITH TIME ZONE',
    '2026-11-23T17:00:00.500Z',
  ],
  [
    "TIMESTAMP '2026-11-23 12:00:00 +05:30'",
    'TIMESTAMP WITH TIME ZONE',
    '2026-11-23T06:30:00.000Z',
  ],
  ["INTERVAL '1 02:03:04.5' DAY TO SECOND", 'INTERVAL DAY TO SECOND', '1 02:03:04.500'],
  ["INTERVAL '1-2' YEAR TO MONTH", 'INTERVAL YEAR TO MONTH', '1-2'],
  ["UUID '12151fd2-7586-11e9-8f9e-2a86e4085a59'", 'UUID', '12151fd2-7586-11e9-8f9e-2a86e4085a59'],
  [`JSON '{"b":1,"a":[null]}'`, 'JSON', '{"a":[null],"b":1}'],
  ['NULL', 'UNKNOWN', null],
  ['ARRAY[1, NULL, 3]', 'array(integer)', [1, null, 3]],
  [
    "MAP(ARRAY[BIGINT '9007199254740993'], ARRAY[true])",
    'map(bigint, boolean)',
    [{ key: 9_007_199_254_740_993n, value: true }],
  ],
  [
    `CAST(ROW(1, ARRAY[TIMESTAMP '2026-01-01 00:00:00']) AS ROW(a bigint, "B c" array(timestamp(0))))`,
    'row(a bigint, "B c" array(timestamp(0)))',
    { a: 1n, 'B c': ['2026-01-01T00:00:00.000Z'] },
  ],
  ["ROW(1, 'x')", 'row(integer, varchar(1))', { field0: 1, field1: 'x' }],
]

describe('SQL by Trino', () => {
  let trino: Trino
  let query: Query
  const told: Progress[] = []
  before(async () => {
    trino = await startTrino({ aws: NOWHERE })
    query = openTrinoQuery({
      address: parseTrinoAddress(trino.url, false),
      password: null,
      clock: systemClock,
      random: systemRandom,
      tell: (progress) => told.push(progress),
    })
  })
  after(async () => trino[Symbol.asyncDispose]())

  const rowsOf = async (sql: string): Promise<readonly (readonly Value[])[]> => {
    const answer = await query.run(sql, NO_LIMITS, new AbortController().signal)
    return (await Array.fromAsync(answer.batches)).flat()
  }

  test('gives every type exactly', async () => {
    const sql = `SELECT ${TYPES.map(([text], i) => `${text} AS c${i}`).join(', ')}`
    const answer = await query.run(sql, NO_LIMITS, new AbortController().signal)
    const [row = []] = (await Array.fromAsync(answer.batches)).flat()
    TYPES.forEach(([text, type, value], i) => {
      assert.equal(answer.columns[i]?.type, type, text)
      assert.deepEqual(row[i], value, text)
    })
  })

  test('reads 100,000 rows page by page', async () => {
    const sql = `SELECT a * 10 + b FROM UNNEST(sequence(0, 9999)) AS x(a)
CROSS JOIN UNNEST(sequence(0, 9)) AS y(b)`
    const answer = await query.run(sql, NO_LIMITS, new AbortController().signal)
    let pages = 0
    const seen = new Set<Value>()
    for await (const batch of answer.batches) {
      pages += 1
      for (const [value = null] of batch) seen.add(value)
    }
    assert.equal(seen.size, 100_000)
    assert.ok(pages > 1, `${pages} pages`)
    assert.equal(told.at(-1)?.ended, true)
    assert.equal(told.at(-1)?.state, 'FINISHED')
  })

  test('ends a query at the server that is aborted, or of which enough was read', async () => {
    const stop = new AbortController()
    const endless = `SELECT count(*) /* endless */ FROM UNNEST(sequence(1, 10000)) AS a(x)
CROSS JOIN UNNEST(sequence(1, 10000)) AS b(y) CROSS JOIN UNNEST(sequence(1, 10000)) AS c(z)`
    const running = query
      .run(endless, NO_LIMITS, stop.signal)
      .then((answer) => Array.fromAsync(answer.batches))
    const isRunning = `SELECT count(*) FROM system.runtime.queries
WHERE query LIKE '%/* endless */%' AND query NOT LIKE '%runtime%' AND state = 'RUNNING'`
    while ((await rowsOf(isRunning))[0]?.[0] !== 1n) await delay(50)
    stop.abort()
    await assert.rejects(running, (error) => isFault(error, 'closed'))

    const many = `SELECT x /* many */ FROM UNNEST(sequence(1, 10000)) AS a(x)
CROSS JOIN UNNEST(sequence(1, 10000)) AS b(y)`
    const limits = { rowsMax: 10, millisMax: null }
    const answer = await query.run(many, limits, new AbortController().signal)
    assert.equal((await Array.fromAsync(answer.batches)).flat().length, 10)

    const states = async () =>
      await rowsOf(`SELECT state, error_code FROM system.runtime.queries
WHERE (query LIKE '%/* endless */%' OR query LIKE '%/* many */%') AND query NOT LIKE '%runtime%'`)
    const cancelled = [
      ['FAILED', 'USER_CANCELED'],
      ['FAILED', 'USER_CANCELED'],
    ]
    for (let i = 0; i < 50 && (await states()).some(([state]) => state !== 'FAILED'); i++)
      await delay(50)
    assert.deepEqual(await states(), cancelled)
  })

  test('ends a query that takes longer than it may', async () => {
    const slow = `SELECT sum(x) FROM UNNEST(sequence(1, 10000)) AS a(x)
CROSS JOIN UNNEST(sequence(1, 10000)) AS b(y) CROSS JOIN UNNEST(sequence(1, 10000)) AS c(z)`
    const run = async () => {
      const limits = { rowsMax: null, millisMax: 300 }
      const answer = await query.run(slow, limits, new AbortController().signal)
      return Array.fromAsync(answer.batches)
    }
    await assert.rejects(
      run(),
      (error) => isFault(error, 'invalid') && /longer than 300 ms/.test(error.message),
    )
  })

  test('says what is wrong in its words, with the place', async () => {
    await assert.rejects(rowsOf('SELECT 1\nFRM x'), (error) => {
      assert.ok(isFault(error, 'invalid'))
      assert.match(error.message, /^Trino: line 2:5: mismatched input 'x'/)
      return true
    })
    await assert.rejects(
      rowsOf('SELECT 1 / (x - x) FROM UNNEST(sequence(1, 9)) AS a(x)'),
      (error) => isFault(error, 'invalid') && /Division by zero/.test(error.message),
    )
  })

  test('takes what only reads, and sends nothing else', async () => {
    const sent = async () =>
      Number((await rowsOf('SELECT count(*) FROM system.runtime.queries'))[0]?.[0])
    const before = await sent()
    await assert.rejects(rowsOf('INSERT INTO x SELECT 1'), /INSERT does more than read/)
    await assert.rejects(rowsOf('SELECT 1; DROP TABLE x'), /more than one statement/)
    assert.equal(await sent(), before + 1)
    assert.deepEqual((await rowsOf('SHOW CATALOGS')).flat().includes('lake'), true)
    assert.match(JSON.stringify(await rowsOf('EXPLAIN SELECT 1')), /Trino version/)
    assert.deepEqual(await rowsOf('VALUES 1, 2;'), [[1], [2]])
  })
})
