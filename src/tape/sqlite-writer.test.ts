import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { all, numbered, SOURCE } from '../../test/conformance/tape-samples.ts'
import { fault, temporaryFolder } from '../../test/conformance/tape-world.ts'
import { systemClock } from '../flow/clock.ts'
import { offset, type Records } from '../market/records.ts'
import { batches } from './block.ts'
import { createTape } from './sqlite-schema.ts'
import { openSqliteTape } from './sqlite-tape.ts'
import { trimLog } from './sqlite-trim.ts'
import { openWriter } from './sqlite-writer.ts'

const MB = 1024 * 1024
const LIMITS = { checkpointBytes: MB, walBytesMax: 4 * MB }

const block = (first: number, next: number): Records[] => {
  const event = numbered(first, next)
  return event.kind === 'records' ? batches([event.records]) : []
}

const writerIn = (dir: string) => {
  createTape(dir, { createdMs: 0, newId: () => crypto.randomUUID() })
  return openWriter({ dir, source: SOURCE }, LIMITS)
}

test('the write-ahead log stays bounded while readers come and go', async () => {
  await using folder = await temporaryFolder()
  using writer = writerIn(folder.dir)
  await using reader = await openSqliteTape({ dir: folder.dir, mode: 'read', clock: systemClock })
  const told: string[] = []
  for (let i = 0; i < 60; i++) {
    writer.append({ trades: block(i * 5_000, i * 5_000 + 5_000), feed: [] })
    await reader.trades.bounds()
    const warning = writer.checkpoint()
    if (warning !== null) told.push(warning)
  }
  assert.ok(statSync(join(folder.dir, 'tape.db')).size > 10 * MB)
  assert.ok(statSync(join(folder.dir, 'tape.db-wal')).size < 6 * MB)
  assert.deepEqual(told, [])
})

test('a program that sits in a read transaction stops no append, is told, and the log shrinks after it', async () => {
  await using folder = await temporaryFolder()
  using writer = writerIn(folder.dir)
  using sitter = new DatabaseSync(join(folder.dir, 'tape.db'), { readOnly: true })
  sitter.exec('BEGIN; SELECT count(*) FROM trades_block')
  const append = (from: number, count: number) => {
    const told: string[] = []
    for (let i = from; i < from + count; i++) {
      writer.append({ trades: block(i * 5_000, i * 5_000 + 5_000), feed: [] })
      const warning = writer.checkpoint()
      if (warning !== null) told.push(warning)
    }
    return told
  }
  assert.match(append(0, 20)[0] ?? '', /tape\.db-wal is \d+ MB because a program reads/)
  sitter.exec('COMMIT')
  assert.deepEqual(append(20, 20), [])
  assert.ok(statSync(join(folder.dir, 'tape.db-wal')).size < 6 * MB)
})

test('an append waits for another process that holds the lock, and a trim waits for an append', async () => {
  await using folder = await temporaryFolder()
  const open = { dir: folder.dir, source: SOURCE, clock: systemClock }
  await using tape = await openSqliteTape({ ...open, mode: 'write' })
  await tape.append([numbered(0, 100)])
  using other = new DatabaseSync(join(folder.dir, 'tape.db'))
  other.exec('BEGIN IMMEDIATE')
  const order: string[] = []
  const appended = tape.append([numbered(100, 200)]).then(() => order.push('appended'))
  const trimmed = tape.feed.trim(new Map()).then(async () => {
    const bounds = await tape.trades.bounds()
    await tape.trades.trim(new Map([...bounds].map(([at, { end }]) => [at, end])))
    order.push('trimmed')
  })
  await systemClock.sleep(100)
  assert.deepEqual(order, [])
  other.exec('COMMIT')
  await Promise.all([appended, trimmed])
  assert.deepEqual(new Set(order), new Set(['appended', 'trimmed']))
  assert.equal([...(await tape.trades.bounds()).values()][0]?.end, 200)
})

test('an append that is refused leaves the tape free for others, and nothing on it', async () => {
  await using folder = await temporaryFolder()
  using writer = writerIn(folder.dir)
  using other = openWriter({ dir: folder.dir, source: 'finnhub' }, LIMITS)
  writer.append({ trades: block(0, 10), feed: [] })
  assert.throws(
    () => other.append({ trades: block(10, 20), feed: [] }),
    fault('invalid', /finnhub/),
  )
  writer.append({ trades: block(10, 15), feed: [] })
  await using reader = await openSqliteTape({ dir: folder.dir, mode: 'read', clock: systemClock })
  assert.equal((await all(reader.trades)).length, 15)
  assert.equal(await reader.source(), SOURCE)
})

test('a file that is mostly free gives its space back to the disk', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.dir, 'tape.db')
  {
    using writer = writerIn(folder.dir)
    for (let i = 0; i < 10; i++)
      writer.append({ trades: block(i * 5_000, i * 5_000 + 5_000), feed: [] })
  }
  const full = statSync(path).size
  const trimming = {
    dir: folder.dir,
    name: 'trades',
    clock: systemClock,
    freePagesMax: 16,
  } as const
  await trimLog({ ...trimming, before: offset(45_000) })
  assert.ok(statSync(path).size < full / 2, `${statSync(path).size} of ${full} bytes are left`)
  await using reader = await openSqliteTape({ dir: folder.dir, mode: 'read', clock: systemClock })
  assert.equal((await all(reader.trades)).at(-1)?.receivedMs, 49_999)
})
