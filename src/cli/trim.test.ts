import assert from 'node:assert/strict'
import { test } from 'node:test'
import { numbered } from '../../test/conformance/tape-samples.ts'
import type { Landed, Parts } from '../config/components.ts'
import { systemClock } from '../flow/clock.ts'
import { Fault } from '../flow/fault.ts'
import { offset, partition, type Offset } from '../market/records.ts'
import { memoryTape } from '../tape/memory-tape.ts'
import type { Log } from '../tape/tape.ts'
import { trimLoop } from './trim.ts'

const P0 = partition(0)

/** One round of the loop over ten records that are long past the retention; answers the log's lines. */
async function once(
  log: Log,
  next: Offset,
  { last = offset(next - 1), kind = 'sqlite' } = {},
): Promise<readonly string[]> {
  const told: string[] = []
  const stop = new AbortController()
  let waits = 0
  const parts = {
    clock: {
      ...systemClock,
      sleep: async () => {
        waits += 1
        if (waits === 2) stop.abort()
      },
    },
    log: (level: string, message: string) => void told.push(`${level}: ${message}`),
    loaded: { settings: { 'land.tape_retention': 0 } },
    places: { tape: { kind } },
  }
  const positions = async () => new Map([[P0, { next, last: { offset: last, crc: 0 } }]])
  const landed = { name: 'records', log, lake: { positions } }
  await trimLoop(parts as unknown as Parts, [landed as unknown as Landed], stop.signal)
  return told
}

test('what has landed is forgotten, but for the record that the next start compares', async () => {
  await using tape = memoryTape({ source: 'simulator' })
  await tape.append([numbered(0, 10)])
  await once(tape.trades, offset(10))
  assert.equal((await tape.trades.bounds()).get(P0)?.earliest, 9)
})

test('what has not landed is never forgotten', async () => {
  await using tape = memoryTape({ source: 'simulator' })
  await tape.append([numbered(0, 10)])
  await once(tape.trades, offset(4))
  assert.equal((await tape.trades.bounds()).get(P0)?.earliest, 3)
})

test('a tape that cannot be trimmed is told at once, and landing goes on', async () => {
  await using tape = memoryTape({ source: 'simulator' })
  await tape.append([numbered(0, 10)])
  const damaged: Log['read'] = () => {
    throw new Fault('corrupt', 'a block is damaged', { remedy: 'Keep the file.' })
  }
  const told = await once({ ...tape.trades, read: damaged }, offset(10))
  assert.deepEqual(told, ['error: the tape was not trimmed: a block is damaged'])
})

test('a topic keeps its records as long as Kafka is told', async () => {
  await using tape = memoryTape({ source: 'simulator' })
  await tape.append([numbered(0, 10)])
  await once(tape.trades, offset(10), { kind: 'kafka' })
  assert.equal((await tape.trades.bounds()).get(P0)?.earliest, 0)
})
