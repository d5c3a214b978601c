import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ask, openSmallLake, tradeText, type SmallLake } from '../../../test/fixtures/small-lake.ts'
import { systemClock } from '../../flow/clock.ts'
import { isFault } from '../../flow/fault.ts'
import type { Value } from '../../query/query.ts'
import { readAvro } from '../iceberg/avro.ts'
import { ancestors } from '../iceberg/metadata-document.ts'
import { compact, COMPACTION_LIMITS, type Compacted, type Compacting } from './compact.ts'
import { duckdbRewriter } from './duckdb-rewriter.ts'
import { expireSnapshots } from './expire.ts'
import { purge, type Purged } from './purge.ts'
import type { Rewriter } from './rewriter.ts'

const NOON = Date.UTC(2026, 10, 20, 12)
const DAY_MS = 86_400_000
const NEVER = new AbortController().signal
const ALL = 'SELECT * FROM records ORDER BY tape_partition, tape_offset'

type World = AsyncDisposable & {
  readonly small: SmallLake
  readonly rewriter: Rewriter
  rows(sql?: string): Promise<readonly (readonly Value[])[]>
  /** Trades of `count` symbols, three of each, landed as one commit. */
  trades(count: number, at?: number): Promise<void>
  compact(how?: Partial<Compacting>): Promise<readonly Compacted[]>
  purge(what: Purged, dryRun?: boolean): ReturnType<typeof purge>
}

async function openWorld(): Promise<World> {
  const closing = new AsyncDisposableStack()
  const small = closing.use(await openSmallLake())
  const rewriter = closing.use(
    await duckdbRewriter({
      table: small.records.table,
      dir: join(small.dir, 'rewriting'),
      memoryMb: 256,
      threads: 1,
    }),
  )
  const query = closing.use(await small.openQuery())
  const workshop = { rewriter, dir: small.dir, pathOf: (location: string) => location }
  const io = () => small.records.lake.tended()
  let sent = 0
  return {
    small,
    rewriter,
    rows: (sql = ALL) => ask(query, sql),
    trades: async (count, at = NOON) => {
      const texts = Array.from({ length: count * 3 }, (_, i) => {
        sent += 1
        return tradeText({ s: `S${(i * 7) % count}`, t: at + sent * 1000, p: sent, v: i % 5 })
      })
      await small.append(texts, at + 1000)
      await small.land()
    },
    compact: (how = {}) => Array.fromAsync(compact(io(), { workshop, signal: NEVER, ...how })),
    purge: (what, dryRun = false) => purge(io(), { workshop, what, dryRun, signal: NEVER }),
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}

const filesOf = async ({ small }: World) => (await small.records.lake.snapshot()).files

test('a closed day becomes one sorted file with the same rows, and only once', async () => {
  await using world = await openWorld()
  for (let i = 0; i < 5; i++) await world.trades(10)
  await world.small.append([tradeText({ s: 'LATE', t: NOON - DAY_MS }), 'not JSON'], NOON)
  await world.small.land()
  const before = await world.rows()
  const [done, ...more] = await world.compact()
  assert.equal(more.length, 0)
  assert.equal(done?.outcome, 'done')
  assert.equal(done.kind, 'sort')
  assert.deepEqual([done.filesBefore, done.after?.files], [5, 1])
  assert.equal(done.after?.rows, 150)
  assert.deepEqual(await world.rows(), before)
  assert.equal((await filesOf(world)).length, 3) // the day before and the null day have one each
  assert.deepEqual(await world.compact(), [])
  const io = world.small.records.lake.tended()
  const [newest] = ancestors((await io.load()).metadata)
  assert.equal(newest?.summary?.['operation'], 'replace')
  assert.equal(newest.summary['total-records'], '152')
  assert.equal(newest.summary['total-data-files'], '3')
})

test('landing goes on after a compaction, from the same position', async () => {
  await using world = await openWorld()
  await world.trades(5)
  await world.trades(5)
  await world.compact()
  await world.trades(5)
  assert.deepEqual(await world.rows('SELECT count(*), count(DISTINCT tape_offset) FROM records'), [
    [45n, 45n],
  ])
})

test('a large day is cut into ranges of symbols that do not overlap', async () => {
  await using world = await openWorld()
  for (let i = 0; i < 4; i++) await world.trades(200)
  const before = await world.rows()
  const bytes = (await filesOf(world)).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const limits = { ...COMPACTION_LIMITS, targetBytes: Math.ceil(bytes / 6) }
  await world.compact({ limits })
  const files = await filesOf(world)
  assert.ok(files.length >= 4 && files.length <= 9, `${files.length} files`)
  assert.deepEqual(await world.rows(), before)
  const one = await world.small.records.lake.snapshot({ symbols: ['S77'] })
  assert.equal(one.files.length, 1)
  assert.deepEqual(await world.compact({ limits }), [])
})

test('long symbols, whose bounds are cut, do not have a day sorted again and again', async () => {
  await using world = await openWorld()
  for (let i = 0; i < 12; i++) {
    const texts = Array.from({ length: 300 }, (_, k) =>
      tradeText({ s: `BINANCE:1000SHIBUSDT${k % 3}`, t: NOON + k, p: i * 1000 + k }),
    )
    await world.small.append(texts, NOON)
    await world.small.land()
  }
  const bytes = (await filesOf(world)).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const limits = { ...COMPACTION_LIMITS, targetBytes: Math.ceil(bytes / 4) }
  assert.equal((await world.compact({ limits })).length, 1)
  assert.ok((await filesOf(world)).length > 2)
  assert.deepEqual(await world.compact({ limits }), [])
})

test('one symbol that fills several files is cut by time', async () => {
  await using world = await openWorld()
  for (let i = 0; i < 3; i++) await world.trades(1)
  const texts = Array.from({ length: 4000 }, (_, i) => tradeText({ s: 'A', t: NOON + i, p: i }))
  await world.small.append(texts, NOON)
  await world.small.land()
  const before = await world.rows()
  const bytes = (await filesOf(world)).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  await world.compact({ limits: { ...COMPACTION_LIMITS, targetBytes: Math.ceil(bytes / 5) } })
  assert.ok((await filesOf(world)).length >= 4)
  assert.deepEqual(await world.rows(), before)
})

test('the open day gathers its small files once they are many', async () => {
  await using world = await openWorld()
  const now = systemClock.now()
  for (let i = 0; i < 7; i++) await world.trades(2, now)
  assert.deepEqual(await world.compact(), [])
  await world.trades(2, now)
  const before = await world.rows()
  const [done] = await world.compact({ scope: 'open' })
  assert.deepEqual([done?.kind, done?.filesBefore, done?.after?.files], ['gather', 8, 1])
  assert.deepEqual(await world.rows(), before)
})

test('a dry run says what it would do and changes nothing', async () => {
  await using world = await openWorld()
  await world.trades(5)
  await world.trades(5)
  const files = await filesOf(world)
  const [planned] = await world.compact({ dryRun: true })
  assert.deepEqual([planned?.outcome, planned?.filesBefore], ['planned', 2])
  assert.deepEqual(await filesOf(world), files)
  const report = await world.purge({ kind: 'all' }, true)
  assert.deepEqual([report.rows, report.filesRemoved], [30, 2])
  assert.deepEqual(await filesOf(world), files)
})

test('files that a compaction replaced go when their last snapshot expires, and not before', async () => {
  await using world = await openWorld()
  for (let i = 0; i < 3; i++) await world.trades(5)
  const old = (await filesOf(world)).map(({ location }) => location)
  await world.compact()
  const io = world.small.records.lake.tended()
  await expireSnapshots(io, { keep: 4, graceMs: 0 })
  assert.ok(old.every(existsSync))
  const planned = await expireSnapshots(io, { keep: 1, graceMs: 0, dryRun: true })
  assert.deepEqual(new Set(planned.dataFiles), new Set(old))
  const gone = await expireSnapshots(io, { keep: 1, graceMs: 0 })
  assert.deepEqual(gone, planned)
  assert.ok(old.every((path) => !existsSync(path)))
  assert.ok(gone.metadataFiles.every((path) => !existsSync(path)))
  assert.equal((await world.rows()).length, 45)
  await world.trades(5)
  assert.equal((await world.rows()).length, 60)
})

test('another writer that removes an input first wins; the compaction is planned again', async () => {
  await using world = await openWorld()
  await world.trades(5)
  await world.trades(5)
  const rewriter: Rewriter = {
    ...world.rewriter,
    write: async (rewriting) => {
      const written = await world.rewriter.write(rewriting)
      await world.purge({ kind: 'before', beforeMs: NOON + DAY_MS })
      return written
    },
  }
  const workshop = { rewriter, dir: world.small.dir, pathOf: (location: string) => location }
  const [done] = await world.compact({ workshop })
  assert.equal(done?.outcome, 'conflict')
  assert.deepEqual(await world.rows(), [])
})

test('a purged symbol is in no file, manifest or document any more; all others are', async () => {
  await using world = await openWorld()
  for (let i = 0; i < 3; i++) await world.trades(5)
  await world.small.append([tradeText({ s: 'PURGEME', t: NOON }), '{"s":"PURGEME","p":'], NOON)
  await world.small.land()
  const before = await world.rows(
    "SELECT * FROM records WHERE coalesce(symbol, '') <> 'PURGEME' AND defect IS NULL ORDER BY tape_offset",
  )
  assert.ok((await holding(world, 'PURGEME')).length > 0)
  const report = await world.purge({ kind: 'symbols', symbols: ['PURGEME'] })
  assert.equal(report.rows, 2)
  assert.deepEqual(await world.rows('SELECT * FROM records ORDER BY tape_offset'), before)
  assert.deepEqual(await holding(world, 'PURGEME'), [])
  await world.trades(5)
  assert.equal((await world.rows()).length, 60)
})

test('what came before a day goes, by whole files and by rows without a time', async () => {
  await using world = await openWorld()
  await world.trades(5, NOON - 2 * DAY_MS)
  await world.small.append(['not JSON'], NOON - 2 * DAY_MS)
  await world.trades(5, NOON)
  await world.small.append(['not JSON either'], NOON)
  await world.small.land()
  const report = await world.purge({ kind: 'before', beforeMs: NOON - 12 * 3_600_000 })
  assert.equal(report.rows, 16)
  assert.deepEqual(
    await world.rows("SELECT count(*), min(received_at) >= '2026-11-20' FROM records"),
    [[16n, true]],
  )
})

test('a purge of all leaves a table that lands on', async () => {
  await using world = await openWorld()
  await world.trades(5)
  const report = await world.purge({ kind: 'all' })
  assert.deepEqual([report.rows, report.filesRemoved], [15, 1])
  assert.deepEqual(await world.rows(), [])
  await world.trades(5)
  assert.equal((await world.rows()).length, 15)
})

/** Files of the lake but its data that hold this text; what Avro compresses is unpacked. */
async function holding({ small }: World, text: string): Promise<readonly string[]> {
  const { readdir, readFile } = await import('node:fs/promises')
  const names = await readdir(join(small.dir, 'lake'), { recursive: true, withFileTypes: true })
  const found: string[] = []
  for (const name of names.filter((one) => one.isFile())) {
    const path = join(name.parentPath, name.name)
    if (name.name.endsWith('.parquet')) continue
    const bytes = await readFile(path)
    const told = name.name.endsWith('.avro') ? avroText(bytes) : bytes.toString('latin1')
    if (told.includes(text)) found.push(path)
  }
  return found
}

test('a tag that keeps an old snapshot keeps a purge from beginning', async () => {
  await using world = await openWorld()
  await world.trades(5)
  const io = world.small.records.lake.tended()
  const { metadata } = await io.load()
  const id = metadata.snapshots[0]?.['snapshot-id'] ?? 0
  await world.trades(5)
  const tagged = {
    ...io,
    load: async () => {
      const state = await io.load()
      const refs = { ...state.metadata.refs, audit: { 'snapshot-id': id, type: 'tag' } }
      return { ...state, metadata: { ...state.metadata, refs } }
    },
  }
  const workshop = {
    rewriter: world.rewriter,
    dir: world.small.dir,
    pathOf: (path: string) => path,
  }
  await assert.rejects(
    purge(tagged, { workshop, what: { kind: 'all' }, signal: NEVER }),
    (error) => isFault(error, 'invalid') && /audit/.test(error.message),
  )
  assert.equal((await world.rows()).length, 30)
})

/** Every value of an Avro file, bytes as they are. */
const avroText = (bytes: Uint8Array): string =>
  JSON.stringify(readAvro(bytes, null, 'a manifest').rows, (_key, value: unknown) => {
    if (typeof value === 'bigint') return value.toString()
    return isBuffer(value) ? Buffer.from(value.data).toString('latin1') : value
  })

/** As Buffer.toJSON gives it. */
const isBuffer = (value: unknown): value is { readonly data: readonly number[] } =>
  typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer'
