import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { startReplay } from '../../src/replay/serve-replay.ts'
import { drain, placeOf, revive } from '../crash/kills.ts'
import { run, ticklake } from '../crash/processes.ts'
import { PYTHON, withoutReaders } from '../readers/python.ts'

const ENGINES = resolve(import.meta.dirname, '../readers/engines.py')
const skip = withoutReaders('pyiceberg', 'polars', 'duckdb', 'duckdb_extension_iceberg')
const encoder = new TextEncoder()

/** Frames of trades and of what is none, over three days of venue time. */
const frames = function* frames() {
  for (let i = 0; i < 600; i++) {
    const t = Date.UTC(2026, 10, 18 + Math.floor(i / 200), 15) + i * 10
    const trade = `{"c":["1","8"],"p":${100 + (i % 50) / 4},"s":"${i % 3 === 0 ? 'AAPL' : 'MSFT'}","t":${t},"v":${i}}`
    const odd = i % 100 === 0 ? ',{"p":"1","s":"AAPL"},7' : ''
    const bytes = encoder.encode(`{"type":"trade","data":[${trade}${odd}]}`)
    yield { atMs: null, bytes, symbols: null }
  }
}

describe('engines that are not ours', { skip }, () => {
  it('see the rows and sums that ticklake sees, by the table’s name', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'ticklake-readers-'))
    const source = {
      [Symbol.asyncIterator]: async function* all() {
        yield* frames()
      },
    }
    await using feed = await startReplay({ source, speed: 'max' })
    const place = placeOf(dir, feed.url)
    const parts = { record: revive('record', place), land: revive('land', place) }
    await feed.ended
    await delay(3_000)
    await drain(parts, place)
    const query = `SELECT count(*) AS rows, count(*) FILTER (defect IS NULL) AS trades, sum(volume) AS volume,
      sum(tape_offset)::BIGINT AS offsets, count(*) FILTER (symbol = 'AAPL') AS symbol FROM records`
    const ours = JSON.parse((await ticklake(['sql', '--json', query], place)).stdout) as object
    const catalog = join(dir, 'data', 'lake', 'catalog.db')
    const { stdout, stderr } = await run(PYTHON, [ENGINES, catalog, 'AAPL'], place)
    const theirs = JSON.parse(
      stdout === '' ? `{"error":${JSON.stringify(stderr)}}` : stdout,
    ) as object
    assert.deepEqual(ours, {
      rows: 612,
      trades: 600,
      volume: 179_700,
      offsets: 186_966,
      symbol: 200,
    })
    assert.deepEqual(theirs, { pyiceberg: ours, duckdb: ours, polars: ours })
    await rm(dir, { recursive: true, force: true })
  })
})
