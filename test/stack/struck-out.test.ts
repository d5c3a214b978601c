import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startTrino } from '../../stack/trino.ts'
import { withoutTrino } from '../../stack/trino/needs.ts'
import { ask, tradeText } from '../fixtures/small-lake.ts'
import { withoutHttpfs } from '../readers/httpfs.ts'
import { B_ROWS, DAY_MS, fill, OF_B, openS3QueryWorld, T0, verified } from './query-s3-world.ts'

const ROWS = 'SELECT symbol, count(*), sum(price) FROM records GROUP BY symbol ORDER BY symbol'
const DELETES = [
  "symbol = 'A' AND price >= 130",
  "symbol = 'B' AND ts >= TIMESTAMP '2026-11-22 00:00:00'",
  "symbol = 'A' AND price = 100.5",
]

test(
  'what Trino deletes is gone from queries, and missing to verify',
  {
    skip: withoutTrino(),
  },
  async () => {
    const s3 = await openS3QueryWorld()
    after(() => s3[Symbol.asyncDispose]())
    await using lake = await s3.openLake('glue')
    const { small, prefix } = lake
    await fill(small)
    await using trino = await startTrino({ aws: s3.world.aws })
    const schema = prefix.split('/').at(-1) ?? ''
    for (const where of DELETES) await trino.run(`DELETE FROM records WHERE ${where}`, { schema })
    const left = (await trino.query(ROWS, { schema })).map(([symbol, n, sum]) => ({
      symbol: String(symbol),
      trades: Number(n) + (symbol === 'A' ? 1 : 0),
      sum: Number(sum) + (symbol === 'A' ? 1 : 0),
    }))
    await small.append([tradeText({ s: 'A', t: T0, p: 1 })], T0 + 3 * DAY_MS)
    await small.land()
    const { files } = await small.records.lake.snapshot()
    assert.ok(files.some(({ deletes }) => deletes !== undefined))
    for (const way of withoutHttpfs() === false ? [s3.byCache(), s3.byHttpfs] : [s3.byCache()]) {
      await using query = await small.openQuery(await way(lake))
      assert.deepEqual(
        (await ask(query, ROWS)).map(([symbol, n, sum]) => ({ symbol, trades: Number(n), sum })),
        left,
      )
      const one = "SELECT count(*) FROM trades WHERE symbol = 'A' AND price = 100.5"
      assert.deepEqual(await ask(query, one), [[0n]])
      assert.deepEqual(await ask(query, OF_B), B_ROWS)
    }
    const { verdict, findings } = await verified(lake, await s3.openCache(lake))
    const rows = left.reduce((sum, { trades }) => sum + trades, 0)
    assert.deepEqual([verdict?.records, verdict?.rows, verdict?.missing], [901, rows, 901 - rows])
    assert.deepEqual(new Set(findings.map(({ kind }) => kind)), new Set(['missing']))
  },
)
