/**
 * A second process on an SQLite tape, for tests: `tape-process.ts ROLE DIR ARGUMENT`, one line of stdout a step.
 * write FIRST: appends numbered records from FIRST on until it is killed; a line is the next number, durable.
 * follow COUNT: reads that many from the start, following; the line is their count and a checksum.
 * lease ROLE: takes that lease and holds it until its stdin ends; the line is the epoch.
 */
import { crc32 } from 'node:zlib'
import { systemClock } from '../../src/flow/clock.ts'
import { seededRandom } from '../../src/flow/random.ts'
import { sqliteLease } from '../../src/tape/sqlite-lease.ts'
import { openSqliteTape } from '../../src/tape/sqlite-tape.ts'
import { alive, never, numbered, SOURCE, take } from './tape-samples.ts'

const RECORDS_MAX = 700

async function write(dir: string, from: number): Promise<never> {
  const tape = await openSqliteTape({ dir, mode: 'write', source: SOURCE, clock: systemClock })
  const random = seededRandom(from)
  for (let first = from; ;) {
    const next = first + 1 + random.integer(RECORDS_MAX)
    await tape.append([numbered(first, next), alive(next)])
    process.stdout.write(`${next}\n`)
    first = next
  }
}

async function follow(dir: string, count: number): Promise<void> {
  await using tape = await openSqliteTape({ dir, mode: 'read', clock: systemClock })
  const reads = await take(tape.trades.read(new Map(), 'follow', never), count)
  const sum = reads
    .slice(0, count)
    .reduce((crc, { text, receivedMs }) => crc32(`${text}${receivedMs}`, crc), 0)
  process.stdout.write(`${reads.length >= count} ${sum}\n`)
}

async function lease(dir: string, role: string): Promise<void> {
  const take = sqliteLease({
    dir,
    role: role === 'lander' ? 'lander' : 'recorder',
    clock: systemClock,
  })
  await using held = await take(never)
  process.stdout.write(`${held.epoch}\n`)
  await new Promise((resolve) => process.stdin.resume().once('end', resolve))
}

const [role = '', dir = '', argument = ''] = process.argv.slice(2)
if (role === 'write') await write(dir, Number(argument))
if (role === 'follow') await follow(dir, Number(argument))
if (role === 'lease') await lease(dir, argument)
