import assert from 'node:assert/strict'
import { test } from 'node:test'
import { numbered } from '../../test/conformance/tape-samples.ts'
import { isFault } from '../flow/fault.ts'
import { offset, partition, type Positions, type Run } from '../market/records.ts'
import { memoryMedium, memoryTape } from '../tape/memory-tape.ts'
import type { Log } from '../tape/tape.ts'
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
  const runs = await runsOf(untilNow(tape.trades).turns({ id: 'g', start }, NEVER))
  assert.deepEqual([runs[0]?.first, runs.at(-1)?.next], [4, 10])
})

test('ends at once where everything has landed', async () => {
  await using tape = await recorded()
  const start = async (): Promise<Positions> => new Map([[P0, { next: offset(10), last: null }]])
  assert.deepEqual(await runsOf(untilNow(tape.trades).turns({ id: 'g', start }, NEVER)), [])
})

test('a tape that is not the one that landed is refused, not landed', async () => {
  await using tape = await recorded()
  const last = { offset: offset(3), crc: 1 }
  const start = async (): Promise<Positions> => new Map([[P0, { next: offset(4), last }]])
  await assert.rejects(runsOf(untilNow(tape.trades).turns({ id: 'g', start }, NEVER)), (error) =>
    isFault(error, 'corrupt'),
  )
})

test('waits only for the partitions that its turn is given, not for those of other landers', async () => {
  const medium = memoryMedium({ partitions: 4 })
  await using tape = memoryTape({ medium, source: 'simulator' })
  for (const symbol of ['A', 'B', 'C', 'D', 'E', 'F']) await tape.append([numbered(0, 10, symbol)])
  const homes = [...(await tape.trades.bounds())].filter(([, { end }]) => end > 0).map(([at]) => at)
  const mine = homes.slice(0, 1)
  const shared: Log = {
    ...tape.trades,
    // a turn of a group of several: of one partition alone
    turns: async function* turns({ start }, signal) {
      yield (async function* turn() {
        await start(mine)
        for await (const run of tape.trades.read(new Map(), 'follow', signal))
          if (mine.includes(run.partition)) yield run
      })()
    },
  }
  const start = async () => new Map()
  const runs = await runsOf(untilNow(shared).turns({ id: 'g', start }, NEVER))
  assert.deepEqual(new Set(runs.map(({ partition }) => partition)), new Set(mine))
})

test('offsets without a record at the end are not waited for', async () => {
  await using tape = await recorded()
  const marked: Log = {
    ...tape.trades,
    bounds: async () => new Map([[P0, { earliest: offset(0), end: offset(12) }]]),
  }
  const start = async () => new Map()
  const runs = await runsOf(untilNow(marked).turns({ id: 'g', start }, NEVER))
  assert.equal(runs.at(-1)?.next, 10)
})
