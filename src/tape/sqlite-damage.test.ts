import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import {
  blockOf,
  ends,
  never,
  numbered,
  readsOf,
  SOURCE,
  textsOf,
  type Read,
} from '../../test/conformance/tape-samples.ts'
import { fault, temporaryFolder } from '../../test/conformance/tape-world.ts'
import { systemClock } from '../flow/clock.ts'
import type { LogLevel } from '../flow/log.ts'
import { offset } from '../market/records.ts'
import { ONLY } from './sqlite-shelf.ts'
import { openSqliteTape } from './sqlite-tape.ts'
import type { Tape } from './tape.ts'

const open = (dir: string, mode: 'read' | 'write' = 'read', source = SOURCE) =>
  openSqliteTape({ dir, mode, source, clock: systemClock })

const BLOCKS = 100
const PER_BLOCK = 200

/** A closed tape of BLOCKS blocks of PER_BLOCK records in its main file, and that file's path. */
async function recorded(dir: string): Promise<string> {
  await using tape = await open(dir, 'write')
  for (let i = 0; i < BLOCKS; i++) await tape.append([numbered(i * PER_BLOCK, (i + 1) * PER_BLOCK)])
  return join(dir, 'tape.db')
}

/** What can be read from the start, and the error that ended it. */
async function readToEnd(tape: Tape, from = 0): Promise<{ reads: Read[]; error: unknown }> {
  const reads: Read[] = []
  try {
    const until = ends(await tape.trades.bounds())
    for await (const run of tape.trades.read(new Map([[ONLY, offset(from)]]), until, never))
      reads.push(...readsOf(run))
    return { reads, error: null }
  } catch (error) {
    return { reads, error }
  }
}

const contiguous = (reads: readonly Read[], from = 0) => {
  for (const [i, { receivedMs }] of reads.entries()) assert.equal(receivedMs, from + i)
}

const sql = (path: string, statement: string): void => {
  const db = new DatabaseSync(path)
  db.exec(statement)
  db.close()
}

test('a file cut anywhere gives what is before the cut, then says where it is damaged', async () => {
  await using folder = await temporaryFolder()
  const path = await recorded(folder.dir)
  const whole = readFileSync(path)
  for (const share of [0.9, 0.5, 0.31, 0.1]) {
    writeFileSync(path, whole.subarray(0, Math.floor(whole.length * share)))
    await using tape = await open(folder.dir)
    const { reads, error } = await readToEnd(tape)
    fault('corrupt', new RegExp(`at offset ${reads.length}|${reads.length}, `))(error)
    contiguous(reads)
    assert.ok(
      reads.length > BLOCKS * PER_BLOCK * share * 0.8 - 1_000,
      `${reads.length} records before a cut at ${share}`,
    )
    await tape[Symbol.asyncDispose]()
    await assert.rejects(open(folder.dir, 'write'), fault('corrupt'))
  }
})

test('a damaged stretch in the middle is found by its checksum, and what is before it is given', async () => {
  await using folder = await temporaryFolder()
  const path = await recorded(folder.dir)
  const bytes = readFileSync(path)
  const at = bytes.indexOf('"t":10050,')
  bytes[at + 5] = 0x39
  writeFileSync(path, bytes)
  await using tape = await open(folder.dir)
  const { reads, error } = await readToEnd(tape)
  fault('corrupt', /\[10000, 10200\).*checksum/)(error)
  assert.equal(reads.length, 10_000)
  contiguous(reads)
  const behind = await readToEnd(tape, 10_200)
  assert.equal(behind.error, null)
  assert.equal(behind.reads.length, BLOCKS * PER_BLOCK - 10_200)
})

for (const [what, where, missing, before] of [
  ['in the middle', 'first = 4000', '\\[4000, 4200\\)', 4_000],
  ['at the start', 'first < 400', '\\[0, 400\\)', 0],
  ['at the end', 'first >= 19800', '\\[19800, 20000\\)', 19_800],
] as const) {
  test(`blocks missing ${what} are named, and what is before them is given`, async () => {
    await using folder = await temporaryFolder()
    const path = await recorded(folder.dir)
    sql(path, `DELETE FROM trades_block WHERE ${where}`)
    await using tape = await open(folder.dir)
    const { reads, error } = await readToEnd(tape)
    fault('corrupt', new RegExp(`${missing} are missing`))(error)
    assert.equal(reads.length, before)
    contiguous(reads)
  })
}

test('reading from within a missing stretch names it', async () => {
  await using folder = await temporaryFolder()
  const path = await recorded(folder.dir)
  sql(path, 'DELETE FROM trades_block WHERE first = 4000')
  await using tape = await open(folder.dir)
  const { reads, error } = await readToEnd(tape, 4_100)
  fault('corrupt', /\[4100, 4200\) are missing/)(error)
  assert.equal(reads.length, 0)
})

test('a tape whose last block is missing is not opened to write', async () => {
  await using folder = await temporaryFolder()
  const path = await recorded(folder.dir)
  sql(path, 'DELETE FROM trades_block WHERE first >= 19800')
  await assert.rejects(open(folder.dir, 'write'), fault('corrupt', /missing/))
})

test('a folder without a tape says so', async () => {
  await using folder = await temporaryFolder()
  await assert.rejects(open(folder.dir), fault('unavailable', /holds no tape/))
  await assert.rejects(open(join(folder.dir, 'nowhere')), fault('unavailable', /holds no tape/))
  writeFileSync(join(folder.dir, 'tape.db'), '')
  await assert.rejects(open(folder.dir), fault('unavailable', /holds no tape/))
})

test('a file that is not SQLite is refused and left as it is', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.dir, 'tape.db')
  writeFileSync(path, 'these are my notes, not a tape; '.repeat(200))
  for (const mode of ['read', 'write'] as const)
    await assert.rejects(open(folder.dir, mode), fault('invalid', /tape\.db is not an SQLite file/))
  assert.equal(readFileSync(path, 'utf8').length, 6_400)
})

test('an SQLite file of another program is refused and left as it is', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.dir, 'tape.db')
  sql(path, 'CREATE TABLE notes (text)')
  const bytes = readFileSync(path)
  for (const mode of ['read', 'write'] as const)
    await assert.rejects(open(folder.dir, mode), fault('invalid', /another program/))
  assert.deepEqual(readFileSync(path), bytes)
})

test('a tape of a newer format is refused', async () => {
  await using folder = await temporaryFolder()
  sql(await recorded(folder.dir), 'PRAGMA user_version = 2')
  for (const mode of ['read', 'write'] as const)
    await assert.rejects(open(folder.dir, mode), fault('invalid', /format 2/))
})

test('a tape is not written without a source', async () => {
  await using folder = await temporaryFolder()
  await assert.rejects(
    openSqliteTape({ dir: folder.dir, mode: 'write', clock: systemClock }),
    fault('invalid', /source/),
  )
})

const root = process.getuid?.() === 0 && process.platform === 'linux'

test(
  'a full disk refuses the append whole, and after there is room the same append works',
  { skip: !root && 'needs root for a small tmpfs' },
  async (t) => {
    await using folder = await temporaryFolder()
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'ticklake-tape', folder.dir], {
        stdio: 'ignore',
      })
    } catch {
      t.skip('needs the right to mount a small tmpfs')
      return
    }
    try {
      await using tape = await open(folder.dir, 'write')
      const filler = join(folder.dir, 'filler')
      writeFileSync(filler, new Uint8Array(2 * 1024 * 1024))
      const large = blockOf([{ bytes: new Uint8Array(300_000).fill(1) }])
      let kept = 0
      const filling = async () => {
        for (; kept < 100; kept++) await tape.append([numbered(kept, kept + 1), large])
      }
      await assert.rejects(filling(), fault('unavailable', /disk is full/))
      const { reads, error } = await readToEnd(tape)
      assert.equal(error, null)
      assert.equal(reads.length, 2 * kept)
      truncateSync(filler)
      await tape.append([numbered(kept, kept + 1), large])
      assert.equal((await readToEnd(tape)).reads.length, 2 * kept + 2)
    } finally {
      execFileSync('umount', [folder.dir])
    }
  },
)

test('a last landed record that was trimmed is told, and a turn begins behind it', async () => {
  await using folder = await temporaryFolder()
  await recorded(folder.dir)
  const told: string[] = []
  const log = (level: LogLevel, message: string) => void told.push(`${level}: ${message}`)
  await using tape = await openSqliteTape({
    dir: folder.dir,
    mode: 'read',
    clock: systemClock,
    log,
  })
  await tape.trades.trim(new Map([[ONLY, offset(400)]]))
  const start = async () =>
    new Map([[ONLY, { next: offset(400), last: { offset: offset(399), crc: 1 } }]])
  for await (const turn of tape.trades.turns({ id: 'g', start }, never)) {
    for await (const run of turn) {
      assert.equal(textsOf(readsOf(run))[0], '{"p":50,"s":"TSLA","t":400,"v":1}')
      break
    }
    break
  }
  assert.match(told[0] ?? '', /^warn: .*trimmed/)
})

test('the space of trimmed blocks is used again', async () => {
  await using folder = await temporaryFolder()
  const path = await recorded(folder.dir)
  const size = statSync(path).size
  {
    await using tape = await open(folder.dir, 'write')
    for (let i = 0; i < 3; i++) {
      await tape.trades.trim(ends(await tape.trades.bounds()))
      for (let k = 0; k < BLOCKS; k++)
        await tape.append([numbered(k * PER_BLOCK, (k + 1) * PER_BLOCK)])
    }
  }
  assert.ok(statSync(path).size < size * 1.1, `${statSync(path).size} against ${size} bytes`)
})
