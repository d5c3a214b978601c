import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openDuckdb } from '../duckdb/duckdb.ts'
import { latestTrades, type TradePlace, type TradeRow } from './latest-trades.ts'
import type { Query } from './query.ts'

const BOUNDS = { millisMax: null, signal: new AbortController().signal }
const AS_OF = { covers: 'lake and tail', receivedMs: null, degraded: false } as const
/** Two symbols, two partitions and two tapes, of which one recorded again what the other has: in two moments. */
const TRADES = `CREATE TABLE trades AS
SELECT CASE WHEN o % 2 = 0 THEN 'A' ELSE 'B' END AS symbol, 1.0 AS price, 1.0 AS volume, '1' AS conditions,
  'regular' AS session, make_timestamp(1770735600000000 + (o // 3) * 1000) AS ts,
  TIMESTAMP '2026-11-20 15:00:00' AS received_at, 'test' AS source, tape, p AS tape_partition, o AS tape_offset
FROM range(6) offsets(o), range(2) partitions(p), (VALUES ('first'), ('second')) tapes(tape)`

test('one page after the other has each trade once, also where the same was recorded twice', async () => {
  await using duckdb = await openDuckdb({
    threads: 1,
    memoryMb: 64,
    spillDir: null,
    readable: null,
  })
  using connection = await duckdb.connect()
  await connection.run(TRADES)
  const run: Query['run'] = async (sql, _, signal) => {
    using statement = await connection.prepare(sql)
    const { columns, batches } = await statement.stream(signal)
    const rows = (await Array.fromAsync(batches)).flat()
    return { asOf: AS_OF, columns, batches: once(rows), truncated: () => false }
  }
  const query: Query = { covers: 'lake and tail', run, [Symbol.asyncDispose]: async () => {} }
  for (const [symbol, all] of [
    [null, 24],
    ['A', 12],
  ] as const)
    for (const limit of [1, 2, 5, 7, 24]) {
      const seen: TradeRow[] = []
      let before: TradePlace | null = null
      for (;;) {
        const { found } = await latestTrades(query, { symbol, before, limit }, BOUNDS)
        seen.push(...found)
        if (found.length < limit) break
        before = found.at(-1) ?? null
      }
      const places = seen.map(({ tape, partition, offset }) => `${tape} ${partition} ${offset}`)
      assert.equal(places.length, all, `${symbol} by ${limit}`)
      assert.equal(new Set(places).size, all, `${symbol} by ${limit}`)
    }
})

async function* once<T>(rows: T) {
  yield rows
}
