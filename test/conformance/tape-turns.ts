import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '../../src/flow/fault.ts'
import { offset, type Positions } from '../../src/market/records.ts'
import type { Lease, StartOf, Tape, TakeLease } from '../../src/tape/tape.ts'
import {
  all,
  behind,
  ends,
  never,
  numbered,
  readsOf,
  take,
  texts,
  textsOf,
  type Read,
} from './tape-samples.ts'
import { fault, type TapeSuite } from './tape-world.ts'

const GROUP = 'landers'
const nowhere: StartOf = async () => new Map()

/** The first `count` records of the first turn. */
async function firstTurn(tape: Tape, start: StartOf, count: number): Promise<Read[]> {
  for await (const turn of tape.trades.turns({ id: GROUP, start }, never))
    return await take(turn, count)
  return []
}

/** A tape's first 20 records, and a start behind the record of that index. */
async function twenty(
  tape: Tape,
): Promise<{ whole: Read[]; startBehind: (i: number, change?: object) => StartOf }> {
  for (let i = 0; i < 20; i += 5) await tape.append([numbered(i, i + 5)])
  const whole = await all(tape.trades)
  const at = (i: number): Read => {
    const read = whole[i]
    assert.ok(read)
    return read
  }
  const startBehind =
    (i: number, change: object = {}) =>
    async (): Promise<Positions> =>
      new Map([[at(i).partition, { ...behind(at(i)), ...change }]])
  return { whole, startBehind }
}

/** The sentences about turns. */
export function turnSuite(suite: TapeSuite): void {
  const { world, partitions, claims = 'lease' } = suite
  if (claims === 'lease') leaseSuite(suite)
  else groupSuite(suite)

  test('a turn begins at the earliest record when the lake has no position', async () => {
    await using place = await world()
    await using tape = await place.open()
    const { whole } = await twenty(tape)
    let asked = 0
    const reads = await firstTurn(tape, async (of) => ((asked = of.length), new Map()), 20)
    assert.deepEqual(textsOf(reads), textsOf(whole))
    assert.equal(asked, partitions)
  })

  test('a turn begins where the lake says, and follows the tape', async () => {
    await using place = await world()
    await using tape = await place.open()
    const { startBehind } = await twenty(tape)
    const reading = firstTurn(tape, startBehind(12), 9)
    await tape.append([numbered(20, 22)])
    assert.deepEqual(
      (await reading).map(({ receivedMs }) => receivedMs),
      [13, 14, 15, 16, 17, 18, 19, 20, 21],
    )
  })

  test('a turn that is left early is over, and the next asks the lake again', async () => {
    await using place = await world()
    await using tape = await place.open()
    const { whole, startBehind } = await twenty(tape)
    const seen: number[] = []
    const starts = [nowhere, startBehind(4), startBehind(2)]
    const start: StartOf = async (of) => await (starts.shift() ?? nowhere)(of)
    let kept: AsyncIterator<unknown> | undefined
    for await (const turn of tape.trades.turns({ id: GROUP, start }, never)) {
      assert.equal(await kept?.next().then(({ done }) => done), kept && true, 'a kept turn ends')
      const reader = turn[Symbol.asyncIterator]()
      const { value } = await reader.next()
      if (value !== undefined) seen.push(readsOf(value)[0]?.receivedMs ?? -1)
      kept = reader
      if (starts.length === 0) break
    }
    assert.deepEqual(seen, [0, 5, 3])
    assert.equal(whole.length, 20)
  })

  test('an abort ends turns and the turn under way quietly', async () => {
    await using place = await world()
    await using tape = await place.open()
    await twenty(tape)
    const stop = new AbortController()
    let turns = 0
    for await (const turn of tape.trades.turns({ id: GROUP, start: nowhere }, stop.signal)) {
      turns += 1
      for await (const run of turn) if (run.count > 0) setTimeout(() => stop.abort(), 5)
    }
    assert.equal(turns, 1)
  })

  test('what the lake throws at the start is met by the reader of the turn, and the next turn may work', async () => {
    await using place = await world()
    await using tape = await place.open()
    await twenty(tape)
    const down = new Fault('unavailable', 'the catalog is away', { remedy: 'Wait.' })
    let asked = 0
    const start: StartOf = async () => {
      asked += 1
      if (asked === 1) throw down
      return new Map()
    }
    let count = 0
    for await (const turn of tape.trades.turns({ id: GROUP, start }, never)) {
      const reads = await take(turn, 20).catch((error: unknown) => {
        assert.equal(error, down)
        return null
      })
      count = reads?.length ?? 0
      if (reads !== null) break
    }
    assert.deepEqual([asked, count], [2, 20])
  })

  test('a turn halts when the last landed record is another one', async () => {
    await using place = await world()
    await using tape = await place.open()
    const { whole, startBehind } = await twenty(tape)
    const last = { offset: whole[7]?.offset, crc: 12_345 }
    await assert.rejects(
      firstTurn(tape, startBehind(7, { last }), 1),
      fault('corrupt', /another one/),
    )
  })

  test('a turn halts when the position lies past the end', async () => {
    await using place = await world()
    await using tape = await place.open()
    const { startBehind } = await twenty(tape)
    const start = startBehind(7, { next: offset(1_000) })
    await assert.rejects(firstTurn(tape, start, 1), fault('corrupt', /1000.*ends at/))
  })

  test('a turn halts when records were trimmed before they landed', async () => {
    await using place = await world()
    await using tape = await place.open()
    const { startBehind } = await twenty(tape)
    await tape.trades.trim(ends(await tape.trades.bounds()))
    await assert.rejects(
      firstTurn(tape, startBehind(7), 1),
      fault('corrupt', /trimmed before they landed/),
    )
  })

  test('a turn begins right behind what was trimmed, though the last landed record is gone', async () => {
    await using place = await world()
    await using tape = await place.open()
    const { whole, startBehind } = await twenty(tape)
    const bounds = ends(await tape.trades.bounds())
    await tape.trades.trim(bounds)
    const next = bounds.get(whole[0]?.partition ?? offsetless())
    const reading = firstTurn(tape, startBehind(19, { next }), 1)
    await tape.append([numbered(20, 21)])
    assert.deepEqual(
      (await reading).map(({ receivedMs }) => receivedMs),
      [20],
    )
  })
}

/** Turns under a lease: one lander at a time. */
function leaseSuite({ world }: TapeSuite): void {
  test('a turn of the feed log and one of the trades log share the lander’s lease, and the last gives it back', async () => {
    await using place = await world()
    const { lander, counts } = countedLease()
    await using tape = await place.open({ lander })
    await twenty(tape)
    const stop = new AbortController()
    const ended = [tape.trades, tape.feed].map(async (log) => {
      for await (const turn of log.turns({ id: GROUP, start: nowhere }, stop.signal))
        for await (const run of turn) assert.ok(run.count > 0)
    })
    await new Promise((resolve) => setTimeout(resolve, 10))
    assert.deepEqual(counts, { taken: 1, given: 0 })
    stop.abort()
    await Promise.all(ended)
    assert.deepEqual(counts, { taken: 1, given: 1 })
  })

  test('a turn ends when the lander’s lease is lost, and the next one takes it anew', async () => {
    await using place = await world()
    const { lander, counts, lose } = countedLease()
    await using tape = await place.open({ lander })
    await tape.append([texts('a')])
    let turns = 0
    for await (const turn of tape.trades.turns({ id: GROUP, start: nowhere }, never)) {
      turns += 1
      if (turns === 2) break
      for await (const run of turn) if (run.count > 0) setTimeout(lose, 5)
    }
    assert.equal(counts.taken, 2)
    assert.equal(counts.given, 2)
  })
}

/** Turns of a group: its readers share the partitions. */
function groupSuite({ world, partitions }: TapeSuite): void {
  test('two readers of a group have each partition once, and who leaves is replaced', async () => {
    await using place = await world()
    await using tape = await place.open()
    for (let i = 0; i < 40; i++) await tape.append([numbered(i * 5, i * 5 + 5, `S${i}`)])
    const one = await place.open({ mode: 'read' })
    await using two = await place.open({ mode: 'read' })
    const owned = { one: new Set<number>(), two: new Set<number>() }
    const landing = (reader: Tape, mine: Set<number>, stop: AbortSignal) =>
      (async () => {
        const start: StartOf = async (assigned) => {
          mine.clear()
          for (const at of assigned) mine.add(at)
          return new Map()
        }
        for await (const turn of reader.trades.turns({ id: GROUP, start }, stop))
          for await (const run of turn) assert.ok(mine.has(run.partition))
      })()
    const stopOne = new AbortController()
    const stopTwo = new AbortController()
    const running = [
      landing(one, owned.one, stopOne.signal),
      landing(two, owned.two, stopTwo.signal),
    ]
    const settled = (one: number, two: number) => async () => {
      assert.deepEqual([owned.one.size, owned.two.size], [one, two])
      assert.equal(new Set([...owned.one, ...owned.two]).size, partitions)
    }
    await eventually(
      settled(Math.ceil(partitions / 2), Math.floor(partitions / 2)),
      settled(Math.floor(partitions / 2), Math.ceil(partitions / 2)),
    )
    stopOne.abort()
    await running[0]
    owned.one.clear()
    await one[Symbol.asyncDispose]()
    await eventually(settled(0, partitions))
    stopTwo.abort()
    await running[1]
  })

  test('readers of different groups both have all partitions', async () => {
    await using place = await world()
    await using tape = await place.open()
    await twenty(tape)
    const counts = await Promise.all(
      ['lake-a', 'lake-b'].map(async (id) => {
        for await (const turn of tape.trades.turns({ id, start: nowhere }, never))
          return (await take(turn, 20)).length
        return 0
      }),
    )
    assert.deepEqual(counts, [20, 20])
  })
}

/** Waits until one of the checks passes; after 20 s its failure is the test's. */
async function eventually(...checks: readonly (() => Promise<void>)[]): Promise<void> {
  for (let i = 0; ; i++) {
    const failures: unknown[] = []
    for (const check of checks) await check().catch((error: unknown) => failures.push(error))
    if (failures.length < checks.length) return
    if (i >= 400) throw failures[0]
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

function offsetless(): never {
  throw new Error('the tape is empty')
}

/** A lease that anyone gets at once, and that can be lost. */
function countedLease(): {
  lander: TakeLease
  counts: { taken: number; given: number }
  lose: () => void
} {
  const counts = { taken: 0, given: 0 }
  let lost = new AbortController()
  const lander = async (): Promise<Lease> => {
    counts.taken += 1
    lost = new AbortController()
    const give = async () => {
      counts.given += 1
    }
    const holds = () => !lost.signal.aborted
    return { epoch: counts.taken, lost: lost.signal, holds, [Symbol.asyncDispose]: give }
  }
  return { lander, counts, lose: () => lost.abort() }
}
