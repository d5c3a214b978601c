import assert from 'node:assert/strict'
import { test } from 'node:test'
import { numbered } from '../../test/conformance/tape-samples.ts'
import { isFault } from '../flow/fault.ts'
import { offset, partition, type Positions, type Run } from '../market/records.ts'
import { memoryTape } from '../tape/memory-tape.ts'
import { untilNow } from './catch-up.ts'

const P0 = partition(0)
const NEVER = new AbortController().signal

async function recorded() {
  const tape = memoryTape({ source: 'simulator' })
  await tape.append([numbered(0, 10)])
  return tape
}

async function runsOf(turns: AsyncIterable<AsyncIterable<Run>>): Promise<readonly Run[]> {
  const runs: Run[] = []
  for await (const turn of turns) for await (const run of turn) runs.push(run)
  return runs
}

test('reads from the position to the end of the tape, then ends', async () => {
  await using tape = await recorded()
  const start = async (): Promise<Positions> => new Map([[P0, { next: offset(4), last: null }]])
  const runs = await runsOf(untilNow(tape.trades).turns(start, NEVER))
  assert.deepEqual([runs[0]?.first, runs.at(-1)?.next], [4, 10])
})

test('ends at once where everything has landed', async () => {
  await using tape = await recorded()
  const start = async (): Promise<Positions> => new Map([[P0, { next: offset(10), last: null }]])
  assert.deepEqual(await runsOf(untilNow(tape.trades).turns(start, NEVER)), [])
})

test('a tape that is not the one that landed is refused, not landed', async () => {
  await using tape = await recorded()
  const last = { offset: offset(3), crc: 1 }
  const start = async (): Promise<Positions> => new Map([[P0, { next: offset(4), last }]])
  await assert.rejects(runsOf(untilNow(tape.trades).turns(start, NEVER)), (error) =>
    isFault(error, 'corrupt'),
  )
})
