import assert from 'node:assert/strict'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { ask, openSmallLake, tradeText, type SmallLake } from '../../../test/fixtures/small-lake.ts'
import { replaceMetadata, strikeRows } from '../../../test/fixtures/struck-rows.ts'
import { isFault } from '../../flow/fault.ts'
import type { DataFile } from '../lake.ts'
import { mainId } from '../iceberg/metadata-document.ts'
import { compact, COMPACTION_LIMITS } from './compact.ts'
import { columnsOf } from './columns.ts'
import { duckdbRewriter } from './duckdb-rewriter.ts'
import { purge } from './purge.ts'
import type { Rewriter } from './rewriter.ts'

const NOON = Date.UTC(2026, 10, 20, 12)
const NEVER = new AbortController().signal

const rewriterOf = ({ dir, records: { table } }: SmallLake): Promise<Rewriter> =>
  duckdbRewriter({ table, dir: join(dir, 'rewriting'), memoryMb: 256, threads: 1 })

const workshopOf = (small: SmallLake, rewriter: Rewriter) => ({
  rewriter,
  dir: small.dir,
  pathOf: (location: string) => location,
})

async function land(small: SmallLake, symbols: readonly string[]): Promise<void> {
  await small.append(
    symbols.map((s, i) => tradeText({ s, t: NOON + i })),
    NOON,
  )
  await small.land()
}

async function strike(small: SmallLake, file: DataFile | undefined, places: readonly number[]) {
  assert.ok(file !== undefined)
  const dir = await mkdtemp(join(small.dir, 'deletes-'))
  await strikeRows(small.records.lake.tended(), file, { places, dir })
}

async function symbols(small: SmallLake): Promise<readonly unknown[]> {
  await using query = await small.openQuery()
  return (await ask(query, 'SELECT symbol FROM records ORDER BY tape_offset')).flat()
}

test('a compaction applies what another engine struck out, and the delete file goes with its files', async () => {
  await using small = await openSmallLake()
  await land(small, ['A', 'B', 'C'])
  await land(small, ['D', 'E'])
  const { files } = await small.records.lake.snapshot()
  await strike(
    small,
    files.find(({ rows }) => rows === 3),
    [1],
  )
  assert.deepEqual(await symbols(small), ['A', 'C', 'D', 'E'])
  await using rewriter = await rewriterOf(small)
  const io = small.records.lake.tended()
  const [done] = await Array.fromAsync(
    compact(io, { workshop: workshopOf(small, rewriter), signal: NEVER }),
  )
  assert.equal(done?.outcome, 'done')
  assert.deepEqual(await symbols(small), ['A', 'C', 'D', 'E'])
  const after = await small.records.lake.snapshot()
  assert.deepEqual(
    after.files.map(({ deletes }) => deletes),
    [undefined],
  )
  await land(small, ['F'])
  assert.deepEqual(await symbols(small), ['A', 'C', 'D', 'E', 'F'])
})

test('a compaction gives way when the deletes that it applied were rolled back meanwhile', async () => {
  await using small = await openSmallLake()
  await land(small, ['A', 'B', 'C'])
  await land(small, ['D', 'E'])
  const io = small.records.lake.tended()
  const { metadata } = await io.load()
  const before = mainId(metadata) ?? 0
  const { files } = await small.records.lake.snapshot()
  await strike(
    small,
    files.find(({ rows }) => rows === 3),
    [1],
  )
  await using rewriter = await rewriterOf(small)
  const rolling: Rewriter = {
    ...rewriter,
    write: async (rewriting) => {
      const written = await rewriter.write(rewriting)
      const now = (await io.load()).metadata
      await replaceMetadata(io, {
        ...now,
        'current-snapshot-id': before,
        refs: { main: { 'snapshot-id': before, type: 'branch' } },
      })
      return written
    },
  }
  const limits = { ...COMPACTION_LIMITS, smallFilesMin: 2 }
  const [done] = await Array.fromAsync(
    compact(io, { workshop: workshopOf(small, rolling), limits, signal: NEVER }),
  )
  assert.equal(done?.outcome, 'conflict')
  assert.deepEqual(await symbols(small), ['A', 'B', 'C', 'D', 'E'])
})

test('a purge takes the bytes of rows that were only struck out', async () => {
  await using small = await openSmallLake()
  await land(small, ['AAA', 'GME', 'ZZZ'])
  const { files } = await small.records.lake.snapshot()
  await strike(small, files[0], [1])
  await using rewriter = await rewriterOf(small)
  const what = { kind: 'symbols', symbols: ['GME'] } as const
  const io = small.records.lake.tended()
  await purge(io, { workshop: workshopOf(small, rewriter), what, signal: NEVER })
  const [file, ...more] = (await small.records.lake.snapshot()).files
  assert.equal(more.length, 0)
  assert.deepEqual([file?.rows, file?.deletes], [2, undefined])
  assert.deepEqual(await symbols(small), ['AAA', 'ZZZ'])
})

test('a file without field ids is named, and not written anew as nulls', async () => {
  await using small = await openSmallLake()
  await land(small, ['A'])
  const { openDuckdb } = await import('../../duckdb/duckdb.ts')
  await using duckdb = await openDuckdb({
    threads: 1,
    memoryMb: 128,
    spillDir: null,
    readable: null,
  })
  using connection = await duckdb.connect()
  const path = join(small.dir, 'theirs.parquet')
  await connection.run(`COPY (SELECT 'GME' AS symbol, 1.5 AS price) TO '${path}' (FORMAT parquet)`)
  await using rewriter = await rewriterOf(small)
  const { metadata } = await small.records.lake.tended().load()
  const columns = columnsOf(metadata, small.records.table)
  assert.ok('columns' in columns)
  const inputs = [{ location: 'theirs', path, rows: 1, sizeBytes: 1, deletes: [] }]
  const rewriting = { inputs, columns: columns.columns, day: 1, targetBytes: 1e6, signal: NEVER }
  await assert.rejects(
    rewriter.write(rewriting),
    (error) => isFault(error, 'invalid') && /theirs/.test(error.message),
  )
})
