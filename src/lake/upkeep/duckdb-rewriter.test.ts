import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fault } from '../../../test/conformance/tape-world.ts'
import { openSmallLake, tradeText } from '../../../test/fixtures/small-lake.ts'
import { columnsOf } from './columns.ts'
import { duckdbRewriter } from './duckdb-rewriter.ts'

const NOON = Date.UTC(2026, 10, 20, 12)

test('a rewrite that is cancelled ends within its statement, and leaves no file', async () => {
  await using small = await openSmallLake()
  await small.append([tradeText({ s: 'A', t: NOON })])
  await small.land()
  const { table, lake } = small.records
  const columns = columnsOf((await lake.tended().load()).metadata, table)
  assert.ok('columns' in columns)
  const [file] = (await lake.snapshot()).files
  assert.ok(file)
  const { location, rows, sizeBytes, day } = file
  const dir = join(small.dir, 'rewriting')
  await using rewriter = await duckdbRewriter({ table, dir, memoryMb: 128, threads: 1 })
  const rewriting = {
    inputs: [{ location, path: location, rows, sizeBytes, deletes: [] }],
    columns: columns.columns,
    day,
    targetBytes: 1_000_000,
    fromMs: NOON + 1, // no row stays: there is no range before which it would look at the signal
  }
  const write = (signal: AbortSignal) => rewriter.write({ ...rewriting, signal })
  await assert.rejects(write(AbortSignal.abort()), fault('closed', /cancelled/))
  assert.deepEqual(
    readdirSync(dir, { recursive: true }).filter((name) => /parquet/.test(String(name))),
    [],
  )
  assert.deepEqual((await write(new AbortController().signal)).files, [])
})
