import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../src/flow/clock.ts'
import { offset } from '../../src/market/records.ts'
import type { Tape } from '../../src/tape/tape.ts'
import { fault, type TapeSuite } from './tape-world.ts'
import {
  all,
  alive,
  ends,
  never,
  numbered,
  readsOf,
  take,
  texts,
  textsOf,
  ZERO,
  type Read,
} from './tape-samples.ts'

/** The sentences about reading without a claim. */
export function readSuite({ world }: TapeSuite): void {
  test('a read gives exactly the records from its start up to its end', async () => {
    await using place = await world()
    await using tape = await place.open()
    for (let i = 0; i < 20; i++) await tape.append([numbered(i * 7, i * 7 + 7)])
    const whole = await all(tape.trades)
    const home = whole[0]?.partition ?? ZERO
    for (const [a, b] of [
      [0, 0],
      [0, 1],
      [3, 60],
      [6, 7],
      [7, 14],
      [139, 140],
      [50, 140],
    ] as const) {
      const until =
        b === whole.length ? (await tape.trades.bounds()).get(home)?.end : whole[b]?.offset
      const from = new Map([[home, whole[a]?.offset ?? offset(0)]])
      const reads: Read[] = []
      for await (const run of tape.trades.read(from, new Map([[home, until ?? offset(0)]]), never))
        reads.push(...readsOf(run))
      assert.deepEqual(textsOf(reads), textsOf(whole.slice(a, b)), `[${a}, ${b})`)
    }
  })

  test('the runs of a read are contiguous', async () => {
    await using place = await world()
    await using tape = await place.open()
    for (let i = 0; i < 40; i++) await tape.append([numbered(i * 100, i * 100 + 100, `S${i % 9}`)])
    const bounds = await tape.trades.bounds()
    const next = new Map([...bounds].map(([at, { earliest }]) => [at, earliest]))
    for await (const run of tape.trades.read(new Map(), ends(bounds), never)) {
      assert.equal(run.first, next.get(run.partition))
      assert.equal(run.log, tape.trades.id)
      assert.ok((run.delta.at(-1) ?? 0) < run.next - run.first)
      next.set(run.partition, run.next)
    }
    for (const [at, { end }] of bounds)
      assert.ok(end - (next.get(at) ?? 0) <= 3, 'up to the end, but for offsets without records')
  })

  test('a read with an end does not wait, also when that end lies past the tape', async () => {
    await using place = await world()
    await using tape = await place.open()
    await tape.append([texts('a', 'b')])
    const home = (await all(tape.trades))[0]?.partition ?? ZERO
    const reads: Read[] = []
    for await (const run of tape.trades.read(
      new Map(),
      new Map([[home, offset(1_000_000)]]),
      never,
    ))
      reads.push(...readsOf(run))
    assert.deepEqual(textsOf(reads), ['a', 'b'])
  })

  test('a partition that the end does not name is not read', async () => {
    await using place = await world()
    await using tape = await place.open()
    await tape.append([texts('a')])
    for await (const run of tape.trades.read(new Map(), new Map(), never))
      assert.fail(`read ${run.count}`)
  })

  test('a reader that follows sees what is appended later', async () => {
    await using place = await world()
    await using tape = await place.open()
    await using reader = await place.open({ mode: 'read' })
    await tape.append([numbered(0, 5)])
    const following = take(reader.trades.read(new Map(), 'follow', never), 100)
    for (let i = 5; i < 100; i += 5) await tape.append([numbered(i, i + 5)])
    assert.deepEqual(
      (await following).map(({ receivedMs }) => receivedMs),
      Array.from({ length: 100 }, (_, i) => i),
    )
  })

  test('two readers beside the writer see the same records', async () => {
    await using place = await world()
    await using tape = await place.open()
    await using one = await place.open({ mode: 'read' })
    await using two = await place.open({ mode: 'read' })
    const reading = [one, two].map((reader) =>
      take(reader.trades.read(new Map(), 'follow', never), 2_000),
    )
    for (let i = 0; i < 2_000; i += 100)
      await tape.append([numbered(i, i + 100, `S${i % 7}`), alive(i)])
    const [first = [], second = []] = await Promise.all(reading)
    const order = (reads: readonly Read[]) => reads.toSorted((a, b) => a.receivedMs - b.receivedMs)
    assert.equal(first.length, 2_000)
    assert.deepEqual(order(first), order(second))
  })

  test('an abort ends a reader quietly, waiting or not', async () => {
    await using place = await world()
    await using tape = await place.open()
    await tape.append([texts('a')])
    const stop = new AbortController()
    const reads: Read[] = []
    for await (const run of tape.trades.read(new Map(), 'follow', stop.signal)) {
      reads.push(...readsOf(run))
      setTimeout(() => stop.abort(), 5) // while the reader waits for more
    }
    assert.deepEqual(textsOf(reads), ['a'])
    for await (const run of tape.trades.read(new Map(), 'follow', stop.signal))
      assert.fail(`read ${run.count}`)
  })

  test('reading from past the end is corrupt: the tape is not the one that had those records', async () => {
    await using place = await world()
    await using tape = await place.open()
    await tape.append([texts('a')])
    const from = new Map([[ZERO, offset(50)]])
    await assert.rejects(
      take(tape.trades.read(from, 'follow', never), 1),
      fault('corrupt', /past the end/),
    )
  })
}

/** The sentences about trimming. */
export function trimSuite({ world }: TapeSuite): void {
  const filled = async (tape: Tape) => {
    for (let i = 0; i < 50; i++) await tape.append([numbered(i * 10, i * 10 + 10)])
    const whole = await all(tape.trades)
    return { whole, home: whole[0]?.partition ?? ZERO }
  }

  test('a trim forgets records below its limit, never one at or past it', async () => {
    await using place = await world()
    await using tape = await place.open()
    const { whole, home } = await filled(tape)
    const before = whole[255]?.offset ?? offset(0)
    await tape.trades.trim(new Map([[home, before]]))
    const { earliest, end } = (await tape.trades.bounds()).get(home) ?? { earliest: -1, end: -1 }
    assert.ok(earliest > 0 && earliest <= before)
    assert.ok(end > (whole.at(-1)?.offset ?? 0))
    const left = await all(tape.trades)
    assert.equal(left[0]?.offset, whole.find((read) => read.offset >= earliest)?.offset)
    assert.deepEqual(left.slice(-245), whole.slice(255))
  })

  test('offsets are not used again after everything was trimmed', async () => {
    await using place = await world()
    const tape = await place.open()
    const { whole, home } = await filled(tape)
    const end = ends(await tape.trades.bounds())
    await tape.trades.trim(end)
    assert.deepEqual(await all(tape.trades), [])
    await tape[Symbol.asyncDispose]()
    await using again = await place.open()
    assert.deepEqual((await again.trades.bounds()).get(home), {
      earliest: end.get(home),
      end: end.get(home),
    })
    await again.append([numbered(500, 501)])
    assert.ok(((await all(again.trades))[0]?.offset ?? 0) > (whole.at(-1)?.offset ?? 0))
  })

  test('a trim past the end stops at the end, and one of another partition or twice does nothing', async () => {
    await using place = await world()
    await using tape = await place.open()
    const { home } = await filled(tape)
    const { end } = (await tape.trades.bounds()).get(home) ?? { end: offset(0) }
    await tape.trades.trim(new Map())
    assert.equal((await all(tape.trades)).length, 500)
    for (let i = 0; i < 2; i++) await tape.trades.trim(new Map([[home, offset(1_000_000)]]))
    assert.deepEqual((await tape.trades.bounds()).get(home), { earliest: end, end })
  })

  test('reading what was trimmed is a conflict: the lake knows a later start', async () => {
    await using place = await world()
    await using tape = await place.open()
    const { home } = await filled(tape)
    await tape.trades.trim(ends(await tape.trades.bounds()))
    await assert.rejects(
      take(tape.trades.read(new Map([[home, offset(3)]]), 'follow', never), 1),
      fault('conflict', /trimmed/),
    )
  })

  test('appends, readers and a trim by another opening go on side by side', async () => {
    await using place = await world()
    await using tape = await place.open()
    await using lander = await place.open({ mode: 'read' })
    const { home } = await filled(tape)
    let trims = 0
    const trimming = (async () => {
      for (; trims < 20; trims++) {
        const { end } = (await lander.trades.bounds()).get(home) ?? { end: offset(0) }
        await lander.trades.trim(new Map([[home, offset(Math.max(0, end - 100))]]))
        await systemClock.sleep(1)
      }
    })()
    for (let i = 50; i < 150; i++) await tape.append([numbered(i * 10, i * 10 + 10)])
    await trimming
    const left = await all(tape.trades)
    assert.equal(left.at(-1)?.receivedMs, 1_499)
    for (const [i, { receivedMs }] of left.entries())
      assert.equal(receivedMs, 1_500 - left.length + i)
  })
}
