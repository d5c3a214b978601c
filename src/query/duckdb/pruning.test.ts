import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import * as fc from 'fast-check'
import { openSmallLake, tradeText, type SmallLake } from '../../../test/fixtures/small-lake.ts'
import type { Wanted } from '../../lake/lake.ts'
import { FEED_LOG, RECORDS } from '../../market/tables.ts'
import type { Query } from '../query.ts'
import { openPruning, type Pruning } from './pruning.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const D20 = Date.UTC(2026, 10, 20)
const day20 = { fromMs: D20, toMs: D20 + DAY_MS }

describe('of a statement is understood', () => {
  let pruning: Pruning
  before(async () => {
    pruning = await openPruning([RECORDS, FEED_LOG])
  })
  after(() => pruning[Symbol.asyncDispose]())

  const A = { symbols: ['A'] }
  const UNDERSTOOD: Readonly<Record<string, Wanted>> = {
    // symbols
    "FROM records WHERE symbol = 'A'": A,
    "FROM records WHERE 'A' = symbol AND price > 5": A,
    "FROM trades WHERE symbol IN ('A', 'it''s')": { symbols: ['A', "it's"] },
    "FROM trades WHERE symbol = 'A' OR symbol = 'B'": { symbols: ['A', 'B'] },
    "FROM trades WHERE symbol IN ('A', 'B') AND symbol IN ('B', 'C')": { symbols: ['B'] },
    "SELECT symbol FROM trades GROUP BY 1 HAVING symbol = 'A'": A,
    "WITH t AS (FROM trades) SELECT count(*) FROM t WHERE symbol = 'A'": A,
    "EXPLAIN ANALYZE FROM trades WHERE symbol = 'A'": A,
    // times
    "FROM trades WHERE ts >= '2026-11-20' AND ts < '2026-11-21'": day20,
    "FROM trades WHERE ts BETWEEN '2026-11-20' AND '2026-11-20 01:00:00'": {
      fromMs: D20,
      toMs: D20 + HOUR_MS + 1,
    },
    "FROM trades WHERE ts::DATE = '2026-11-20'": day20,
    "FROM trades WHERE date_trunc('day', ts) = '2026-11-20'": day20,
    "FROM trades WHERE ts >= '2026-11-20 00:00:00+00'::TIMESTAMPTZ": { fromMs: D20 },
    "FROM bars_1m WHERE bucket >= '2026-11-20' AND bucket < '2026-11-21'": day20,
    "FROM bars('5m') WHERE bucket >= '2026-11-20' AND bucket < '2026-11-21'": day20,
    "FROM bars('5m', '2026-11-20', '2026-11-21')": day20,
    // a trading day ends at midnight in New York
    "FROM bars_1d WHERE bucket = '2026-11-20'": { fromMs: D20, toMs: D20 + 2 * DAY_MS },
    "FROM trades WHERE trade_date >= '2026-11-20'": { fromMs: D20 },
    // both, and several readings of one table
    "FROM bars_1m WHERE symbol = 'A' AND bucket = '2026-11-20'": {
      ...A,
      fromMs: D20,
      toMs: D20 + 60_000,
    },
    "FROM trades WHERE (symbol = 'A' AND ts >= '2026-11-21') OR (symbol = 'B' AND ts >= '2026-11-20')":
      { symbols: ['A', 'B'], fromMs: D20 },
    "FROM trades WHERE symbol = 'A' UNION ALL FROM trades WHERE symbol = 'B'": {
      symbols: ['A', 'B'],
    },
    "SELECT * FROM trades a JOIN trades b USING (ts) WHERE a.symbol = 'A' AND b.symbol = 'B'": {
      symbols: ['A', 'B'],
    },
    "SELECT * FROM trades a LEFT JOIN trades b ON b.symbol = 'B' AND b.ts = a.ts WHERE a.symbol = 'A'":
      { symbols: ['A', 'B'] },
  }
  for (const [sql, wanted] of Object.entries(UNDERSTOOD))
    test(sql, async () => {
      const body = sql.replace(/^EXPLAIN ANALYZE /, '')
      const wants = await pruning.wants(body)
      assert.deepEqual(wants.get('records'), wanted)
      assert.equal(wants.get('feed_log'), null)
    })

  const EVERYTHING = [
    'FROM records',
    "FROM records WHERE symbol <> 'A'",
    "FROM records WHERE NOT (symbol <> 'A' AND price > 5)",
    "FROM records WHERE symbol = 'A' OR price > 5",
    "FROM records WHERE symbol = 'A' OR symbol IS NULL",
    "FROM records WHERE lower(symbol) = 'a'",
    'FROM records WHERE symbol = conditions',
    "FROM records WHERE received_at >= '2026-11-20'",
    "FROM records WHERE coalesce(symbol = 'A', true)",
    "FROM records WHERE ts + to_days(volume::INTEGER) >= '2026-11-20'",
    "SELECT count(*) FILTER (symbol = 'A') FROM records",
    "SELECT *, count(*) OVER () AS n FROM records QUALIFY symbol = 'A'",
    "FROM (FROM records ORDER BY ts LIMIT 10) WHERE symbol = 'A'",
    "SELECT (SELECT count(*) FROM records), (SELECT max(price) FROM records WHERE symbol = 'A')",
    "FROM records WHERE symbol IN (SELECT symbol FROM records WHERE symbol = 'A')",
    "SELECT * FROM records a LEFT JOIN records b ON a.symbol = 'A' AND b.symbol = 'B'",
    "FROM records a WHERE NOT EXISTS (FROM records b WHERE b.ts = a.ts AND a.symbol = 'A')",
    "SELECT * FROM records a FULL JOIN (FROM records WHERE symbol = 'A') b USING (ts)",
    // not a plan over the tables alone
    "FROM records WHERE symbol = 'A' AND source IN (SELECT file FROM read_parquet('x.parquet'))",
    'SELEC 1',
  ]
  for (const sql of EVERYTHING)
    test(`nothing that would leave rows of records out: ${sql}`, async () => {
      assert.deepEqual((await pruning.wants(sql)).get('records'), {})
    })

  test('that it reads one table, or none', async () => {
    const never = "FROM records WHERE symbol = 'A' AND symbol = 'B'"
    assert.equal((await pruning.wants(never)).get('records'), null)
    assert.deepEqual(
      await pruning.wants('SELECT 1'),
      new Map([
        ['records', null],
        ['feed_log', null],
      ]),
    )
    assert.deepEqual(
      await pruning.wants('FROM gaps'),
      new Map([
        ['records', null],
        ['feed_log', {}],
      ]),
    )
    assert.deepEqual(
      await pruning.wants(null),
      new Map([
        ['records', {}],
        ['feed_log', {}],
      ]),
    )
  })

  test('the clock, with time to spare for a statement that runs later', async () => {
    const wanted = (
      await pruning.wants('FROM trades WHERE ts BETWEEN now() - INTERVAL 1 HOUR AND now()')
    ).get('records')
    assert.ok(Math.abs((wanted?.fromMs ?? 0) - (Date.now() - HOUR_MS)) < 10_000)
    assert.ok(Math.abs((wanted?.toMs ?? 0) - (Date.now() + HOUR_MS)) < 10_000)
  })
})

const SYMBOLS = ['A', 'AA', 'AB', 'B', 'BINANCE:BTCUSDT', 'C', 'X.TO', 'Z'] as const
const DAYS = 6

/** A lake of many small files: of each day each two symbols that stand beside each other in the list. */
async function manyFiles(): Promise<SmallLake> {
  const small = await openSmallLake()
  for (let day = 0; day < DAYS; day++)
    for (let first = 0; first < SYMBOLS.length; first += 2) {
      const texts = SYMBOLS.slice(first, first + 2).flatMap((s, i) =>
        [0, 3, 9, 15, 20.99, 21, 23.5].map((hour, k) =>
          tradeText({
            s,
            t: D20 + day * DAY_MS + hour * HOUR_MS + i,
            p: 100 + day + k,
            v: 1 + first,
          }),
        ),
      )
      await small.append(
        day === 2 && first === 0 ? [...texts, '{"p":1}'] : texts,
        D20 + day * DAY_MS + DAY_MS,
      )
      await small.land()
    }
  await small.append([tradeText({ s: 'A', t: D20, p: 7 })], D20 + 9 * DAY_MS) // in the tail
  return small
}

/** The lake's query with and without pruning. */
async function twice(small: SmallLake) {
  const { lake } = small.records
  const whole = { ...small.records, lake: { snapshot: () => lake.snapshot() } }
  return { pruned: await small.openQuery(), whole: await small.openQuery({ records: whole }) }
}

const moment = fc
  .integer({ min: -12, max: DAYS * 24 + 12 })
  .map((hour) => `TIMESTAMP '${new Date(D20 + hour * HOUR_MS).toISOString().slice(0, 19)}'`)
const symbol = fc.constantFrom(...SYMBOLS, 'NONE').map((one) => `'${one}'`)
const operator = fc.constantFrom('=', '<', '<=', '>', '>=', '<>')
/** Conditions over a relation whose time is `time`; `t` stands for its alias. */
const conditions = (time: string) =>
  fc.letrec<{ condition: string }>((tie) => ({
    condition: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.tuple(operator, symbol).map(([op, one]) => `t.symbol ${op} ${one}`),
      fc
        .array(symbol, { minLength: 1, maxLength: 3 })
        .map((all) => `t.symbol IN (${all.join(', ')})`),
      fc.tuple(operator, moment).map(([op, at]) => `t.${time} ${op} ${at}`),
      fc.tuple(moment, moment).map(([from, to]) => `t.${time} BETWEEN ${from} AND ${to}`),
      fc
        .tuple(operator, moment)
        .map(([op, at]) => `CAST(t.${time} AS DATE) ${op} CAST(${at} AS DATE)`),
      fc.tuple(operator, moment).map(([op, at]) => `date_trunc('hour', t.${time}) ${op} ${at}`),
      fc.tuple(operator, moment).map(([op, at]) => `t.${time} - INTERVAL 5 HOUR ${op} ${at}`),
      fc
        .tuple(operator, moment)
        .map(([op, at]) => `time_bucket(INTERVAL 7 HOUR, t.${time}) ${op} ${at}`),
      fc.constantFrom(
        't.symbol IS NULL',
        't.symbol IS NOT NULL',
        "t.symbol LIKE 'A%'",
        'length(t.symbol) = 1',
      ),
      tie('condition').map((one) => `NOT (${one})`),
      fc.tuple(tie('condition'), tie('condition')).map(([a, b]) => `(${a} AND ${b})`),
      fc.tuple(tie('condition'), tie('condition')).map(([a, b]) => `(${a} OR ${b})`),
    ),
  })).condition

const RELATIONS = [
  { name: 'records', time: 'ts' },
  { name: 'trades', time: 'ts' },
  { name: 'trades', time: 'trade_date' },
  { name: 'bars_1m', time: 'bucket' },
  { name: 'bars_1d', time: 'bucket' },
  { name: "bars('5m')", time: 'bucket' },
  {
    name: "bars('4h', TIMESTAMP '2026-11-21 07:00', TIMESTAMP '2026-11-23 01:00')",
    time: 'bucket',
  },
] as const
const relation = fc
  .constantFrom(...RELATIONS)
  .chain(({ name, time }) => conditions(time).map((where) => ({ name, time, where })))

const SHAPES = [
  ([a]) => `SELECT count(*), min(symbol), max(${a.time}) FROM ${a.name} t WHERE ${a.where}`,
  ([a]) =>
    `SELECT symbol, count(*) FROM ${a.name} t GROUP BY ALL HAVING ${a.where.includes(a.time) ? 'true' : a.where.replaceAll('t.', '')} ORDER BY ALL`,
  ([a, b]) =>
    `SELECT (SELECT count(*) FROM ${a.name} t WHERE ${a.where}), (SELECT count(*) FROM ${b.name} t WHERE ${b.where})`,
  ([a, b]) =>
    `WITH x AS (SELECT symbol FROM ${a.name} t WHERE ${a.where}) SELECT count(*) FROM x WHERE symbol IN (SELECT symbol FROM ${b.name} t WHERE ${b.where})`,
  ([a, b]) =>
    `SELECT count(*), count(y.symbol) FROM ${a.name} t LEFT JOIN (SELECT symbol FROM ${b.name} t WHERE ${b.where}) y ON y.symbol = t.symbol AND ${a.where}`,
  ([a, b]) =>
    `SELECT count(*), count(y.symbol) FROM (FROM ${a.name} t WHERE ${a.where}) x FULL JOIN (FROM ${b.name} t WHERE ${b.where}) y USING (symbol)`,
  ([a, b]) =>
    `SELECT count(*) FROM ${a.name} t WHERE ${a.where} AND NOT EXISTS (FROM ${b.name} u WHERE u.symbol = t.symbol AND ${b.where.replaceAll('t.', 'u.')})`,
  ([a, b]) =>
    `SELECT count(*) FROM (SELECT symbol FROM ${a.name} t WHERE ${a.where} UNION ALL SELECT symbol FROM ${b.name} t WHERE ${b.where})`,
  ([a]) =>
    `SELECT count(*), sum(n) FROM (SELECT *, count(*) OVER (PARTITION BY symbol) AS n FROM ${a.name} t) t WHERE ${a.where}`,
  ([a]) =>
    `SELECT count(*) FROM (SELECT * FROM ${a.name} ORDER BY symbol, ${a.time} LIMIT 20) t WHERE ${a.where}`,
] as const satisfies readonly ((of: readonly [Of, Of]) => string)[]
type Of = { readonly name: string; readonly time: string; readonly where: string }

describe('leaving files out', () => {
  let small: SmallLake
  let queries: { readonly pruned: Query; readonly whole: Query }
  before(async () => {
    small = await manyFiles()
    queries = await twice(small)
  })
  after(async () => {
    await queries.pruned[Symbol.asyncDispose]()
    await queries.whole[Symbol.asyncDispose]()
    await small[Symbol.asyncDispose]()
  })

  const asked = async (query: Query, sql: string) => {
    const answer = await query.run(
      sql,
      { rowsMax: null, millisMax: null },
      new AbortController().signal,
    )
    const rows = (await Array.fromAsync(answer.batches)).flat()
    return { rows, files: answer.planned?.files ?? 0, asOf: answer.asOf }
  }
  const planned = (sql: string) => asked(queries.pruned, sql)

  test('changes no answer, whatever is asked', async () => {
    let fewer = 0
    let all = 0
    const { files } = await planned('FROM records')
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...SHAPES), relation, relation, async (shape, a, b) => {
        const sql = shape([a, b])
        const pruned = await planned(sql)
        assert.deepEqual(pruned.rows, (await asked(queries.whole, sql)).rows, sql)
        all += 1
        if (pruned.files < files) fewer += 1
      }),
      { numRuns: 60 },
    )
    assert.ok(fewer > all / 20, `files were left out in ${fewer} of ${all} statements`)
  })

  test('a day opens its own files, a symbol few, an absent symbol none', async () => {
    const files = DAYS * (SYMBOLS.length / 2) + 1 // and that of the null day
    const count = async (sql: string) => (await planned(sql)).files
    assert.equal(await count('FROM trades'), files)
    assert.equal(await count("FROM trades WHERE ts::DATE = '2026-11-21'"), SYMBOLS.length / 2)
    assert.equal(await count("FROM trades WHERE symbol = 'AB'"), DAYS)
    assert.equal(
      await count(
        "FROM bars_1m WHERE symbol = 'AB' AND bucket >= '2026-11-21' AND bucket < '2026-11-22'",
      ),
      1,
    )
    assert.equal(await count("FROM trades WHERE symbol = 'TSLA'"), 0)
    assert.equal(await count('SELECT 42'), 0)
  })

  test('says as before how far the answer reaches', async () => {
    await using lakeAlone = await small.openQuery({ records: { ...small.records, log: null } })
    const reach = async (sql: string) => (await asked(lakeAlone, sql)).asOf.receivedMs
    const last = D20 + DAYS * DAY_MS
    for (const sql of [
      'FROM trades',
      "FROM trades WHERE ts::DATE = '2026-11-21'",
      "FROM trades WHERE symbol = 'TSLA'",
      'SELECT 1',
    ])
      assert.equal(await reach(sql), last, sql)
    assert.equal(
      (await planned("FROM trades WHERE symbol = 'TSLA'")).asOf.receivedMs,
      D20 + 9 * DAY_MS,
    )
  })
})
