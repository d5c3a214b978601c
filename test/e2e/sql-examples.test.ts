import assert from 'node:assert/strict'
import { test } from 'node:test'
import { examplesFor } from '../../dashboard/src/sql/examples.ts'
import { openSmallLake } from '../fixtures/small-lake.ts'
import { sqlApp } from '../fixtures/sql-asked.ts'

/** A Wednesday in regular hours of New York. */
const AT_MS = Date.UTC(2026, 10, 25, 15, 30)
const SWEEP = '{"s":"AAPL","p":190.5,"v":100,"t":AT,"c":["1","8"]}'
const ODD_LOT = '{"s":"MSFT","p":410.2,"v":7,"t":AT,"c":["1","12"]}'

test('every example of the SQL page runs as it is, and shows something where there is something', async () => {
  await using small = await openSmallLake()
  const trades = Array.from({ length: 40 }, (_, i) => [SWEEP, SWEEP, ODD_LOT][i % 3] ?? SWEEP)
  const texts = trades.map((text, i) =>
    text.replace('AT', String(AT_MS - Math.floor(i / 4) * 1000)),
  )
  await small.append(texts, AT_MS + 50)
  await small.land()
  await using query = await small.openQuery()
  const app = sqlApp(query)
  for (const { title, sql } of examplesFor({ symbol: 'AAPL', atMs: AT_MS })) {
    const { error, lines, rows } = await app.run(sql)
    assert.equal(error, null, title)
    assert.equal(lines.at(-1)?.kind, 'end', title)
    const isOfTheLog = ['Gaps', 'What the recorder did'].includes(title)
    assert.ok(isOfTheLog || rows.length > 0, `${title}: no rows`)
  }
})
