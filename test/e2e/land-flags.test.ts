import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import { systemClock as clock } from '../../src/flow/clock.ts'
import { offset } from '../../src/market/records.ts'
import { sqliteLease } from '../../src/tape/sqlite-lease.ts'
import { openSqliteTape } from '../../src/tape/sqlite-tape.ts'
import type { Tape } from '../../src/tape/tape.ts'
import { numbered, SOURCE, ZERO } from '../conformance/tape-samples.ts'
import { openCli, type Cli, type Ended } from './cli.ts'

type Metadata = {
  'current-snapshot-id': number
  readonly refs: { readonly main: { 'snapshot-id': number } }
  readonly snapshots: readonly {
    readonly 'snapshot-id': number
    readonly 'parent-snapshot-id'?: number
  }[]
}

/** Each test goes on from the one before, on one lake. */
describe('what an operator accepts when tape and lake do not fit', { timeout: 120_000 }, () => {
  let cli: Cli
  before(async () => void (cli = await openCli()))
  after(async () => cli[Symbol.asyncDispose]())

  const tapeDir = () => join(cli.dir, 'data', 'tape')
  const settings = ['--data', 'data']
  const onTape = async (act: (tape: Tape) => Promise<void>) => {
    await using tape = await openSqliteTape({
      dir: tapeDir(),
      mode: 'write',
      source: SOURCE,
      clock,
    })
    await act(tape)
  }
  const append = (first: number, next: number) =>
    onTape((tape) => tape.append([numbered(first, next)]))
  /** Lands all that is on the tape: told to stop, the lander commits the rest and ends. */
  const land = async (...flags: readonly string[]): Promise<Ended> => {
    const lander = cli.start(['land', ...settings, '--land-age', '1s', ...flags])
    await Promise.race([lander.ended, lander.seen(/table=records|"records"|landing/)])
    lander.child.kill('SIGTERM')
    return await lander.ended
  }
  const refused = (...flags: readonly string[]) => cli.start(['land', ...settings, ...flags]).ended
  const count = async (from: string): Promise<number> => {
    const { out, err } = await cli.run(
      'sql',
      ...settings,
      '--json',
      `SELECT count(*) n FROM ${from}`,
    )
    assert.match(out, /"n":/, err)
    return Number((JSON.parse(out.split('\n')[0] ?? '') as { n: unknown }).n)
  }

  test('records that were trimmed before they landed stop the lander', async () => {
    await append(0, 10)
    assert.equal((await land()).code, 0)
    await append(10, 15)
    await append(15, 20)
    await onTape((tape) => tape.trades.trim(new Map([[ZERO, offset(15)]])))
    const { code, err } = await refused()
    assert.equal(code, 1)
    assert.match(err, /records \[10, 15\) were trimmed before they landed/)
    assert.match(err, /--accept-gap/)
  })

  test('a gap is not accepted while a recorder writes the tape', async () => {
    await using _lease = await sqliteLease({ dir: tapeDir(), role: 'recorder', clock })(
      new AbortController().signal,
    )
    const { code, err } = await refused('--accept-gap')
    assert.equal(code, 1)
    assert.match(err, /a recorder is writing this tape/)
    assert.match(err, /Stop `ticklake record`/)
  })

  test('an accepted gap is noted in the feed log, and landing goes on behind it', async () => {
    const { code, err } = await land('--accept-gap')
    assert.equal(code, 0, err)
    assert.match(err, /records are missing/)
    assert.equal(await count('records'), 15)
    assert.equal(await count("feed_log WHERE kind = 'hole_accepted'"), 1)
    assert.equal(await count('feed_log WHERE epoch_ms(to_ts) = 15 AND epoch_ms(from_ts) = 9'), 1)
    assert.match((await land('--accept-gap')).err, /no gap to accept/)
    assert.equal(await count('feed_log'), 1)
  })

  test('a table that was rolled back stops the lander until that is adopted', async () => {
    await append(20, 25)
    assert.equal((await land()).code, 0)
    rollBack(join(cli.dir, 'data', 'lake', 'catalog.db'))
    const { code, err } = await refused()
    assert.equal(code, 1)
    assert.match(err, /--adopt-rollback/)
    const adopted = await land('--adopt-rollback')
    assert.equal(adopted.code, 0, adopted.err)
    assert.equal(await count('records'), 20)
    assert.equal((await land()).code, 0)
  })

  test('a tape that was made anew stops the lander until that is adopted', async () => {
    rmSync(tapeDir(), { recursive: true })
    await append(100, 104)
    const { code, err } = await refused()
    assert.equal(code, 1)
    assert.match(err, /--adopt-tape/)
    const adopted = await land('--adopt-tape')
    assert.equal(adopted.code, 0, adopted.err)
    assert.equal(await count('records'), 24)
    assert.equal((await land()).code, 0)
  })

  test('what a killed lander left half written goes with the next start', async () => {
    await append(104, 105)
    const dead = spawnSync(process.execPath, ['--version']).pid
    const folder = `lander-${hostname().replaceAll(/[^A-Za-z0-9.]/g, '_')}-${dead}-x`
    const left = join(cli.dir, 'data', 'lake', '.staging', folder, 'staged-before')
    mkdirSync(left, { recursive: true })
    writeFileSync(join(left, '0.parquet'), 'half')
    assert.equal((await land()).code, 0)
    assert.equal(existsSync(left), false)
    assert.equal(await count('records'), 25)
  })
})

/** As another engine does it: main goes back one snapshot, properties stay. */
function rollBack(catalog: string): void {
  const db = new DatabaseSync(catalog)
  try {
    const where = "WHERE table_name = 'records'"
    const row = db.prepare(`SELECT metadata_location l FROM iceberg_tables ${where}`).get()
    const location = String(row?.['l'])
    const metadata = JSON.parse(readFileSync(location, 'utf8')) as Metadata
    const head = metadata.snapshots.find(
      (one) => one['snapshot-id'] === metadata['current-snapshot-id'],
    )
    const parent = head?.['parent-snapshot-id'] ?? 0
    metadata['current-snapshot-id'] = parent
    metadata.refs.main['snapshot-id'] = parent
    const back = location.replace(/(\d+)-([^/]*)$/, '90000-$2')
    writeFileSync(back, JSON.stringify(metadata))
    db.prepare(`UPDATE iceberg_tables SET metadata_location = ? ${where}`).run(back)
  } finally {
    db.close()
  }
}
