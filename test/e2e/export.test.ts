import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { startReplay } from '../../src/replay/serve-replay.ts'
import { openCli, type Cli } from './cli.ts'

const TRADES = 500
const START = Date.UTC(2026, 1, 10, 15)

/** A tape of two symbols; nothing of it changes. */
describe('export', { timeout: 120_000 }, () => {
  let cli: Cli
  before(async () => {
    cli = await openCli({ TICKLAKE_SOURCE: 'test' })
    const trades = Array.from({ length: TRADES }, (_, n) => ({
      s: n % 2 === 0 ? 'AAPL' : 'MSFT',
      p: 100 + n / 100,
      v: n,
      t: START + n,
      c: n % 3 === 0 ? ['1', '12'] : null,
    }))
    const bytes = new TextEncoder().encode(JSON.stringify({ data: trades, type: 'trade' }))
    async function* once() {
      yield { atMs: null, bytes }
    }
    await using feed = await startReplay({ source: once() })
    const record = cli.start(['record', 'AAPL', 'MSFT', '--feed', feed.url])
    await record.seen(/info +recording/)
    await feed.ended
    for (;;) {
      const { out } = await cli.run('sql', 'SELECT count(*) AS n FROM trades', '--json')
      if (out.includes(String(TRADES))) break
    }
    record.child.kill('SIGINT')
    await record.ended
  })
  after(() => cli[Symbol.asyncDispose]())

  const run = async (...args: readonly string[]) => {
    const ended = await cli.run('export', ...args)
    assert.equal(ended.code, 0, ended.err)
    return ended
  }
  const rowsOf = (text: string) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)

  test('writes the trades, whole, in order, in each format, and says so', async () => {
    const { err } = await run('-o', 'all.ndjson')
    assert.match(err, /500 rows, .* in .*all\.ndjson/)
    const rows = rowsOf(readFileSync(join(cli.dir, 'all.ndjson'), 'utf8'))
    assert.deepEqual(
      rows.map(({ volume }) => volume),
      Array.from({ length: TRADES }, (_, n) => n),
    )
    await run('-o', 'all.csv')
    const csv = readFileSync(join(cli.dir, 'all.csv'), 'utf8')
    assert.equal(csv.split('\r\n').length, TRADES + 2)
    await run('-o', 'all.parquet')
    const file = readFileSync(join(cli.dir, 'all.parquet'))
    const bytes = file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength)
    const read = await parquetReadObjects({ file: bytes, compressors })
    assert.deepEqual(
      read.map(({ symbol, price, volume }) => [symbol, price, volume]),
      rows.map(({ symbol, price, volume }) => [symbol, price, volume]),
    )
    assert.ok(read[0]?.ts instanceof Date)
    assert.deepEqual(
      readdirSync(cli.dir).filter((name) => name.endsWith('.tmp')),
      [],
    )
  })

  test('takes symbols and times, or a query, and writes to a pipe too', async () => {
    const from = new Date(START + 100).toISOString()
    const { out } = await run('--symbols', 'AAPL', '--from', from, '-o', '-')
    const rows = rowsOf(out)
    assert.equal(rows.length, (TRADES - 100) / 2)
    assert.ok(rows.every(({ symbol }) => symbol === 'AAPL'))
    const exact = await run('SELECT 9223372036854775807 AS big', '-o', '-', '--format', 'csv')
    assert.equal(exact.out, 'big\r\n9223372036854775807\r\n')
  })

  test('a Parquet file has exact numbers, times and what is nested, for a reader that is not ours', async () => {
    const sql = `SELECT 9223372036854775807 AS big, 18446744073709551615::UBIGINT AS unsigned,
      sum(x) AS huge, 0.1::DECIMAL(4,2) AS decimal, TIMESTAMP '2026-02-10 15:00:00.123' AS at,
      [9007199254740993, NULL] AS list, {'a': 1, 'b c': ['x,"', '']} AS struct,
      [{'at': TIMESTAMP '2026-02-10 15:00:00.123'}] AS deep, MAP {'k': 1} AS map, '' AS empty,
      NULL::INTEGER[] AS none FROM (VALUES (9007199254740993), (0)) t(x)`
    await run(sql, '-o', 'exact.parquet')
    const { buffer } = new Uint8Array(readFileSync(join(cli.dir, 'exact.parquet')))
    const at = new Date('2026-02-10T15:00:00.123Z')
    const [row] = await parquetReadObjects({ file: buffer, compressors })
    const { huge: _, none, ...exact } = row ?? {}
    assert.equal(none ?? null, null)
    assert.deepEqual(exact, {
      big: 9223372036854775807n,
      unsigned: 18446744073709551615n,
      decimal: 0.1,
      at,
      list: [9007199254740993n, null],
      struct: { a: 1, 'b c': ['x,"', ''] },
      deep: [{ at }],
      map: '[{"key":"k","value":1}]',
      empty: '',
    })
    const { schema } = parquetMetadata(buffer)
    const sum = schema.find(({ name }) => name === 'huge')
    assert.deepEqual([sum?.converted_type, sum?.precision, sum?.scale], ['DECIMAL', 38, 0])
  })

  for (const format of ['csv', 'parquet'])
    test(`one that is cut leaves no file, ${format}`, async () => {
      const before = readdirSync(cli.dir)
      const sql = 'SELECT i FROM range(100_000_000_000) t(i)'
      const { child, ended } = cli.start(['export', sql, '-o', `cut.${format}`])
      while (!readdirSync(cli.dir).some((name) => name.includes('.tmp')))
        await new Promise((resolve) => setTimeout(resolve, 20))
      child.kill('SIGINT')
      const { code, err } = await ended
      assert.equal(code, 130)
      assert.match(err, /cancelled: nothing was written/)
      assert.deepEqual(readdirSync(cli.dir), before)
    })

  test('says what is wrong, and leaves no file', async () => {
    const refused = async (pattern: RegExp, ...args: readonly string[]) => {
      const { code, err } = await cli.run('export', ...args)
      assert.notEqual(code, 0)
      assert.match(err, pattern)
    }
    await refused(/no file to write to/)
    await refused(/an export is parquet, csv, ndjson, not xlsx/, '-o', 'a.xlsx')
    await refused(/Parquet cannot be written to a terminal/, '-o', '-', '--format', 'parquet')
    await refused(/a QUERY takes no --symbols/, 'SELECT 1', '--from', 'today', '-o', 'a.csv')
    await refused(/nothing/, 'SELECT nothing', '-o', 'gone.csv')
    assert.ok(!readdirSync(cli.dir).some((name) => name.includes('gone')))
  })
})
