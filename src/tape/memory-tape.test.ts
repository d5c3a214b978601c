import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  all,
  never,
  numbered,
  readsOf,
  take,
  texts,
  textsOf,
  ZERO,
} from '../../test/conformance/tape-samples.ts'
import { tapeConformance } from '../../test/conformance/tape.ts'
import { fault, type OpenOptions, type TapeWorld } from '../../test/conformance/tape-world.ts'
import { Fault } from '../flow/fault.ts'
import { memoryMedium, memoryTape, type MediumOptions } from './memory-tape.ts'

const memoryWorld = (options: MediumOptions) => async (): Promise<TapeWorld> => {
  const medium = memoryMedium(options)
  return {
    open: async ({ source = 'simulator', ...open }: OpenOptions = {}) =>
      memoryTape({ medium, source, ...open }),
    [Symbol.asyncDispose]: async () => undefined,
  }
}

tapeConformance('the memory tape', { world: memoryWorld({}), partitions: 1 })
tapeConformance('the memory tape with eight partitions and holes', {
  world: memoryWorld({ partitions: 8, holes: true }),
  partitions: 8,
})

const away = new Fault('unavailable', 'no leader', { remedy: 'Wait.' })

test('a failed append leaves nothing, or all of it when its answer was lost', async () => {
  const medium = memoryMedium()
  await using tape = memoryTape({ medium })
  medium.failNextAppend(away)
  await assert.rejects(tape.append([texts('a')]), fault('unavailable'))
  assert.deepEqual(await all(tape.trades), [])
  medium.failNextAppend(away, { applied: true })
  await assert.rejects(tape.append([texts('b')]), fault('unavailable'))
  await tape.append([texts('c')])
  assert.deepEqual(textsOf(await all(tape.trades)), ['b', 'c'])
})

test('a turn ends when partitions move', async () => {
  const medium = memoryMedium({ partitions: 2 })
  await using tape = memoryTape({ medium })
  await tape.append([numbered(0, 5)])
  let turns = 0
  for await (const turn of tape.trades.turns({ id: 'g', start: async () => new Map() }, never)) {
    turns += 1
    if (turns === 3) break
    for await (const run of turn) if (run.count > 0) medium.trades.move()
  }
  assert.equal(turns, 3)
})

test('a lost stretch is corrupt, and the records before it are given', async () => {
  const medium = memoryMedium()
  await using tape = memoryTape({ medium })
  await tape.append([texts('a', 'b', 'c', 'd')])
  medium.trades.lose(ZERO, 2, 3)
  const reads: string[] = []
  const reading = (async () => {
    for await (const run of tape.trades.read(new Map(), 'follow', never))
      reads.push(...textsOf(readsOf(run)))
  })()
  await assert.rejects(reading, fault('corrupt', /\[2, 3\)/))
  assert.deepEqual(reads, ['a', 'b'])
})

test('a failed look is met by the reader', async () => {
  const medium = memoryMedium()
  await using tape = memoryTape({ medium })
  await tape.append([texts('a')])
  medium.trades.failNextLook(away)
  await assert.rejects(take(tape.trades.read(new Map(), 'follow', never), 1), fault('unavailable'))
  assert.equal((await take(tape.trades.read(new Map(), 'follow', never), 1)).length, 1)
})
