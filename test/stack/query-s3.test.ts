import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, afterEach, describe, test } from 'node:test'
import { promisify } from 'node:util'
import type { Held } from '../../src/duckdb/duckdb.ts'
import { isFault, type FaultKind } from '../../src/flow/fault.ts'
import type { Query } from '../../src/query/query.ts'
import { queryConformance, type QueryWorld } from '../conformance/query.ts'
import { ask } from '../fixtures/small-lake.ts'
import { withoutHttpfs } from '../readers/httpfs.ts'
import { B_ROWS, fill, OF_B, openS3QueryWorld, verified, type Way } from './query-s3-world.ts'

const s3 = await openS3QueryWorld()
const { world, fetched, openLake, openCache, cacheDir, byCache, byHttpfs } = s3
const { s3Faults } = world.aws

async function openWorld(way: Way): Promise<QueryWorld> {
  await using opening = new AsyncDisposableStack()
  const lake = opening.use(await openLake())
  const query = opening.use(await lake.small.openQuery(await way(lake)))
  const closing = opening.move()
  const { append, land } = lake.small
  return { query, append, land, [Symbol.asyncDispose]: () => closing.disposeAsync() }
}

const isFaulty = (kind: FaultKind, message: RegExp) => (error: unknown) => {
  assert.ok(isFault(error, kind), `${String(error)} is not ${kind}`)
  assert.match(error.message, message)
  return true
}

const planned = async (query: Query, sql: string) => {
  const answer = await query.run(
    sql,
    { rowsMax: null, millisMax: null },
    new AbortController().signal,
  )
  const rows = (await Array.fromAsync(answer.batches)).flat()
  return { rows, files: answer.planned?.files }
}

describe('DuckDB over a lake on S3', () => {
  afterEach(() => {
    s3Faults.clear()
  })
  after(async () => {
    await s3[Symbol.asyncDispose]()
  })

  queryConformance('DuckDB over S3, through the cache', () => openWorld(byCache()))
  if (withoutHttpfs() === false)
    queryConformance('DuckDB over S3, by httpfs', () => openWorld(byHttpfs))
  else test('DuckDB over S3, by httpfs', { skip: withoutHttpfs() }, () => undefined)

  test('fetches what a statement asks for, once', async () => {
    await using lake = await openLake()
    await fill(lake.small)
    await using query = await lake.small.openQuery(await byCache()(lake))
    assert.deepEqual(await planned(query, OF_B), { rows: B_ROWS, files: 1 })
    const before = fetched()
    assert.deepEqual(await planned(query, OF_B), { rows: B_ROWS, files: 1 })
    assert.equal(fetched(), before, 'the second time nothing is fetched')
    assert.equal((await planned(query, 'FROM trades')).files, 9)
    assert.equal((await planned(query, "FROM trades WHERE symbol = 'TSLA'")).files, 0)
  })

  test('more than the cache holds is refused with the size and the advice', async () => {
    await using lake = await openLake()
    await fill(lake.small)
    const [file] = (await lake.small.records.lake.snapshot()).files
    const way = byCache(2 * (file?.sizeBytes ?? 0))
    await using query = await lake.small.openQuery(await way(lake))
    await assert.rejects(
      ask(query, 'SELECT count(*) FROM trades'),
      isFaulty('invalid', /the cache holds at most/),
    )
    assert.deepEqual(await ask(query, OF_B), B_ROWS)
  })

  test('a store that goes away is unavailable, then all is as before', async () => {
    await using lake = await openLake()
    await fill(lake.small)
    await using query = await lake.small.openQuery(await byCache()(lake))
    assert.deepEqual(await ask(query, OF_B), B_ROWS)
    s3Faults.inject({ kind: 'failed', operation: 'GetObject', resource: 'parquet' })
    await assert.rejects(ask(query, 'SELECT count(*) FROM trades'), isFaulty('unavailable', /./))
    assert.deepEqual(await ask(query, OF_B), B_ROWS, 'what is in the cache is still there')
    s3Faults.clear()
    assert.deepEqual(await ask(query, 'SELECT count(*) FROM trades'), [[900n]])
  })

  test('two processes fill one cache side by side', async () => {
    await using lake = await openLake()
    await fill(lake.small)
    const dir = await cacheDir()
    const { files } = await lake.small.records.lake.snapshot()
    const located = files.map(({ location, sizeBytes }) => ({ location, sizeBytes }))
    const script = new URL('cache-filler.ts', import.meta.url).pathname
    const args = [
      script,
      dir,
      JSON.stringify({
        bucket: world.aws.bucket,
        prefix: lake.prefix,
        endpoint: world.aws.s3,
        located,
      }),
    ]
    const ran = await Promise.all(
      [1, 2].map(() =>
        promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', ...args]),
      ),
    )
    for (const { stdout } of ran) assert.equal(stdout.trim(), String(located.length))
    assert.equal((await readdir(join(dir, 'files'))).length, located.length)
    assert.deepEqual(await readdir(join(dir, 'held')), [])
    const cache = await openCache(lake, { dir })
    const before = fetched()
    const held: Held = await cache.hold(located, new AbortController().signal)
    await using query = await lake.small.openQuery({ readable: [dir], hold: async () => held })
    assert.deepEqual(await ask(query, 'SELECT count(*) FROM trades'), [[900n]])
    assert.equal(fetched(), before)
  })

  test('verify reads a lake that is larger than it may hold at a time', async () => {
    await using lake = await openLake()
    await fill(lake.small)
    const { files } = await lake.small.records.lake.snapshot()
    const holdBytesMax = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) / 3
    const { hold } = await openCache(lake)
    const { verdict } = await verified(lake, { hold, holdBytesMax })
    assert.deepEqual([verdict?.passed, verdict?.records], [true, 900])
  })

  test(
    'by httpfs a statement reads the tables, and names no file itself',
    { skip: withoutHttpfs() },
    async () => {
      await using lake = await openLake()
      await fill(lake.small)
      await using query = await lake.small.openQuery(await byHttpfs(lake))
      assert.deepEqual(await planned(query, OF_B), { rows: B_ROWS, files: 1 })
      const [file] = (await lake.small.records.lake.snapshot()).files
      const { host } = new URL(world.aws.moto)
      const inside = file?.location ?? ''
      for (const sql of [
        `FROM read_parquet('${inside}')`,
        `FROM '${inside}'`,
        `FROM "${inside.replace(/\.parquet$/, '')}".parquet`,
        `SUMMARIZE '${inside}'`,
        `DESCRIBE '${inside}'`,
        `SELECT (SELECT count(*) FROM glob('s3://${world.aws.bucket}/**'))`,
        `FROM parquet_metadata('${inside}?s3_endpoint=${host}')`,
        `FROM '${inside}?s3_endpoint=${host}&s3_use_ssl=false'`,
        `FROM 's3://${world.aws.bucket}/${lake.prefix}/../other.parquet'`,
        "FROM '/etc/passwd'",
        'FROM duckdb_secrets()',
        "FROM which_secret('s3://lake/x', 's3')",
      ])
        await assert.rejects(ask(query, sql), isFaulty('invalid', /./), sql)
      assert.deepEqual(await ask(query, OF_B), B_ROWS)
      s3Faults.inject({ kind: 'failed', resource: 'parquet' })
      await assert.rejects(ask(query, OF_B), isFaulty('unavailable', /./))
      s3Faults.clear()
      assert.deepEqual(await ask(query, OF_B), B_ROWS)
    },
  )
})
