import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { alive, all, numbered, SOURCE } from '../../test/conformance/tape-samples.ts'
import { fault, temporaryFolder } from '../../test/conformance/tape-world.ts'
import { systemClock } from '../flow/clock.ts'
import { offset } from '../market/records.ts'
import { eraseSqlite } from './sqlite-erase.ts'
import { openSqliteTape } from './sqlite-tape.ts'

const open = (dir: string) =>
  openSqliteTape({ dir, mode: 'write', source: SOURCE, clock: systemClock })
const erase = (dir: string, trades: number, clock = systemClock) =>
  eraseSqlite({ dir, before: { trades: offset(trades) }, clock })

/** Files in the folder that hold these bytes. */
const holding = (dir: string, text: string): readonly string[] =>
  readdirSync(dir).filter((name) => readFileSync(join(dir, name)).includes(text))

test('what is erased is nowhere in the file, also what earlier trims only forgot', async () => {
  await using folder = await temporaryFolder()
  await using tape = await open(folder.dir)
  const bounds = async () => [...(await tape.trades.bounds()).values()][0]
  for (let i = 0; i < 40; i++) await tape.append([numbered(i * 20, i * 20 + 20, 'FORGOTTEN')])
  await tape.trades.trim(
    new Map([...(await tape.trades.bounds()).keys()].map((p) => [p, offset(700)])),
  )
  for (let i = 0; i < 40; i++) await tape.append([numbered(i * 500, i * 500 + 500, 'ERASED')])
  await tape.append([numbered(0, 30, 'STAYS'), alive(1)])
  assert.notDeepEqual(holding(folder.dir, 'FORGOTTEN'), [])
  assert.notDeepEqual(holding(folder.dir, 'ERASED'), [])
  const { end = 0 } = (await bounds()) ?? {}
  const { bytesBefore, bytesAfter } = await erase(folder.dir, end - 30)
  assert.ok(bytesAfter < bytesBefore / 10, `${bytesBefore} → ${bytesAfter}`)
  assert.deepEqual(holding(folder.dir, 'FORGOTTEN'), [])
  assert.deepEqual(holding(folder.dir, 'ERASED'), [])
  assert.deepEqual(await bounds(), { earliest: end - 30, end })
  assert.equal((await all(tape.trades)).length, 30)
  await tape.append([numbered(30, 40, 'STAYS')])
  assert.deepEqual((await all(tape.trades)).at(-1)?.offset, end + 9)
  assert.equal(await tape.source(), SOURCE)
})

test('a recorder that goes on loses nothing', async () => {
  await using folder = await temporaryFolder()
  await using tape = await open(folder.dir)
  for (let i = 0; i < 200; i++) await tape.append([numbered(i * 100, i * 100 + 100, 'ERASED')])
  let appended = 20_000
  const stop = new AbortController()
  const recording = (async () => {
    while (!stop.signal.aborted) {
      await tape.append([numbered(appended, appended + 10, 'STAYS')])
      appended += 10
    }
  })()
  await erase(folder.dir, 20_000)
  stop.abort()
  await recording
  assert.ok(appended > 20_000)
  const reads = await all(tape.trades)
  assert.deepEqual([reads[0]?.offset, reads.length], [20_000, appended - 20_000])
  assert.deepEqual(holding(folder.dir, 'ERASED'), [])
})

test('a block that has landed in part is told, and nothing at or past the limit goes', async () => {
  await using folder = await temporaryFolder()
  await using tape = await open(folder.dir)
  await tape.append([numbered(0, 10)])
  await tape.append([numbered(10, 20)])
  await assert.rejects(erase(folder.dir, 15), fault('unavailable', /\[10, 20\).*up to 15/))
  assert.equal((await all(tape.trades)).length, 10)
})

test('a program that sits in a read transaction is told, and the next run ends it', async () => {
  await using folder = await temporaryFolder()
  await using tape = await open(folder.dir)
  await tape.append([numbered(0, 100, 'ERASED')])
  const hurried = { ...systemClock, sleep: async () => undefined }
  {
    using sitter = new DatabaseSync(join(folder.dir, 'tape.db'), { readOnly: true })
    sitter.exec('BEGIN; SELECT count(*) FROM trades_block')
    await assert.rejects(erase(folder.dir, 100, hurried), fault('unavailable', /reads the tape/))
  }
  await erase(folder.dir, 100)
  assert.deepEqual(holding(folder.dir, 'ERASED'), [])
})
