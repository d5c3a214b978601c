import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { startSimulator } from '../../src/replay/simulator.ts'
import { openCli, type Cli, type Running } from './cli.ts'

type Row = Readonly<Record<string, unknown>>

const linesOf = (text: string): readonly Row[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row)

/** A tape that is bound to the name of a server, made once; the tests only ask. */
describe('asking a tape of any source', { timeout: 120_000 }, () => {
  let cli: Cli
  let source = ''
  const data = ['--data', 'recorded/here']
  before(async () => {
    cli = await openCli()
    await using feed = await startSimulator({ ratePerSecond: 500 })
    source = `127.0.0.1-${feed.port}`
    const record = cli.start(['record', '--feed', feed.url, ...data])
    await record.seen(/recording source=127/)
    await countedAtLeast(500)
    record.child.kill('SIGTERM')
    assert.equal((await record.ended).code, 0)
    const land = cli.start(['land', '--land-age', '1s', ...data])
    await land.seen(/committed table=records/)
    land.child.kill('SIGTERM')
    assert.equal((await land.ended).code, 0)
  })
  after(async () => cli[Symbol.asyncDispose]())

  const rows = async (sql: string): Promise<readonly Row[]> => {
    const { out } = await cli.run('sql', '--json', sql, ...data)
    return linesOf(out)
  }
  const countedAtLeast = async (least: number): Promise<void> => {
    for (;;) {
      const [row] = await rows('SELECT count(*)::INT AS n FROM records')
      if (Number(row?.n ?? 0) >= least) return
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  test('every command that only reads does so without being told the source', async () => {
    const asked = [
      ['sql', 'SELECT 1'],
      ['gaps'],
      ['candles', 'BINANCE:BTCUSDT'],
      ['ls'],
      ['ls', '--files'],
      ['verify'],
      ['tail', '-n', '2', '--no-follow'],
      ['doctor', '--offline', '--port', '0'],
    ]
    for (const args of asked) {
      const { code, out, err } = await cli.run(...args, ...data)
      assert.equal(code, 0, `${args.join(' ')}: ${err}`)
      assert.notEqual(out, '', args.join(' '))
      assert.doesNotMatch(out + err, /source simulator|simulated trades/i, args.join(' '))
    }
    assert.deepEqual(await rows('SELECT DISTINCT source FROM trades'), [{ source }])
    const { out } = await cli.run('doctor', '--offline', '--json', '--port', '0', ...data)
    const tape = linesOf(out).find(({ check }) => check === 'tape')
    assert.equal(tape?.outcome, 'warn')
    assert.match(
      String(tape?.says),
      new RegExp(`records of ${source}; these settings would record`),
    )
  })

  test('a lake that is named is asked without its tape, up to the last commit', async () => {
    const lake = `file:${join(cli.dir, 'recorded/here/lake')}`
    const alone = ['--lake', lake, '--data', 'no/tape/in/it']
    const asked = [['sql', 'SELECT count(*) FROM trades'], ['gaps'], ['candles', 'BINANCE:BTCUSDT']]
    for (const args of asked) {
      const { code, err } = await cli.run(...args, ...alone)
      assert.equal(code, 0, err)
      assert.equal(err, 'no tape here: answers reach to the last commit\n', args.join(' '))
    }
    const { out, err, code } = await cli.run('ls', '--json', ...alone)
    assert.deepEqual([code, err], [0, ''])
    const listed = linesOf(out).filter(({ table }) => table === 'records')
    const [counted] = linesOf(
      (await cli.run('sql', '--json', 'SELECT count(*)::INT AS n FROM records', ...alone)).out,
    )
    assert.equal(
      listed.reduce((sum, { rows: count }) => sum + Number(count), 0),
      counted?.n,
    )
    const named = await cli.run('sql', 'SELECT 1', ...alone, '--source', 'finnhub')
    assert.equal(named.code, 78)
    assert.match(named.err, /holds trades of 127/)
    assert.equal((await cli.run('sql', 'SELECT nothing', ...alone)).code, 2)
    const verify = await cli.run('verify', ...alone)
    assert.equal(verify.code, 1)
    assert.match(verify.err, /holds no tape yet.*\n.*This needs the tape/)
    const typo = ['--lake', 'file:no/lake', '--data', 'no/tape/in/it']
    const nothing = await cli.run('sql', 'SELECT 1', ...typo)
    assert.equal(nothing.code, 1)
    assert.match(nothing.err, /no tape here, and no table in sqlite:/)
    const empty = await cli.run('ls', ...typo)
    assert.equal(empty.code, 0)
    assert.match(empty.err, /there is no table in sqlite:/)
  })

  test('the page names the source of the tape, not that of the settings', async () => {
    const serve = cli.start(['serve', '--port', '0', ...data])
    const [, url = ''] = await serve.seen(/url=(http:\S+)/)
    for (;;) {
      if ((await fetch(new URL('/readyz', url))).status === 200) break
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    const status = (await (await fetch(new URL('/api/status', url))).json()) as Row
    assert.deepEqual([status.source, status.simulated], [source, false])
    serve.child.kill('SIGTERM')
    assert.equal((await serve.ended).code, 0)
  })

  test('doctor names a settings file only where there is one', async () => {
    const settings = async (): Promise<string> => {
      const { out } = await cli.run('doctor', '--offline', '--json', '--port', '0', ...data)
      return String(linesOf(out).find(({ check }) => check === 'settings')?.says)
    }
    assert.match(await settings(), /^no ticklake\.yaml here/)
    writeFileSync(join(cli.dir, 'ticklake.yaml'), 'land: { age: 5s }\n')
    assert.match(await settings(), /^read from .*ticklake\.yaml$/)
  })

  test('a folder above the data names the data, and no folder that merely has a tape/', async () => {
    mkdirSync(join(cli.dir, 'recorded', 'other', 'tape'), { recursive: true })
    const { code, err } = await cli.run('sql', 'SELECT 1', '--data', 'recorded')
    assert.equal(code, 1)
    assert.match(err, /--data \S+recorded\/here\.\n$/)
  })

  test('a symbol that was never recorded is answered with those that were', async () => {
    for (const args of [
      ['tail', 'XYZ', '--no-follow'],
      ['candles', 'XYZ'],
    ]) {
      const { code, out, err } = await cli.run(...args, ...data)
      assert.deepEqual([code, out], [0, ''])
      assert.match(err, /^no trades of XYZ; recorded are .*\bAAPL\b/)
    }
  })

  test('one answer is the same rows as Parquet, CSV and NDJSON', async () => {
    const sql = `SELECT symbol, price, tape_offset, conditions, ts, extended_hours, [1, 2] AS list, NULL::INT AS none
FROM trades ORDER BY tape_offset LIMIT 50`
    for (const end of ['parquet', 'csv', 'ndjson']) {
      const { code, out, err } = await cli.run('sql', sql, '-o', `out.${end}`, ...data)
      assert.deepEqual([code, out], [0, ''], err)
    }
    const ndjson = linesOf(readFileSync(join(cli.dir, 'out.ndjson'), 'utf8'))
    assert.equal(ndjson.length, 50)
    const { buffer } = new Uint8Array(readFileSync(join(cli.dir, 'out.parquet')))
    const parquet = (await parquetReadObjects({ file: buffer, compressors })) as readonly Row[]
    const plain = (row: Row): Row => ({
      ...row,
      tape_offset: Number(row.tape_offset),
      ts: new Date(row.ts as string | Date).toISOString(),
      list: JSON.stringify(typeof row.list === 'string' ? JSON.parse(row.list) : row.list),
    })
    assert.deepEqual(parquet.map(plain), ndjson.map(plain))
    const csv = readFileSync(join(cli.dir, 'out.csv'), 'utf8').trimEnd().split('\r\n')
    assert.deepEqual(
      csv.slice(1).map((line) => line.split(',', 2)),
      ndjson.map(({ symbol, price }) => [String(symbol), String(price)]),
    )
  })

  test('an answer that cannot be written leaves nothing behind and says why', async () => {
    const before = readdirSync(cli.dir)
    const wrong: readonly (readonly [string, string, RegExp])[] = [
      ['SELECT 1', 'out.xlsx', /does not say a format/],
      ['SELECT 1', 'none/out.csv', /there is no folder \S+none/],
      ["SELECT error('late') FROM trades", 'late.csv', /late/],
      ["SELECT error('late') FROM trades", 'late.parquet', /late/],
    ]
    for (const [sql, file, why] of wrong) {
      const { code, err } = await cli.run('sql', sql, '-o', file, ...data)
      assert.notEqual(code, 0, file)
      assert.match(err, why)
    }
    assert.deepEqual(readdirSync(cli.dir), before)
  })

  test('what a replay of tape or lake plays is recorded as it was', async () => {
    const sql =
      'SELECT symbol, price, volume, conditions, epoch_ms(ts) AS ts FROM trades ORDER BY ALL'
    const original = await rows(sql)
    for (const what of ['tape', 'lake']) {
      const replay = cli.start([
        'replay',
        what,
        '--speed',
        'max',
        '--listen',
        '0',
        '--json',
        ...data,
      ])
      const [, url = ''] = await replay.seen(/"url":"(ws:[^"]+)"/)
      const again = ['--data', `again-${what}`]
      const record = cli.start(['record', '--feed', url, ...again])
      const played = await recordedAll(record, again, original.length)
      assert.equal(played, original.length, what)
      const { out } = await cli.run('sql', '--json', sql, ...again)
      assert.deepEqual(linesOf(out), original, what)
      replay.child.kill('SIGTERM')
      assert.equal((await replay.ended).code, 0)
    }
  })

  test('a replay with faults breaks off as it was told to, and the recorder goes on', async () => {
    const faults = 'seed=3,close=0.2,garbage=0.1'
    const replay = cli.start([
      'replay',
      'tape',
      '--speed',
      'max',
      '--listen',
      '0',
      '--loop',
      '--faults',
      faults,
      ...data,
    ])
    const [, url = ''] = await replay.seen(/url=(ws:\S+)/)
    const record = cli.start(['record', '--feed', url, '--data', 'faulty'])
    await record.seen(/(closed|ended|reconnect)[^]*(closed|ended|reconnect)/)
    record.child.kill('SIGTERM')
    assert.equal((await record.ended).code, 0)
    const { out } = await cli.run('gaps', '--json', '--data', 'faulty')
    assert.ok(linesOf(out).length > 0)
    replay.child.kill('SIGTERM')
    assert.equal((await replay.ended).code, 0)
  })

  /** Waits until as many trades are recorded as there are to come, then drains the recorder. */
  const recordedAll = async (record: Running, again: readonly string[], all: number) => {
    let n = 0
    while (n < all) {
      const { out } = await cli.run('sql', '--json', 'SELECT count(*)::INT n FROM trades', ...again)
      n = Number(linesOf(out)[0]?.n ?? 0)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    record.child.kill('SIGTERM')
    assert.equal((await record.ended).code, 0)
    return n
  }
})

describe('the settings file', { timeout: 60_000 }, () => {
  test('symbols that are added while recording are subscribed without a reconnect', async () => {
    await using cli = await openCli()
    await using feed = await startSimulator({ ratePerSecond: 500 })
    const file = join(cli.dir, 'ticklake.yaml')
    writeFileSync(file, `feed: ${feed.url}\nsymbols: [AAPL]\n`)
    const record = cli.start(['record', '--data', 'd'])
    await record.seen(/recording source/)
    const symbols = async (): Promise<string> => {
      const sql = 'SELECT string_agg(DISTINCT symbol, $$,$$ ORDER BY symbol) s FROM trades'
      const { out } = await cli.run('sql', '--json', sql, '--data', 'd')
      return String(linesOf(out)[0]?.s)
    }
    while ((await symbols()) !== 'AAPL') await new Promise((resolve) => setTimeout(resolve, 100))
    writeFileSync(file, `feed: ${feed.url}\nsymbols: [MSFT, AAPL]\n`)
    await record.seen(/the settings file changed symbols=2/)
    while ((await symbols()) !== 'AAPL,MSFT')
      await new Promise((resolve) => setTimeout(resolve, 100))
    writeFileSync(file, 'symbols: [MSFT\n')
    await record.seen(/the settings file changed and is wrong: .*ticklake\.yaml:\d+:\d+/)
    record.child.kill('SIGTERM')
    assert.equal((await record.ended).code, 0)
    writeFileSync(file, '')
    const { out } = await cli.run(
      'sql',
      '--json',
      "SELECT count(*)::INT n FROM feed_log WHERE kind = 'opened'",
      '--data',
      'd',
    )
    assert.deepEqual(linesOf(out), [{ n: 1 }])
  })

  test('is overwritten only when told to', async () => {
    await using cli = await openCli()
    const file = join(cli.dir, 'ticklake.yaml')
    writeFileSync(file, 'port: 1\n')
    const { code, err } = await cli.run('init')
    assert.equal(code, 2)
    assert.match(err, /is there already[^]*--force/)
    assert.equal(readFileSync(file, 'utf8'), 'port: 1\n')
    assert.equal((await cli.run('init', '--force')).code, 0)
    assert.match(readFileSync(file, 'utf8'), /^# Settings of ticklake/)
    assert.equal((await cli.run('config')).code, 0)
  })
})
