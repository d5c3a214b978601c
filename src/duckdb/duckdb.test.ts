import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { inspect } from 'node:util'
import * as fc from 'fast-check'
import { rowsOfCells } from '../../test/fixtures/rows.ts'
import { isFault, type FaultKind } from '../flow/fault.ts'
import { RECORDS, type Rows } from '../market/tables.ts'
import type { Value } from '../query/query.ts'
import { openDuckdb, type Connection } from './duckdb.ts'

const OPTIONS = { threads: 1, memoryMb: 256, spillDir: null, readable: null }

async function session(
  act: (connection: Connection) => Promise<void>,
  readable?: readonly string[],
) {
  await using duckdb = await openDuckdb({ ...OPTIONS, readable: readable ?? null })
  using connection = await duckdb.connect()
  await act(connection)
}

const fault = (kind: FaultKind, message: RegExp) => (error: unknown) => {
  assert.ok(isFault(error, kind), `${String(error)} is not ${kind}`)
  assert.match(error.message, message)
  assert.notEqual(error.remedy, '')
  return true
}

const VALUES: readonly (readonly [string, Value])[] = [
  ['1::TINYINT', 1],
  ['4294967295::UINTEGER', 4_294_967_295],
  ['1::BIGINT', 1n],
  ['sum(i) FROM range(3) t(i)', 3n],
  ['1.5::DECIMAL(15,2)', 1.5],
  ['0.1::DECIMAL(16,2)', '0.10'],
  ["'NaN'::DOUBLE", Number.NaN],
  ["'-Infinity'::DOUBLE", Number.NEGATIVE_INFINITY],
  ['-0.0::DOUBLE', -0],
  ["TIMESTAMP '2026-11-23 12:00:00'", '2026-11-23T12:00:00.000Z'],
  ["TIMESTAMP '2026-11-23 12:00:00.123456'", '2026-11-23T12:00:00.123456Z'],
  ["TIMESTAMP '1969-12-31 23:59:59.999999'", '1969-12-31T23:59:59.999999Z'],
  ["TIMESTAMPTZ '2026-11-23 12:00:00+02'", '2026-11-23T10:00:00.000Z'],
  ["TIMESTAMP_NS '2026-11-23 12:00:00.1'", '2026-11-23 12:00:00.1'],
  ["'infinity'::TIMESTAMP", 'infinity'],
  ["DATE '2026-11-23'", '2026-11-23'],
  ["'\\x00a\\x5C\"'::BLOB", '\\x00a\\x5C"'],
  ["['a', NULL]", ['a', null]],
  ["{'a': 1::BIGINT, 'b': [TIMESTAMP '2026-01-01']}", { a: 1n, b: ['2026-01-01T00:00:00.000Z'] }],
  ["MAP {'k': 1}", [{ key: 'k', value: 1 }]],
  ['NULL', null],
]
test('values come as the port says', (t) =>
  session(async (connection) => {
    for (const [sql, value] of VALUES)
      await t.test(`${sql} is ${inspect(value)}`, async () => {
        assert.deepEqual(await connection.all(`SELECT ${sql}`), [[value]])
      })
  }))

test('what DuckDB finds wrong with a statement is invalid, in its own words', () =>
  session(async (connection) => {
    await assert.rejects(connection.run('SELEC 1'), fault('invalid', /Parser Error.*SELEC/s))
    await assert.rejects(
      connection.run('FROM nowhere'),
      fault('invalid', /Catalog Error.*nowhere/s),
    )
    await assert.rejects(
      connection.run("SELECT 'x'::INTEGER"),
      fault('invalid', /Conversion Error/),
    )
  }))

test('a file that is not there is unavailable', () =>
  session(async (connection) => {
    await assert.rejects(
      connection.run("FROM read_parquet('/nowhere/x.parquet')"),
      fault('unavailable', /IO Error.*x\.parquet/s),
    )
  }))

test('a statement that needs more memory than there is, is invalid and says what to do', async () => {
  await using duckdb = await openDuckdb({ ...OPTIONS, memoryMb: 16 })
  using connection = await duckdb.connect()
  await assert.rejects(
    connection.run('CREATE TABLE t AS SELECT random() AS r FROM range(20_000_000)'),
    fault('invalid', /Out of Memory/i),
  )
})

test('two instances that spill below one folder leave each other alone, and nothing behind', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'ticklake-spill-'))
  try {
    const spilling = { ...OPTIONS, memoryMb: 48, spillDir: join(dir, 'spill') }
    {
      await using one = await openDuckdb(spilling)
      await using two = await openDuckdb(spilling)
      using first = await one.connect()
      using second = await two.connect()
      const fill =
        'CREATE TABLE t AS SELECT i, random() AS r, uuid() AS u FROM range(1_500_000) s(i)'
      await first.run(fill)
      await second.run(fill)
      for (const connection of [first, second])
        assert.deepEqual(await connection.all('SELECT sum(i) FROM t'), [[1_124_999_250_000n]])
      assert.equal((await readdir(spilling.spillDir)).length, 2)
    }
    assert.deepEqual(await readdir(spilling.spillDir), [])
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})

test('an aborted signal interrupts a statement that runs', () =>
  session(async (connection) => {
    const stop = new AbortController()
    using statement = await connection.prepare(
      'SELECT count(*) FROM range(100_000_000_000) t(i) WHERE i % 7 = 1',
    )
    const running = statement.stream(stop.signal).then(async ({ batches }) => {
      for await (const batch of batches) assert.fail(`${batch.length} rows`)
    })
    setTimeout(() => stop.abort(), 20)
    await assert.rejects(running, fault('closed', /cancelled/))
    assert.deepEqual(await connection.all('SELECT 1'), [[1]])
  }))

test('rows stream: the first come before the last are made', () =>
  session(async (connection) => {
    using statement = await connection.prepare('FROM range(1_000_000_000_000)')
    const { batches, columns } = await statement.stream(new AbortController().signal)
    assert.deepEqual(columns, [{ name: 'range', type: 'BIGINT' }])
    for await (const batch of batches) {
      assert.equal(batch[0]?.[0], 0n)
      break
    }
  }))

test('times are UTC, whatever the machine says', () =>
  session(async (connection) => {
    const sql =
      "SELECT TIMESTAMPTZ '2026-07-01 12:00:00+00'::TIMESTAMP, current_setting('TimeZone')"
    assert.deepEqual(await connection.all(sql), [['2026-07-01T12:00:00.000Z', 'UTC']])
  }))

const strange = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.constantFrom('', "'", '"', '\0', 'a\0b', '\ud800', '\udc00x', '\u{10ffff}', '\uffff', 'AAPL'),
)
const cell = fc.record({
  symbol: fc.option(strange),
  ts: fc.option(fc.integer({ min: -1e12, max: 4e12 })),
  price: fc.option(fc.double()),
  conditions: fc.option(fc.constantFrom('1', '1,8', '')),
  raw: fc.option(fc.uint8Array({ maxLength: 20 })),
})
const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString())

/** Splits rows into batches as a decoder gives them. */
function batchesOf(
  rows: readonly Record<string, string | number | null | Uint8Array>[],
  size: number,
) {
  const batches: Rows[] = []
  for (let first = 0; first < rows.length; first += size) {
    const part = rows.slice(first, first + size)
    const cells = (name: string) => part.map((row) => row[name] ?? null)
    const names = ['symbol', 'ts', 'price', 'conditions', 'raw']
    batches.push(rowsOfCells(Object.fromEntries(names.map((n) => [n, cells(n)])), first))
  }
  return batches
}

test('staged rows come out as they went in, in any order of dictionaries', () =>
  session(async (connection) => {
    const batch = fc.tuple(
      fc.array(cell, { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 1, max: 9 }),
    )
    await fc.assert(
      fc.asyncProperty(batch, async ([rows, size]) => {
        await using staged = await connection.stage(RECORDS, batchesOf(rows, size))
        const select = staged.select({ orderBy: ['tape_offset'] })
        const found = await connection.all(
          `SELECT symbol, ts, price, conditions, hex(raw) FROM (${select})`,
        )
        assert.deepEqual(
          found,
          rows.map(({ symbol, ts, price, conditions, raw }) => [
            symbol?.toWellFormed() ?? null,
            iso(ts),
            price,
            conditions,
            raw === null ? null : Buffer.from(raw).toString('hex').toUpperCase(),
          ]),
        )
      }),
      { numRuns: 40 },
    )
  }))

test('texts sort in binary UTF-8 order, nulls first', () =>
  session(async (connection) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.option(strange), { minLength: 1, maxLength: 20 }),
        async (symbol) => {
          await using staged = await connection.stage(RECORDS, [rowsOfCells({ symbol })])
          const found = await connection.all(
            `SELECT symbol FROM (${staged.select({ orderBy: ['symbol'] })})`,
          )
          const key = (text: string | null) =>
            text === null ? null : Buffer.from(text.toWellFormed())
          const sorted = symbol
            .map(key)
            .toSorted((a, b) =>
              a === null || b === null
                ? Number(a !== null) - Number(b !== null)
                : Buffer.compare(a, b),
            )
            .map((bytes) => [bytes?.toString() ?? null])
          assert.deepEqual(found, sorted)
        },
      ),
      { numRuns: 40 },
    )
  }))

for (const [what, last] of [
  ['of more values than sixteen bits number', 'S'],
  ['with a NUL', 'S\0'],
])
  test(`a dictionary ${what} keeps the order and every value`, () =>
    session(async (connection) => {
      const symbol = Array.from({ length: 70_000 }, (_, i) => `S${(i * 7919) % 70_000}`)
      symbol.push(String(last))
      const price = symbol.map((_, i) => i)
      await using staged = await connection.stage(RECORDS, [rowsOfCells({ symbol, price })])
      const sql = `SELECT symbol, price FROM (${staged.select({ orderBy: ['symbol'] })})`
      const found = await connection.all(sql)
      const expected = symbol
        .map((s, i) => [s, i] as const)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
      assert.deepEqual(found, expected)
    }))

test('a number that its column cannot hold is null', () =>
  session(async (connection) => {
    const ts = [1e300, Number.NaN, 8.64e15, 8.64e15 + 1024]
    await using staged = await connection.stage(RECORDS, [rowsOfCells({ ts })])
    const found = await connection.all(`SELECT epoch_ms(ts) FROM (${staged.select()})`)
    assert.deepEqual(found, [[null], [null], [8_640_000_000_000_000n], [null]])
  }))

test('staged rows leave nothing behind', () =>
  session(async (connection) => {
    const staged = await connection.stage(RECORDS, [rowsOfCells({ symbol: ['A', null] })])
    await staged[Symbol.asyncDispose]()
    assert.deepEqual(await connection.all('SELECT count(*) FROM duckdb_tables()'), [[0n]])
  }))

test('an answer that fails on the way fails, and does not look whole', () =>
  session(async (connection) => {
    const failing = (what: string) =>
      `SELECT i, CAST(CASE WHEN i = 700_000 THEN ${what} ELSE '1' END AS INTEGER) FROM range(900_000) t(i)`
    const sql = failing("'x'")
    using statement = await connection.prepare(sql)
    const { batches } = await statement.stream(new AbortController().signal)
    let rows = 0
    await assert.rejects(
      async () => {
        for await (const batch of batches) rows += batch.length
      },
      (error) => {
        fault('invalid', /Conversion Error: Could not convert string 'x'/)(error)
        return isFault(error) && error.position === sql.indexOf('CAST')
      },
    )
    assert.ok(rows > 0 && rows < 700_000)
    using whole = await connection.prepare(failing("'2'"))
    const answer = await whole.stream(new AbortController().signal)
    let all = 0
    for await (const batch of answer.batches) all += batch.length
    assert.equal(all, 900_000)
  }))

test('an answer that is cancelled on the way fails, and does not look whole', () =>
  session(async (connection) => {
    const stop = new AbortController()
    using statement = await connection.prepare('FROM range(100_000_000)')
    const { batches } = await statement.stream(stop.signal)
    await assert.rejects(
      async () => {
        for await (const batch of batches) if (batch.length > 0) stop.abort()
      },
      fault('closed', /cancelled/),
    )
    assert.deepEqual(await connection.all('SELECT 1'), [[1]])
  }))

test('what DuckDB finds wrong is told with its place, in UTF-16 units', () =>
  session(async (connection) => {
    const sql = "SELECT 'é😀',\n  nothing\nFROM range(3)"
    const placed = (error: unknown) =>
      isFault(error, 'invalid') &&
      error.position === sql.indexOf('nothing') &&
      /\n\nLINE 2: {3}nothing\n {10}\^$/.test(error.message)
    await assert.rejects(connection.prepare(sql), placed)
    await assert.rejects(connection.run(sql), placed)
  }))

test('a statement with parameters is refused', () =>
  session(async (connection) => {
    await assert.rejects(connection.prepare('SELECT $1'), fault('invalid', /parameters/))
  }))
