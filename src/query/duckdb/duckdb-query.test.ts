import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { queryConformance, type QueryWorld } from '../../../test/conformance/query.ts'
import { ask, openSmallLake, tradeText, type SmallLake } from '../../../test/fixtures/small-lake.ts'
import { holdLocal, openDuckdb, type Hold } from '../../duckdb/duckdb.ts'
import { Fault } from '../../flow/fault.ts'
import type { DataFile, LakeSnapshot } from '../../lake/lake.ts'
import type { Log } from '../../tape/tape.ts'
import type { Query } from '../query.ts'

async function world(lakeOnly: boolean): Promise<QueryWorld> {
  await using opening = new AsyncDisposableStack()
  const small = opening.use(await openSmallLake())
  const alone = {
    records: { ...small.records, log: null },
    feedLog: { ...small.feedLog, log: null },
  }
  const query = opening.use(await small.openQuery(lakeOnly ? alone : {}))
  const closing = opening.move()
  const { append, land } = small
  return { query, append, land, [Symbol.asyncDispose]: () => closing.disposeAsync() }
}
queryConformance('DuckDB over lake and tail', () => world(false))
queryConformance('DuckDB over the lake alone', () => world(true))

const T0 = Date.UTC(2026, 10, 20, 15)
/** Trades whose price is their number. */
const numbered = (from: number, count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) =>
    tradeText({ s: `S${(from + i) % 5}`, t: T0 + from + i, p: from + i }),
  )

/** Fails unless each record up to `count` is there exactly once. */
async function eachOnce(query: Query, count: number): Promise<void> {
  const found = await ask(
    query,
    'SELECT count(*), count(DISTINCT price), min(price), max(price) FROM trades',
  )
  const expected = count === 0 ? [0n, 0n, null, null] : [BigInt(count), BigInt(count), 0, count - 1]
  assert.deepEqual(found, [expected])
}

const step = fc.oneof(
  fc.record({ kind: fc.constant('append'), count: fc.integer({ min: 1, max: 40 }) }),
  fc.record({
    kind: fc.constantFrom('land', 'land while asking'),
    count: fc.integer({ min: 1, max: 60 }),
  }),
  fc.record({
    kind: fc.constantFrom('ask', 'ask', 'trim', 'roll back', 'reopen'),
    count: fc.nat(3),
  }),
)
type Step = { readonly kind: string; readonly count: number }

/** Plays `steps`, asking after each; `snapshots` lets the lake go back to an older one, rows and positions. */
async function play(small: SmallLake, steps: readonly Step[]): Promise<void> {
  const snapshots: LakeSnapshot[] = []
  let shown: LakeSnapshot | null = null
  const snapshot = async () => {
    const latest = shown ?? (await small.records.lake.snapshot())
    if (shown === null && latest.id !== snapshots.at(-1)?.id) snapshots.push(latest)
    return latest
  }
  const open = () => small.openQuery({ records: { ...small.records, lake: { snapshot } } })
  let query = await open()
  let trimmed = false
  let count = 0
  try {
    for (const { kind, count: n } of steps) {
      if (kind === 'append') {
        await small.append(numbered(count, n), T0 + count)
        count += n
      }
      if (kind === 'land') await small.land(n)
      if (kind === 'land while asking') {
        const landing = small.land(n)
        await eachOnce(query, count)
        await landing
      }
      if (kind === 'trim' && shown === null) {
        const { positions } = await small.records.lake.snapshot()
        await small.tape.trades.trim(new Map([...positions].map(([p, { next }]) => [p, next])))
        trimmed = true
      }
      if (kind === 'roll back') shown = trimmed ? null : (snapshots.at(-1 - n) ?? null)
      if (kind === 'reopen') {
        await query[Symbol.asyncDispose]()
        query = await open()
      }
      await eachOnce(query, count)
    }
  } finally {
    await query[Symbol.asyncDispose]()
  }
}

test('each record is seen exactly once, however appending, landing, trimming and asking interleave', async () => {
  const medium = fc.record({ partitions: fc.integer({ min: 1, max: 3 }), holes: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(
      medium,
      fc.array(step, { minLength: 3, maxLength: 10 }),
      async (options, steps) => {
        await using small = await openSmallLake(options)
        await play(small, steps)
      },
    ),
    { numRuns: 8 },
  )
})

test('the lake’s position going back brings the rows back from the tape', async () => {
  await using small = await openSmallLake()
  await play(small, [
    { kind: 'append', count: 20 },
    { kind: 'land', count: 20 },
    { kind: 'append', count: 20 },
    { kind: 'land', count: 20 },
    { kind: 'reopen', count: 0 },
    { kind: 'append', count: 5 },
    { kind: 'roll back', count: 1 },
    { kind: 'append', count: 5 },
    { kind: 'roll back', count: 9 },
  ])
})

test('a trim between reading the position and the tape is met by reading both again', async () => {
  await using small = await openSmallLake()
  await small.append(numbered(0, 10))
  let before: (() => Promise<void>) | null = async () => {
    await small.land()
    const end = (await small.tape.trades.bounds()).values().next().value?.end
    assert.ok(end)
    await small.tape.trades.trim(new Map([[0 as never, end]]))
  }
  const snapshot = async () => {
    const seen = await small.records.lake.snapshot()
    await before?.()
    before = null
    return seen
  }
  await using query = await small.openQuery({ records: { ...small.records, lake: { snapshot } } })
  await eachOnce(query, 10)
})

test('a trim that overtakes the reading of the tape is met by reading both again', async () => {
  await using small = await openSmallLake()
  await small.append(numbered(0, 10))
  let before: (() => Promise<void>) | null = async () => {
    await small.land()
    const end = (await small.tape.trades.bounds()).values().next().value?.end
    assert.ok(end)
    await small.tape.trades.trim(new Map([[0 as never, end]]))
  }
  const { log } = small.records
  const read: Log['read'] = async function* read(from, until, signal) {
    const trim = before
    before = null
    await trim?.()
    yield* log.read(from, until, signal)
  }
  await using query = await small.openQuery({
    records: { ...small.records, log: { ...log, read } },
  })
  await eachOnce(query, 10)
})

test('a tail over its bound is a prefix without a hole, and says how far it goes', async () => {
  await using small = await openSmallLake()
  await using query = await small.openQuery({ tailBytesMax: 1_200_000 })
  const padded = (text: string) => text.replace('{', `{"padding":"${'x'.repeat(10_000)}",`)
  for (let i = 0; i < 40; i++) await small.append(numbered(i * 10, 10).map(padded), T0 + i)
  const answer = await query.run(
    'SELECT count(*), max(price) FROM trades',
    { rowsMax: null, millisMax: null },
    new AbortController().signal,
  )
  const rows = []
  for await (const batch of answer.batches) rows.push(...batch)
  const count = Number(rows[0]?.[0])
  assert.ok(count > 0 && count < 400)
  assert.deepEqual(rows, [[BigInt(count), count - 1]])
  assert.deepEqual(answer.asOf, {
    covers: 'lake and tail',
    receivedMs: T0 + Math.ceil(count / 10) - 1,
    degraded: true,
  })
  await small.land()
  await eachOnce(query, 400)
})

test('a data file that vanished between snapshot and reading is met by the next snapshot', async () => {
  await using small = await openSmallLake()
  await small.append(numbered(0, 10))
  await small.land()
  let stale = 1
  const snapshot = async () => {
    const seen = await small.records.lake.snapshot()
    if (stale-- <= 0) return seen
    const files = seen.files.map((file) => ({ ...file, location: `${file.location}.gone` }))
    return { ...seen, files }
  }
  await using query = await small.openQuery({ records: { ...small.records, lake: { snapshot } } })
  await eachOnce(query, 10)
  stale = 1
  const hold: Hold = async (files, signal) => {
    const gone = files.find(({ location }) => location.endsWith('.gone'))
    if (gone !== undefined) throw new Fault('invalid', 'no such key', { remedy: 'None.' })
    return holdLocal(files, signal)
  }
  await using fetching = await small.openQuery({
    records: { ...small.records, lake: { snapshot } },
    hold,
  })
  await eachOnce(fetching, 10)
  stale = 9
  await assert.rejects(ask(query, 'FROM records'), (error) => {
    assert.ok(error instanceof Fault && error.kind === 'unavailable')
    return true
  })
})

test('rows that another engine struck out are gone, also where files are left out', async () => {
  await using small = await openSmallLake()
  for (let i = 0; i < 3; i++) {
    await small.append(numbered(i * 10, 10))
    await small.land()
  }
  const location = join(small.dir, 'lake', 'deletes.parquet')
  const { files } = await small.records.lake.snapshot()
  const [file] = files
  assert.ok(file)
  await using writing = await openDuckdb({
    threads: 1,
    memoryMb: 128,
    spillDir: null,
    readable: null,
  })
  using connection = await writing.connect()
  await connection.run(
    `COPY (SELECT '${file.location}' AS file_path, i AS pos FROM range(0, 10, 2) t(i)) TO '${location}'
     (FIELD_IDS {file_path: 2147483546, pos: 2147483545})`,
  )
  const deletes = [{ location, sizeBytes: 1, rows: 5 }]
  const { lake } = small.records
  const snapshot: typeof lake.snapshot = async (wanted) => {
    const seen = await lake.snapshot(wanted)
    const struck = (one: DataFile) => (one.location === file.location ? { ...one, deletes } : one)
    return { ...seen, files: seen.files.map(struck) }
  }
  await small.append(numbered(30, 10))
  await using query = await small.openQuery({ records: { ...small.records, lake: { snapshot } } })
  assert.deepEqual(await ask(query, 'SELECT count(*), count(DISTINCT price) FROM trades'), [
    [35n, 35n],
  ])
  const counts = []
  for (let i = 0; i < 4; i++) {
    const [from, to] = [i * 10, i * 10 + 10].map((ms) => `epoch_ms(${T0 + ms})`)
    counts.push(await ask(query, `SELECT count(*) FROM trades WHERE ts >= ${from} AND ts < ${to}`))
  }
  assert.deepEqual(
    counts
      .flat(2)
      .map(Number)
      .toSorted((a, b) => a - b),
    [5, 10, 10, 10],
  )
})

test('a wrong statement is told before anything is read, and what needs no rows reads none', async () => {
  await using small = await openSmallLake()
  await small.append(numbered(0, 10))
  await small.land()
  let held = 0
  const hold: Hold = (files, signal) => {
    held += files.length
    return holdLocal(files, signal)
  }
  await using query = await small.openQuery({ hold })
  for (const sql of ['SELEC 1', 'SELECT nope FROM trades', 'DROP VIEW trades', 'FROM nope'])
    await assert.rejects(ask(query, sql), Fault)
  for (const sql of ['DESCRIBE trades', 'SHOW TABLES', 'SELECT 1'])
    assert.ok((await ask(query, sql)).length > 0)
  assert.equal(held, 0)
  await ask(query, 'SUMMARIZE trades')
  assert.equal(held, 1)
})

test('landed rows leave the tail when no query needs them', async () => {
  await using small = await openSmallLake()
  await using query = await small.openQuery({ tailBytesMax: 5000 })
  for (let i = 0; i < 6; i++) {
    await small.append(numbered(i * 50, 50))
    await eachOnce(query, (i + 1) * 50)
    await small.land()
  }
  const [[rows] = []] = await ask(
    query,
    "SELECT sum(estimated_size) FROM duckdb_tables() WHERE table_name LIKE 'tail_records%'",
  )
  assert.ok(Number(rows) < 200, `${Number(rows)} of 300 rows are still held`)
})

test('gaps and the feed log come from the tape too', async () => {
  await using small = await openSmallLake()
  await using query = await small.openQuery({ views: { nowMs: T0 + 100_000 } })
  await small.appendEvent({ kind: 'lease_taken', at: T0 })
  await small.appendEvent({ kind: 'opened', at: T0 + 1000 })
  assert.deepEqual(await ask(query, 'SELECT kind FROM feed_log ORDER BY tape_offset'), [
    ['lease_taken'],
    ['opened'],
  ])
  assert.notEqual((await ask(query, 'FROM gaps')).length, 0)
})
