import assert from 'node:assert/strict'
import { test } from 'node:test'
import { numbered } from '../../test/conformance/tape-samples.ts'
import { isFault } from '../flow/fault.ts'
import { offset, partition, type Positions, type Run } from '../market/records.ts'
import { memoryMedium, memoryTape } from '../tape/memory-tape.ts'
import type { Log } from '../tape/tape.ts'
import { untilStopped } from './catch-up.ts'

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

const stopped = { stop: AbortSignal.abort(), limitMs: 10_000 }
const from = (next: number) => async (): Promise<Positions> =>
  new Map([[P0, { next: offset(next), last: null }]])

test('reads on from the position to where the tape ends, then is over', async () => {
  await using tape = await recorded()
  const runs = await runsOf(
    untilStopped(tape.trades, stopped).turns({ id: 'g', start: from(4) }, NEVER),
  )
  assert.deepEqual([runs[0]?.first, runs.at(-1)?.next], [4, 10])
})

test('ends at once where everything has landed', async () => {
  await using tape = await recorded()
  const { turns } = untilStopped(tape.trades, stopped)
  assert.deepEqual(await runsOf(turns({ id: 'g', start: from(10) }, NEVER)), [])
})

test('a turn that is under way goes on to the end, and no other follows', async () => {
  await using tape = await recorded()
  const stop = new AbortController()
  let turns = 0
  const runs: Run[] = []
  const soft = untilStopped(tape.trades, { stop: stop.signal, limitMs: 10_000 })
  for await (const turn of soft.turns({ id: 'g', start: from(4) }, NEVER)) {
    turns += 1
    for await (const run of turn) {
      runs.push(run)
      if (runs.length > 1) continue
      await tape.append([numbered(10, 20)])
      stop.abort()
    }
  }
  assert.equal(turns, 1)
  assert.deepEqual([runs[0]?.first, runs.at(-1)?.next], [4, 20])
})

test('a turn that waits for records ends when it is told to', async () => {
  await using tape = await recorded()
  const stop = new AbortController()
  const soft = untilStopped(tape.trades, { stop: stop.signal, limitMs: 10_000 })
  setTimeout(() => stop.abort(), 50)
  assert.equal((await runsOf(soft.turns({ id: 'g', start: from(0) }, NEVER))).at(-1)?.next, 10)
})

test('after a turn that failed one more is taken', async () => {
  await using tape = await recorded()
  const stop = new AbortController()
  const soft = untilStopped(tape.trades, { stop: stop.signal, limitMs: 10_000 })
  const ends: (number | undefined)[] = []
  for await (const turn of soft.turns({ id: 'g', start: from(0) }, NEVER)) {
    let end: number | undefined
    for await (const run of turn) {
      end = run.next
      if (stop.signal.aborted) continue
      stop.abort()
      break // as a reader does whose commit failed
    }
    ends.push(end)
  }
  assert.deepEqual(ends, [10, 10])
})

test('waits no longer than it may for a tape that does not go on', async () => {
  await using tape = await recorded()
  const ahead: Log = {
    ...tape.trades,
    bounds: async () => new Map([[P0, { earliest: offset(0), end: offset(12) }]]),
  }
  const soft = untilStopped(ahead, { stop: AbortSignal.abort(), limitMs: 50 })
  const runs = await runsOf(soft.turns({ id: 'g', start: from(0) }, NEVER))
  assert.equal(runs.at(-1)?.next, 10)
})

test('a tape that is not the one that landed is refused, not landed', async () => {
  await using tape = await recorded()
  const last = { offset: offset(3), crc: 1 }
  const start = async (): Promise<Positions> => new Map([[P0, { next: offset(4), last }]])
  await assert.rejects(
    runsOf(untilStopped(tape.trades, stopped).turns({ id: 'g', start }, NEVER)),
    (error) => isFault(error, 'corrupt'),
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
  const runs = await runsOf(untilStopped(shared, stopped).turns({ id: 'g', start }, NEVER))
  assert.deepEqual(new Set(runs.map(({ partition }) => partition)), new Set(mine))
})
