import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { expireSnapshots } from '../../src/lake/upkeep/expire.ts'
import { removeOrphans } from '../../src/lake/upkeep/orphans.ts'
import { purge } from '../../src/lake/upkeep/purge.ts'
import { isFault } from '../../src/flow/fault.ts'
import { withoutAws } from '../../stack/aws/needs.ts'
import { startTrino, type Trino } from '../../stack/trino.ts'
import { withoutTrino } from '../../stack/trino/needs.ts'
import { withoutGlueLake } from '../readers/glue-lake.ts'
import { startAwsWorld, type AwsWorld } from './aws-world.ts'
import { FIRST_DAY_MS, openForeignLake, SYMBOLS_OF_DAY } from './lake-world.ts'

// Long enough to commit in while Trino waits, also on a busy machine.
const LATE_MS = 6_000
const DAY = new Date(FIRST_DAY_MS).toISOString().slice(0, 10)
const skip = withoutAws() || withoutTrino() || withoutGlueLake()

describe('other engines write to the same table between our commits', { skip }, () => {
  let world: AwsWorld
  let trino: Trino
  before(async () => {
    world = await startAwsWorld()
    trino = await startTrino({ aws: world.aws })
  })
  after(async () => {
    await trino?.[Symbol.asyncDispose]()
    await world?.[Symbol.asyncDispose]()
  })
  const open = () => openForeignLake(world, trino)

  test('rows that Trino inserts, deletes and updates are there, gone and changed for every reader', async () => {
    await using lake = await open()
    await lake.land(1000)
    await lake.trino(
      `INSERT INTO records (symbol, ts, price, volume, received_at, redelivered, source, tape, tape_partition, tape_offset)
       VALUES ('FOREIGN', TIMESTAMP '${DAY} 10:00:00.123456', 1.5, 2, TIMESTAMP '${DAY} 10:00:01', false, 'trino', 'T', 99, 0)`,
    )
    await lake.land(100)
    assert.equal((await lake.agree()).rows, 1101)
    await lake.trino(`DELETE FROM records WHERE symbol = 'S3'`)
    assert.equal((await lake.agree()).rows, 1101 - 1100 / SYMBOLS_OF_DAY)
    await lake.land(100)
    await lake.trino(`UPDATE records SET volume = 77 WHERE symbol = 'S4'`)
    await lake.land(100)
    const { rows } = await lake.agree()
    assert.equal(rows, 1301 - 1100 / SYMBOLS_OF_DAY)
    assert.deepEqual(await lake.ask(`SELECT count(*) FROM records WHERE volume = 77`), [
      [BigInt(1200 / SYMBOLS_OF_DAY)],
    ])
    // A compaction applies what was struck out, and the delete files go with it.
    const done = await lake.compact()
    assert.ok(done.length > 0 && done.every(({ outcome }) => outcome === 'done'))
    assert.equal((await lake.agree()).rows, rows)
    assert.deepEqual(await lake.trino(`SELECT count(*) FROM "records$files" WHERE content = 1`), [
      [0],
    ])
    await lake.land(100)
    assert.equal((await lake.allAgree()).rows, rows + 100)
  })

  test('a column and a finer partitioning of Trino’s survive commits, compaction and purge', async () => {
    await using lake = await open()
    await lake.land(500)
    await lake.trino('ALTER TABLE records ADD COLUMN venue varchar')
    await lake.land(100)
    await lake.trino(`UPDATE records SET venue = 'X' WHERE symbol = 'S5'`)
    await lake.land(100)
    await lake.trino(
      `ALTER TABLE records SET PROPERTIES partitioning = ARRAY['day(ts)', 'bucket(symbol, 4)']`,
    )
    await lake.trino(`UPDATE records SET venue = 'Y' WHERE symbol = 'S6'`)
    await lake.land(100)
    assert.equal((await lake.agree()).rows, 800)
    const venues = `SELECT venue, count(*) FROM records GROUP BY venue ORDER BY venue`
    const told = await lake.trino(venues)
    assert.deepEqual(told.slice(0, 2), [
      ['X', 600 / SYMBOLS_OF_DAY],
      ['Y', 700 / SYMBOLS_OF_DAY],
    ])
    await lake.compact()
    assert.equal((await lake.agree()).rows, 800)
    assert.deepEqual(await lake.trino(venues), told)
    await lake.land(100)
    assert.equal((await lake.allAgree()).rows, 900)
    assert.deepEqual(await lake.trino(`SELECT count(*) FROM records WHERE symbol = 'S7'`), [
      [900 / SYMBOLS_OF_DAY],
    ])
  })

  test('Trino’s own upkeep and ours go side by side', async () => {
    await using lake = await open()
    for (let i = 0; i < 4; i++) await lake.land(100)
    await lake.trino(`ALTER TABLE records EXECUTE optimize(file_size_threshold => '100MB')`)
    await lake.land(100)
    await lake.trino(`ALTER TABLE records EXECUTE expire_snapshots(retention_threshold => '0s')`)
    await lake.land(100)
    await lake.trino(`ALTER TABLE records EXECUTE remove_orphan_files(retention_threshold => '0s')`)
    await lake.trino('ANALYZE records')
    await lake.land(100)
    await lake.trino('ALTER TABLE records EXECUTE optimize_manifests')
    await lake.land(100)
    await lake.compact()
    await lake.land(100)
    assert.equal((await lake.agree()).rows, 900)
    const io = lake.lake.tended()
    const { dataFiles } = await expireSnapshots(io, { keep: 1, graceMs: 0 })
    assert.ok(dataFiles.length > 0)
    await removeOrphans(io)
    await lake.land(100)
    assert.equal((await lake.allAgree()).rows, 1000)
  })

  test('a late ADD COLUMN of Trino’s that takes commits back loses nothing in the end', async () => {
    await using lake = await open()
    await lake.land(300)
    // Trino reads the table; its UpdateTable, which names no version, waits on its way while we commit.
    const { glueFaults } = world.aws
    const of = { operation: 'UpdateTable', agent: 'aws-sdk-java', times: 1 } as const
    glueFaults.inject({ kind: 'delay', ms: LATE_MS, ...of })
    const altering = lake.trino('ALTER TABLE records ADD COLUMN late varchar')
    await delay(LATE_MS / 2)
    await lake.land(200)
    const next = await lake.stage(500, 100)
    await altering
    assert.equal(glueFaults.happened('delay'), 1)
    // Rows and position went back together, so a batch behind them is refused, and the next turn begins there.
    assert.deepEqual(await lake.trino('SELECT count(*) FROM records'), [[300]])
    await assert.rejects(lake.lake.commit(next), (error) => isFault(error, 'conflict'))
    await lake.land(300)
    assert.equal((await lake.allAgree()).rows, 600)
    assert.deepEqual(await lake.trino('SELECT count(DISTINCT tape_offset) FROM records'), [[600]])
  })

  test('a purged symbol is gone for every reader, rows that were struck out too', async () => {
    await using lake = await open()
    await lake.land(400)
    await lake.trino(`DELETE FROM records WHERE symbol = 'S1' AND tape_offset < 200`)
    const io = lake.lake.tended()
    const { workshop } = lake
    const signal = new AbortController().signal
    const what = { kind: 'symbols', symbols: ['S1', 'S2'] } as const
    const of = { workshop, what, signal }
    const { rows } = await purge(io, of)
    assert.equal(rows, 2 * (400 / SYMBOLS_OF_DAY) - 10) // ten were struck out before
    assert.equal((await lake.agree()).rows, 400 - 2 * (400 / SYMBOLS_OF_DAY))
    await lake.land(100)
    assert.equal((await lake.allAgree()).rows, 500 - 2 * (400 / SYMBOLS_OF_DAY))
  })
})
