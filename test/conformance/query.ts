import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isFault, type FaultKind } from '../../src/flow/fault.ts'
import type { Answer, Limits, Query, Value } from '../../src/query/query.ts'
import { tradeText } from '../fixtures/small-lake.ts'

/** A tape, a lake and a query over them, and what a test needs to fill them. */
export type QueryWorld = AsyncDisposable & {
  readonly query: Query
  append(texts: readonly string[], receivedMs?: number): Promise<void>
  /** Lands all that is on the tape. */
  land(): Promise<void>
}

const NONE: Limits = { rowsMax: null, millisMax: null }
const NEVER = new AbortController().signal
const T0 = Date.UTC(2026, 10, 20, 15)

const isFaulty = (kind: FaultKind, message: RegExp) => (error: unknown) => {
  assert.ok(isFault(error, kind), `${String(error)} is not ${kind}`)
  assert.match(error.message, message)
  assert.notEqual(error.remedy, '')
  return true
}

const run = (query: Query, sql: string, limits = NONE): Promise<Answer> =>
  query.run(sql, limits, NEVER)

async function rowsOf(answer: Answer): Promise<readonly (readonly Value[])[]> {
  const rows: (readonly Value[])[] = []
  for await (const batch of answer.batches) rows.push(...batch)
  return rows
}
const ask = async (query: Query, sql: string) => rowsOf(await run(query, sql))

const trades = (count: number, from = 0): readonly string[] =>
  Array.from({ length: count }, (_, i) => tradeText({ s: 'A', t: T0 + from + i, p: from + i }))

/** The contract of src/query/query.ts; every engine runs it. `open` gives an empty world. */
export function queryConformance(name: string, open: () => Promise<QueryWorld>): void {
  describe(`${name} keeps the contract of a query`, () => {
    answersSuite(open)
    stretchesSuite(open)
    limitsSuite(open)
    refusalsSuite(open)
    coverageSuite(open)
  })
}

function answersSuite(open: () => Promise<QueryWorld>): void {
  test('before anything was recorded there are tables without rows', async () => {
    await using world = await open()
    for (const relation of ['records', 'feed_log', 'trades', 'dead_letters', 'gaps', 'bars_1m'])
      assert.deepEqual(await ask(world.query, `SELECT count(*) FROM ${relation}`), [[0n]])
    const answer = await run(world.query, 'SELECT 1')
    await rowsOf(answer)
    assert.deepEqual(answer.asOf, {
      covers: world.query.covers,
      receivedMs: null,
      degraded: false,
    })
  })

  test('columns have names and types, values are as the port says', async () => {
    await using world = await open()
    await world.append([tradeText({ s: 'A', t: T0 + 5, p: 1.5, v: 2, c: null })], T0 + 9)
    await world.land()
    const answer = await run(
      world.query,
      'SELECT symbol, ts, price, conditions, redelivered, tape_partition, tape_offset FROM records',
    )
    assert.deepEqual(
      answer.columns.map((column) => column.name),
      ['symbol', 'ts', 'price', 'conditions', 'redelivered', 'tape_partition', 'tape_offset'],
    )
    assert.deepEqual(await rowsOf(answer), [
      ['A', '2026-11-20T15:00:00.005Z', 1.5, null, false, 0, 0n],
    ])
  })

  test('a record that is no trade is a dead letter, with its bytes', async () => {
    await using world = await open()
    await world.append(['{"p":1}', ...trades(1)])
    await world.land()
    assert.deepEqual(await ask(world.query, 'SELECT defect, raw FROM dead_letters'), [
      ['no symbol', '{"p":1}'],
    ])
    assert.deepEqual(await ask(world.query, 'SELECT count(*) FROM trades'), [[1n]])
  })

  test('answers may be read side by side, each of its own moment', async () => {
    await using world = await open()
    await world.append(trades(5))
    await world.land()
    const first = await run(world.query, 'SELECT price FROM records ORDER BY price')
    await world.append(trades(5, 5))
    await world.land()
    const second = await run(world.query, 'SELECT count(*) FROM records')
    assert.deepEqual(await rowsOf(second), [[10n]])
    assert.equal((await rowsOf(first)).length, 5)
  })
}

const DAY_MS = 86_400_000
const STRETCHES = [
  { where: "symbol = 'A' AND ts >= TIMESTAMP '2026-11-21 00:00:00'", landed: 2, waiting: 1 },
  { where: "symbol IN ('B', 'C')", landed: 3, waiting: 1 },
  { where: "symbol = 'A' OR ts < TIMESTAMP '2026-11-21 00:00:00'", landed: 4, waiting: 1 },
  { where: "NOT (symbol = 'A') AND ts >= TIMESTAMP '2026-11-22 00:00:00'", landed: 1, waiting: 1 },
  { where: "symbol = 'none'", landed: 0, waiting: 0 },
] as const

/** A symbol and a stretch of time give their rows, whichever files are left out for them. */
function stretchesSuite(open: () => Promise<QueryWorld>): void {
  test('a filter gives its rows, of every day and of the tape', async () => {
    await using world = await open()
    const all = [0, 1, 2].flatMap((day) =>
      ['A', 'B'].map((s) => tradeText({ s, t: T0 + day * DAY_MS, p: day })),
    )
    for (let i = 0; i < all.length; i += 2) {
      await world.append(all.slice(i, i + 2))
      await world.land()
    }
    await world.append([
      tradeText({ s: 'A', t: T0 + 3 * DAY_MS }),
      tradeText({ s: 'C', t: T0 + 3 * DAY_MS }),
    ])
    for (const { where, landed, waiting } of STRETCHES) {
      const covered = world.query.covers === 'lake and tail' ? waiting : 0
      const found = await ask(world.query, `SELECT count(*) FROM trades WHERE ${where}`)
      assert.deepEqual(found, [[BigInt(landed + covered)]], where)
    }
  })
}

function limitsSuite(open: () => Promise<QueryWorld>): void {
  test('rowsMax cuts the answer and says so; an answer of exactly that many is whole', async () => {
    await using world = await open()
    await world.append(trades(6))
    await world.land()
    const sql = 'SELECT price FROM records ORDER BY price'
    const cut = await run(world.query, sql, { ...NONE, rowsMax: 5 })
    assert.deepEqual((await rowsOf(cut)).flat(), [0, 1, 2, 3, 4])
    assert.equal(cut.truncated(), true)
    const whole = await run(world.query, sql, { ...NONE, rowsMax: 6 })
    assert.equal((await rowsOf(whole)).length, 6)
    assert.equal(whole.truncated(), false)
  })

  test('a query that takes longer than it may ends as invalid', async () => {
    await using world = await open()
    const endless = 'SELECT count(*) FROM range(100000000000) AS t(i) WHERE i % 7 = 1'
    const limits = { ...NONE, millisMax: 50 }
    await assert.rejects(
      async () => {
        await rowsOf(await run(world.query, endless, limits))
      },
      isFaulty('invalid', /longer than 50 ms/),
    )
    assert.deepEqual(await ask(world.query, 'SELECT 1'), [[1]])
  })

  test('an aborted signal ends a query as closed, at any moment', async () => {
    await using world = await open()
    const endless = 'SELECT count(*) FROM range(100000000000) AS t(i) WHERE i % 7 = 1'
    const aborted = AbortSignal.abort()
    await assert.rejects(world.query.run('SELECT 1', NONE, aborted), isFaulty('closed', /./))
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 30)
    await assert.rejects(
      async () => {
        await rowsOf(await world.query.run(endless, NONE, stop.signal))
      },
      isFaulty('closed', /./),
    )
  })
}

const REFUSED = [
  'DROP VIEW trades',
  'CREATE TABLE t AS SELECT 1',
  'DELETE FROM records',
  'INSERT INTO records SELECT * FROM records',
  "COPY (SELECT 1) TO '/tmp/never.csv'",
  'SELECT 1; SELECT 2',
] as const

function refusalsSuite(open: () => Promise<QueryWorld>): void {
  test('a wrong statement is invalid, with the engine’s words', async () => {
    await using world = await open()
    await assert.rejects(run(world.query, 'SELEC 1'), isFaulty('invalid', /SELEC/))
    await assert.rejects(run(world.query, 'SELECT nope FROM trades'), isFaulty('invalid', /nope/))
    await assert.rejects(run(world.query, ' '), isFaulty('invalid', /empty/))
  })

  test('a statement that does more than read is refused', async () => {
    await using world = await open()
    for (const sql of REFUSED)
      await assert.rejects(run(world.query, sql), isFaulty('invalid', /./), sql)
    assert.deepEqual(await ask(world.query, 'SELECT count(*) FROM trades'), [[0n]])
  })
}

function coverageSuite(open: () => Promise<QueryWorld>): void {
  test('what has landed is seen by the next query, and as_of says until when', async () => {
    await using world = await open()
    await world.append(trades(3), T0 + 1000)
    await world.append(trades(1, 3), T0 + 2000)
    await world.land()
    const answer = await run(world.query, 'SELECT count(*) FROM records')
    assert.deepEqual(await rowsOf(answer), [[4n]])
    assert.equal(answer.asOf.receivedMs, T0 + 2000)
  })

  test('what is on the tape is seen by the next query, where the engine covers the tail', async () => {
    await using world = await open()
    await world.append(trades(3))
    await world.land()
    await world.append(trades(2, 3), T0 + 5000)
    const answer = await run(world.query, 'SELECT count(*) FROM trades')
    const covered = world.query.covers === 'lake and tail'
    assert.deepEqual(await rowsOf(answer), [[covered ? 5n : 3n]])
    if (covered) assert.equal(answer.asOf.receivedMs, T0 + 5000)
  })
}
