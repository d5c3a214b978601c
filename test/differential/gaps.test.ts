import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import * as fc from 'fast-check'
import { gaps } from '../../src/market/coverage.ts'
import type { SessionEvent } from '../../src/market/feed-events.ts'
import { FEED_LOG } from '../../src/market/tables.ts'
import { viewStatements } from '../../src/query/views.ts'
import { openViews, type RowObject } from './duckdb-views.ts'
import { anySessionLog, session, stretched } from './session-logs.ts'

const views = await openViews()
after(() => views[Symbol.dispose]())

const feedLogRow = (event: SessionEvent, offset: number, tape = 'tape-1'): RowObject => ({
  occurred_at: event.at,
  recorder: event.recorder,
  epoch: event.epoch,
  source: event.source,
  kind: event.kind,
  symbols: event.symbols === null ? null : JSON.stringify(event.symbols),
  from_ts: event.from,
  to_ts: event.to,
  cause: event.cause,
  bytes: null,
  received_at: event.at,
  tape,
  tape_partition: 0,
  tape_offset: offset,
})

async function queried(rows: readonly RowObject[], now: number) {
  await views.fill(FEED_LOG, rows)
  for (const statement of viewStatements({ nowMs: now })) {
    if (statement.includes('VIEW gaps')) await views.run(statement)
  }
  return views.query(`
    SELECT symbol, CAST(epoch_ms(from_ts) AS DOUBLE) AS "from", CAST(epoch_ms(to_ts) AS DOUBLE) AS "to",
      cause, open
    FROM gaps`)
}

test('the view gaps is the function gaps, whatever the log', async () => {
  await fc.assert(
    fc.asyncProperty(anySessionLog, fc.constantFrom(1, 1000, 20_000), async (log, scale) => {
      const events = stretched(log.events, scale)
      const now = log.now * scale
      const rows = events.map((event, i) => feedLogRow(event, i))
      assert.deepEqual(await queried(rows, now), gaps(events, now))
    }),
    { numRuns: 100 },
  )
})

test('a record of the feed log that is no event changes no gap', async () => {
  const events = [session({ kind: 'opened', at: 10 }), session({ at: 90, to: 80 })]
  const rows = events.map((event, i) => feedLogRow(event, i + 1))
  const torn = { received_at: 5, tape: 'tape-1', tape_partition: 0, tape_offset: 0, bytes: 'torn' }
  assert.deepEqual(await queried([torn, ...rows], 40_000), gaps(events, 40_000))
})

test('the logs of two tapes follow each other, and epochs begin again on the second', async () => {
  const first = [
    session({ kind: 'opened', at: 10, epoch: 9 }),
    session({ at: 90, to: 80, epoch: 9 }),
  ]
  const second = [session({ kind: 'opened', at: 200 }), session({ at: 290, to: 280 })]
  const rows = [
    ...second.map((event, i) => feedLogRow(event, i, 'a-later-tape')),
    ...first.map((event, i) => feedLogRow(event, i, 'b-earlier-tape')),
  ]
  assert.deepEqual(await queried(rows, 50_000), [
    { symbol: null, from: 80, to: 200, cause: 'recorder stopped', open: false },
    { symbol: null, from: 280, to: 50_000, cause: 'recorder stopped', open: true },
  ])
})

test('an open gap ends at the engine’s own clock unless a moment is given', async () => {
  await views.fill(FEED_LOG, [feedLogRow(session({ kind: 'lease_taken', at: 10 }), 0)])
  for (const statement of viewStatements()) await views.run(statement)
  const [gap] = await views.query(
    'SELECT open AND to_ts BETWEEN CAST(now() AS TIMESTAMP) - INTERVAL 1 MINUTE AND CAST(now() AS TIMESTAMP) AS ok FROM gaps',
  )
  assert.deepEqual(gap, { ok: true })
})
