import assert from 'node:assert/strict'
import { readdir, mkdir, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { openSmallLake, tradeText, type SmallLake } from '../../../test/fixtures/small-lake.ts'
import { sqlApp, type SqlApp } from '../../../test/fixtures/sql-asked.ts'
import { openDuckdb } from '../../duckdb/duckdb.ts'
import type { Query } from '../../query/query.ts'

const T0 = Date.UTC(2026, 10, 20, 15)
/** Of a process that cannot be: the kernel's largest number is smaller. */
const LEFT = `export-${hostname().replaceAll(/[^A-Za-z0-9.]/g, '_')}-99999999-abc`

describe('exports', () => {
  let small: SmallLake
  let query: Query
  let app: SqlApp
  let spillDir = ''
  before(async () => {
    small = await openSmallLake()
    await small.append(
      Array.from({ length: 100 }, (_, i) => tradeText({ s: `S${i % 5}`, t: T0 + i, p: i })),
    )
    query = await small.openQuery()
    spillDir = join(small.dir, 'spill')
    await mkdir(join(spillDir, LEFT), { recursive: true })
    await writeFile(join(spillDir, LEFT, 'export'), 'half')
    app = sqlApp(query, { spillDir, millisMax: 2000 })
  })
  after(async () => {
    await query[Symbol.asyncDispose]()
    await small[Symbol.asyncDispose]()
  })

  const wanted = async (sql: string, format: string): Promise<string> => {
    const response = await app.request('/api/exports', { sql, format })
    assert.equal(response.status, 200)
    return ((await response.json()) as { url: string }).url
  }
  const SQL = 'SELECT symbol, tape_offset, ts FROM trades ORDER BY tape_offset'

  test('each format is the whole answer, with a name and a type, and comes once', async () => {
    const types = {
      csv: 'text/csv',
      ndjson: 'application/x-ndjson',
      parquet: 'application/vnd.apache.parquet',
    }
    for (const [format, type] of Object.entries(types)) {
      const url = await wanted(SQL, format)
      const response = await app.request(url)
      assert.equal(response.status, 200)
      assert.ok(response.headers.get('content-type')?.startsWith(type))
      assert.match(
        response.headers.get('content-disposition') ?? '',
        new RegExp(`^attachment; filename="ticklake-trades-[-0-9TZ]+\\.${format}"$`),
      )
      const bytes = new Uint8Array(await response.arrayBuffer())
      if (format === 'parquet') {
        assert.equal(response.headers.get('content-length'), String(bytes.length))
        const path = join(small.dir, 'read.parquet')
        await writeFile(path, bytes)
        await using duckdb = await openDuckdb({
          threads: 1,
          memoryMb: 64,
          spillDir: null,
          readable: null,
        })
        using connection = await duckdb.connect()
        const rows = await connection.all(
          `SELECT count(*), max(tape_offset), typeof(any_value(ts)) FROM '${path}'`,
        )
        assert.deepEqual(rows, [[100n, 99n, 'TIMESTAMP']])
      } else {
        const lines = Buffer.from(bytes).toString().trimEnd().split('\n')
        assert.equal(lines.length, format === 'csv' ? 101 : 100)
      }
      const again = await app.request(url)
      assert.equal(again.status, 404)
      assert.match(await again.text(), /given once, within a minute/)
    }
  })

  test('nothing is left of exports, nor of those of a process that is gone', async () => {
    assert.deepEqual(await readdir(spillDir), [])
  })

  test('one that cannot be made says so in place of a file, and leaves nothing', async () => {
    for (const format of ['csv', 'parquet']) {
      const slow = await app.request(
        await wanted('SELECT count(*) FROM range(100_000_000_000) t(i) WHERE i % 7 = 1', format),
      )
      assert.equal(slow.status, 400)
      assert.match(await slow.text(), /longer than 2000 ms/)
      const failing = await app.request(
        await wanted('SELECT CAST(symbol AS INTEGER) FROM trades', format),
      )
      assert.equal(failing.status, 400)
      assert.match(await failing.text(), /Conversion Error/)
    }
    assert.deepEqual(await readdir(spillDir), [])
  })

  test('one that fails on the way breaks off', async () => {
    const sql =
      "SELECT CAST(CASE WHEN i = 90000 THEN 'x' ELSE '1' END AS INTEGER), i FROM range(9_000_000) t(i)"
    const response = await app.request(await wanted(sql, 'csv'))
    assert.equal(response.status, 200)
    await assert.rejects(response.text())
  })

  test('downloads that are left free what they hold: others can begin', async () => {
    for (let i = 0; i < 4; i++)
      for (const format of ['csv', 'parquet']) {
        const response = await app.request(await wanted('FROM range(100_000)', format))
        const reader = response.body?.getReader()
        if (i % 2 === 0) await reader?.read()
        await reader?.cancel()
      }
    const response = await app.request(await wanted(SQL, 'ndjson'))
    assert.equal((await response.text()).trimEnd().split('\n').length, 100)
  })

  test('HEAD takes no download away', async () => {
    const url = await wanted(SQL, 'csv')
    const { status } = await app.head(url)
    assert.equal(status, 405)
    assert.equal((await app.request(url)).status, 200)
  })

  test('a statement that does more than read is no export', async () => {
    const response = await app.request('/api/exports', { sql: 'DROP VIEW trades', format: 'csv' })
    assert.equal(response.status, 400)
    assert.match(await response.text(), /DROP does more than read/)
  })
})
