import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { readAvro } from '../../src/lake/iceberg/avro.ts'
import { systemClock as clock } from '../../src/flow/clock.ts'
import { openSqliteTape } from '../../src/tape/sqlite-tape.ts'
import { sqliteLease } from '../../src/tape/sqlite-lease.ts'
import { alive, SOURCE } from '../conformance/tape-samples.ts'
import { block, tradeText } from '../fixtures/small-lake.ts'
import { openCli, type Cli, type Ended } from './cli.ts'

const DAY_MS = 86_400_000
const NOON = Date.UTC(2026, 10, 20, 12)
const SYMBOLS = ['PURGEME', 'QQQ', 'TSLA'] as const // the first is a bound in manifests

type Row = Readonly<Record<string, unknown>>
const linesOf = ({ out }: Ended): readonly Row[] =>
  out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row)

/** Each test goes on from the one before, on one lake. */
describe('keeping a lake small, and forgetting for good', { timeout: 300_000 }, () => {
  let cli: Cli
  before(async () => void (cli = await openCli()))
  after(async () => cli[Symbol.asyncDispose]())

  const settings = ['--data', 'data']
  const run = (...args: readonly string[]) => cli.run(...args, ...settings)
  const done = async (...args: readonly string[]): Promise<Ended> => {
    const ended = await run(...args)
    assert.equal(ended.code, 0, `${args.join(' ')}: ${ended.err}${ended.out}`)
    return ended
  }
  const tapeDir = () => join(cli.dir, 'data', 'tape')
  let sent = 0
  /** Nine trades of three symbols, and one record that cannot be read and names one of them. */
  const record = async (at: number): Promise<void> => {
    await using tape = await openSqliteTape({
      dir: tapeDir(),
      mode: 'write',
      source: SOURCE,
      clock,
    })
    const trades = Array.from({ length: 9 }, (_, i) =>
      tradeText({ s: SYMBOLS[i % 3] ?? '', t: at + sent * 1000 + i, p: 100 + sent, v: i }),
    )
    sent += 1
    await tape.append([block([...trades, '{"s":"PURGEME","p":'], at + 1000), alive(at)])
  }
  const land = async (): Promise<void> => {
    const lander = cli.start(['land', ...settings])
    await Promise.race([lander.ended, lander.seen(/landing/)])
    lander.child.kill('SIGTERM')
    const { code, err } = await lander.ended
    assert.equal(code, 0, err)
  }
  const count = async (from: string): Promise<number> => {
    const [row] = linesOf(await done('sql', '--json', `SELECT count(*)::INT AS n FROM ${from}`))
    return Number(row?.['n'])
  }
  const verified = async () => assert.match((await done('verify', '--json')).out, /"passed":true/)
  const holding = (text: string) => filesHolding(join(cli.dir, 'data'), text)

  test('before anything has landed there is nothing to take care of, and nothing is made', async () => {
    for (const args of [['compact'], ['expire'], ['orphans'], ['purge', '--all', '--yes']]) {
      const { code, err } = await run(...args)
      assert.equal(code, 1)
      assert.match(err, /holds no tape yet/)
    }
    await record(NOON)
    const { code, err } = await run('compact', '--dry-run')
    assert.equal(code, 1)
    assert.match(err, /holds no table yet[^]*ticklake land/)
    assert.deepEqual(readdirSync(join(cli.dir, 'data')), ['tape'])
  })

  test('a closed day is planned, then made one file, then there is nothing left to do', async () => {
    await land()
    for (let i = 0; i < 3; i++) {
      await record(NOON)
      await land()
    }
    const files = async () => linesOf(await done('ls', '--json', '--files'))
    const before = (await files()).length
    const [planned, ...more] = linesOf(
      await done('compact', '--dry-run', '--json', '--table', 'records'),
    )
    assert.deepEqual(
      [planned?.['day'], planned?.['kind'], planned?.['files_before'], planned?.['outcome'], more],
      ['2026-11-20', 'sort', 4, 'planned', []],
    )
    assert.equal((await files()).length, before)
    assert.match((await done('compact')).out, /records +2026-11-20 +sort +4 → 1 file .* 36 rows/)
    assert.match((await done('compact')).err, /nothing to compact/)
    assert.match((await done('compact', '--day', 'no-time')).err, /nothing to compact/)
    const nothing = ['records', 'feed_log'].map((table) => ({
      table,
      day: null,
      outcome: 'nothing',
    }))
    assert.deepEqual(linesOf(await done('compact', '--json')), nothing)
    assert.deepEqual(linesOf(await done('compact', '--json', '--dry-run')), nothing)
    assert.equal(await count('trades'), 36)
    await verified()
  })

  test('expired snapshots go; data files that were replaced within the hour wait for orphans', async () => {
    const [planned] = linesOf(await done('expire', '--keep', '1', '--dry-run', '--json'))
    assert.ok(Number(planned?.['metadata_files']) >= 4, JSON.stringify(planned))
    assert.equal(planned?.['data_files'], 0)
    const [gone] = linesOf(await done('expire', '--keep', '1', '--json'))
    assert.deepEqual({ ...gone, dry_run: true }, planned)
    const { out, err } = await done('expire', '--keep', '1')
    assert.deepEqual([out, err], ['', 'nothing to expire beyond the newest 1 snapshot\n'])
    assert.deepEqual(
      linesOf(await done('orphans', '--json')).map(({ table, file }) => [table, file]),
      [
        ['records', null],
        ['feed_log', null],
      ],
    )
    assert.ok((await holding('PURGEME')).length > 0)
    assert.match((await done('orphans', '--dry-run')).err, /no orphans older than 3d/)
    await verified()
  })

  const WRONG: readonly (readonly [readonly string[], RegExp])[] = [
    [['compact', '--day', 'yesterday'], /--day takes a date/],
    [['compact', '--table', 'record'], /did you mean records/],
    [['expire', '--keep', '0'], /1 or more/],
    [['orphans', '--older-than', '1h'], /2h or more/],
    [['purge'], /what is to be purged/],
    [['purge', '--all', '--before', '2026-01-01'], /do not go together/],
    [['purge', '--before', '2026-02-30', '--yes'], /takes a date/],
    [['purge', '--before', '2999-01-01', '--yes'], /has not come yet/],
    [['purge', '--symbol', 'A,,B', '--yes'], /separated by commas/],
    [['purge', '--all'], /nobody can be asked here[^]*--yes/],
  ]
  for (const [args, says] of WRONG)
    test(`${args.join(' ')} is refused before anything is looked at`, async () => {
      const { code, err } = await run(...args)
      assert.equal(code, 2)
      assert.match(err, says)
    })

  test('a purge waits for nobody: who lands is told to stop, and what has not landed to land', async () => {
    {
      await using _lease = await sqliteLease({ dir: tapeDir(), role: 'lander', clock })(
        new AbortController().signal,
      )
      const { code, err } = await run('purge', '--symbol', 'PURGEME', '--yes')
      assert.equal(code, 1)
      assert.match(err, /a lander is at work[^]*Ctrl-C of `ticklake up`/)
    }
    {
      await using _lease = await sqliteLease({ dir: tapeDir(), role: 'recorder', clock })(
        new AbortController().signal,
      )
      assert.match((await run('purge', '--all', '--yes')).err, /stop `ticklake record` too/)
    }
    await record(NOON)
    const { code, err } = await run('purge', '--symbol', 'PURGEME', '--yes')
    assert.equal(code, 1)
    assert.match(
      err,
      /4 records of it on the tape .* did not land yet[^]*`ticklake up` runs, stop it/,
    )
    assert.match((await run('purge', '--before', '2026-11-21', '--yes')).err, /11 records of it/)
    await land()
  })

  test('a purge of what is not there touches nothing, and names what was meant', async () => {
    const before = listed(join(cli.dir, 'data'))
    for (const [args, says] of [
      [['--symbol', 'purgeme'], /nothing of purgeme is here \(did you mean PURGEME\?\)[^]*--again/],
      [['--symbol', 'RRR'], /nothing of RRR is here/], // within the files' bounds
      [['--before', '2026-11-19'], /nothing from before 2026-11-19 is here/],
    ] as const)
      for (const how of ['--dry-run', '--yes']) {
        const { code, err } = await run('purge', ...args, how)
        assert.equal(code, 1)
        assert.match(err, says)
      }
    assert.deepEqual(listed(join(cli.dir, 'data')), before)
  })

  test('a purged symbol is nowhere any more, and all else is as it was', async () => {
    for (const name of ['cache/files', 'spill/duckdb-x']) {
      const folder = join(cli.dir, 'data', name)
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, 'copy'), 'PURGEME')
    }
    for (const kind of [/tape\.db$/, /\.parquet$/, /-m\d\.avro$/, /cache/, /spill/])
      assert.ok(
        (await holding('PURGEME')).some((path) => kind.test(path)),
        `${kind}`,
      )
    const others = await count("trades WHERE symbol <> 'PURGEME'")
    const plan = await done('purge', '--symbol', 'PURGEME', '--dry-run')
    assert.match(plan.out, /feed_log +stays/)
    assert.match(plan.out, /records +20 rows: \d+ files? to look through/)
    assert.notDeepEqual(await holding('PURGEME'), [])
    const both = ['--symbol', 'PURGEME,NOPE', '--tape-too', '--yes']
    const { out, err } = await done('purge', ...both)
    assert.match(out, /records +20 rows gone; 0 whole files removed, \d+ files? looked through/)
    assert.match(err, /--tape-too is for Kafka[^]*nothing of NOPE is here/)
    assert.deepEqual(await holding('PURGEME'), [])
    // One that was killed is noted by the table, and is run again.
    assert.match((await done('purge', '--symbol', 'PURGEME', '--yes')).out, /records +0 rows gone/)
    assert.match((await done('purge', '--symbol', 'ABC', '--again', '--yes')).out, /0 rows gone/)
    assert.equal(await count('records'), others)
    await verified()
  })

  test('landing goes on after it, also of that symbol', async () => {
    await record(NOON + DAY_MS)
    await land()
    assert.equal(await count("trades WHERE symbol = 'PURGEME'"), 3)
    await verified()
  })

  test('what came before a day is nowhere any more', async () => {
    await record(NOON)
    await land()
    const OLD = ['2026-11-20T12', `"t":${String(NOON).slice(0, 8)}`] as const // in the lake, on the tape
    for (const text of OLD) assert.notDeepEqual(await holding(text), [])
    await done('purge', '--before', '2026-11-21', '--yes')
    for (const text of OLD) assert.deepEqual(await holding(text), [])
    assert.deepEqual(
      linesOf(
        await done('sql', '--json', 'SELECT min(received_at)::DATE::VARCHAR AS d FROM records'),
      ),
      [{ d: '2026-11-21' }],
    )
    await verified()
  })

  test('all is nowhere any more, and the next record lands behind it', async () => {
    await done('purge', '--all', '--yes')
    for (const symbol of SYMBOLS) assert.deepEqual(await holding(symbol), [])
    assert.equal(await count('records'), 0)
    await record(NOON + DAY_MS)
    await land()
    assert.equal(await count('records'), 10)
    await verified()
  })
})

/** Files below a folder that are of the lake, or the tape itself. */
const listed = (dir: string): readonly string[] =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile() && /\.(parquet|avro|json|db)$/.test(one.name))
    .map((one) => join(one.parentPath, one.name))
    .toSorted()

/** Files below a folder that hold this text, as bytes or in the rows of a Parquet file. */
async function filesHolding(dir: string, text: string): Promise<readonly string[]> {
  const found: string[] = []
  for (const one of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    if (!one.isFile()) continue
    const path = join(one.parentPath, one.name)
    const bytes = readFileSync(path)
    if (bytes.includes(text) || (await rowsText(bytes, path)).includes(text)) found.push(path)
  }
  return found
}

/** What Parquet files and manifests hold compressed. */
async function rowsText(bytes: Buffer, path: string): Promise<string> {
  if (path.endsWith('.avro')) return textOf(readAvro(bytes, null, path).rows)
  if (!path.endsWith('.parquet')) return ''
  const { buffer, byteOffset, length } = bytes
  const file = buffer.slice(byteOffset, byteOffset + length) as ArrayBuffer
  return textOf(await parquetReadObjects({ file, compressors }))
}

const textOf = (rows: readonly unknown[]): string =>
  JSON.stringify(rows, (_, value: unknown) => {
    if (typeof value === 'bigint') return String(value)
    if (value instanceof Uint8Array) return Buffer.from(value).toString()
    const isBytes = typeof value === 'object' && value !== null && 'data' in value
    return isBytes && Array.isArray(value.data) ? Buffer.from(value.data).toString() : value
  })
