import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { crc32 } from 'node:zlib'
import { all, alive, numbered, SOURCE, take, never } from '../../test/conformance/tape-samples.ts'
import { temporaryFolder } from '../../test/conformance/tape-world.ts'
import { systemClock } from '../flow/clock.ts'
import { freshSeed, seededRandom } from '../flow/random.ts'
import { sqliteLease } from './sqlite-lease.ts'
import { openSqliteTape } from './sqlite-tape.ts'

const ROUNDS = 12
const PROGRAM = fileURLToPath(new URL('../../test/conformance/tape-process.ts', import.meta.url))

/** Starts the second process; it is killed at the latest when the test ends. */
function start(...words: readonly string[]): {
  child: ChildProcess
  lines: AsyncIterator<string>
  [Symbol.dispose]: () => void
} {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', PROGRAM, ...words],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  )
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return { child, lines, [Symbol.dispose]: () => void child.kill('SIGKILL') }
}

test('after a kill -9 at any moment all that was acknowledged is there, and nothing half', async (t) => {
  const seed = Number(process.env['SEED'] ?? freshSeed())
  t.diagnostic(`seed=${seed}`)
  const random = seededRandom(seed)
  await using folder = await temporaryFolder()
  let acknowledged = 0
  for (let round = 0; round < ROUNDS; round++) {
    using writer = start('write', folder.dir, String(acknowledged))
    const exit = once(writer.child, 'exit')
    const appends = 1 + random.integer(20)
    for (let i = 0; i < appends; i++) acknowledged = Number((await writer.lines.next()).value)
    const timer = setTimeout(() => writer.child.kill('SIGKILL'), random.next() * 8)
    for (let line = await writer.lines.next(); line.done !== true; line = await writer.lines.next())
      acknowledged = Number(line.value)
    await exit
    clearTimeout(timer)
    await using tape = await openSqliteTape({ dir: folder.dir, mode: 'read', clock: systemClock })
    const reads = await all(tape.trades)
    const events = await all(tape.feed)
    assert.ok(
      reads.length >= acknowledged,
      `round ${round}: ${reads.length} of ${acknowledged} acknowledged are there`,
    )
    for (const [i, { offset, receivedMs, redelivered }] of reads.entries())
      assert.deepEqual([offset, receivedMs, redelivered], [i, i, i % 7 === 0 ? 1 : 0])
    assert.equal(events.at(-1)?.receivedMs, reads.length, 'both logs end with the same append')
    acknowledged = reads.length // an append may be durable and its answer lost with the process
  }
})

test('a second process follows the tape while it is written', async () => {
  await using folder = await temporaryFolder()
  const open = { dir: folder.dir, source: SOURCE, clock: systemClock }
  await using tape = await openSqliteTape({ ...open, mode: 'write' })
  using one = start('follow', folder.dir, '5000')
  using two = start('follow', folder.dir, '5000')
  for (let i = 0; i < 5000; i += 250) {
    await tape.append([numbered(i, i + 250), alive(i)])
    await systemClock.sleep(10)
  }
  const reads = await take(tape.trades.read(new Map(), 'follow', never), 5000)
  const sum = reads.reduce((crc, { text, receivedMs }) => crc32(`${text}${receivedMs}`, crc), 0)
  assert.equal((await one.lines.next()).value, `true ${sum}`)
  assert.equal((await two.lines.next()).value, `true ${sum}`)
})

test('a lease is free at once when its holder is killed, and the epoch grows', async () => {
  await using folder = await temporaryFolder()
  using holder = start('lease', folder.dir, 'recorder')
  const first = Number((await holder.lines.next()).value)
  const take = sqliteLease({ dir: folder.dir, role: 'recorder', clock: systemClock })
  await assert.rejects(take(AbortSignal.timeout(300)))
  const exit = once(holder.child, 'exit')
  holder.child.kill('SIGKILL')
  await exit
  await using lease = await take(AbortSignal.timeout(5_000))
  assert.ok(lease.epoch > first)
})
