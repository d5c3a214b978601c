import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { crc32 } from 'node:zlib'
import { decodeEvent } from '../../src/market/session-events.ts'
import { readSuite, trimSuite } from './tape-reads.ts'
import { turnSuite } from './tape-turns.ts'
import { fault, type TapeSuite } from './tape-world.ts'
import {
  all,
  alive,
  blockOf,
  ends,
  never,
  numbered,
  SOURCE,
  take,
  texts,
  textsOf,
  ZERO,
  type Read,
} from './tape-samples.ts'

/** The contract of src/tape/tape.ts, sentence by sentence; every adapter runs it. */
export function tapeConformance(name: string, suite: TapeSuite): void {
  describe(`${name} keeps the contract of a tape`, () => {
    appendSuite(suite)
    readSuite(suite)
    trimSuite(suite)
    turnSuite(suite)
  })
}

const bySymbol = (reads: readonly Read[], symbol: string) =>
  textsOf(reads).filter((text) => text.includes(`"${symbol}"`))

function appendSuite({ world, partitions }: TapeSuite): void {
  test('an empty tape has empty partitions, no source and two ids', async () => {
    await using place = await world()
    await using tape = await place.open()
    const bounds = await tape.trades.bounds()
    assert.equal(bounds.size, partitions)
    for (const { earliest, end } of bounds.values()) assert.deepEqual([earliest, end], [0, 0])
    assert.equal(await tape.source(), null)
    assert.notEqual(tape.trades.id, tape.feed.id)
  })

  test('what was appended is read back in order, to the bit', async () => {
    await using place = await world()
    await using tape = await place.open()
    const samples = Array.from({ length: 500 }, (_, i) => ({
      symbol: `S${i % 5}`,
      bytes: Uint8Array.from({ length: i % 97 }, (_, k) => (i * 31 + k * 7) & 255),
      receivedMs: 1_763_997_374_633 + i * 3,
      redelivered: i % 3 === 0,
    }))
    for (let i = 0; i < samples.length; i += 50)
      await tape.append([blockOf(samples.slice(i, i + 50))])
    const reads = await all(tape.trades)
    assert.equal(reads.length, samples.length)
    const byTime = reads.toSorted((a, b) => a.receivedMs - b.receivedMs)
    for (const [i, sample] of samples.entries()) {
      assert.equal(byTime[i]?.receivedMs, sample.receivedMs)
      assert.equal(byTime[i]?.redelivered, sample.redelivered ? 1 : 0)
      assert.equal(byTime[i]?.crc, crc32(sample.bytes))
    }
    for (let k = 0; k < 5; k++) {
      const times = reads
        .filter(({ partition }) => partition === homeOf(reads, samples[k]?.receivedMs))
        .map(({ receivedMs }) => receivedMs)
      assert.deepEqual(
        times,
        times.toSorted((a, b) => a - b),
      )
    }
  })

  test('offsets only grow, and the records of one symbol keep their order', async () => {
    await using place = await world()
    await using tape = await place.open()
    for (let i = 0; i < 30; i++) await tape.append([numbered(i * 10, i * 10 + 10, `S${i % 3}`)])
    const reads = await all(tape.trades)
    for (const home of new Set(reads.map(({ partition }) => partition))) {
      const offsets = reads
        .filter(({ partition }) => partition === home)
        .map(({ offset }) => offset)
      for (const [i, at] of offsets.entries()) assert.ok(i === 0 || at > (offsets[i - 1] ?? at))
    }
    const expected = Array.from({ length: 10 }, (_, i) =>
      Array.from({ length: 10 }, (_, k) => i * 30 + k),
    ).flat()
    assert.deepEqual(
      bySymbol(reads, 'S0').map((text) => JSON.parse(text).t),
      expected,
    )
  })

  test('one append may hold many blocks and events, in order', async () => {
    await using place = await world()
    await using tape = await place.open()
    await tape.append([alive(1), texts('a', 'b'), alive(2), texts('c'), texts(), alive(3)])
    assert.deepEqual(textsOf(await all(tape.trades)), ['a', 'b', 'c'])
    const log = await all(tape.feed)
    assert.deepEqual(
      log.map(({ text }) => decodeEvent(Buffer.from(text))?.at),
      [1, 2, 3],
    )
    assert.deepEqual(
      log.map(({ receivedMs }) => receivedMs),
      [1, 2, 3],
    )
  })

  test('an append of nothing changes nothing', async () => {
    await using place = await world()
    await using tape = await place.open()
    await tape.append([])
    await tape.append([texts()])
    assert.equal((await tape.trades.bounds()).get(ZERO)?.end, 0)
    assert.equal(await tape.source(), null)
  })

  test('empty records and records of 1 MB are kept', async () => {
    await using place = await world()
    await using tape = await place.open()
    const large = new Uint8Array(1024 * 1024).map((_, i) => i * 13)
    const small = { bytes: new Uint8Array(0) }
    await tape.append([blockOf([small, { bytes: large }, small, small, { bytes: large }])])
    const sizes: number[] = []
    for await (const run of tape.trades.read(new Map(), ends(await tape.trades.bounds()), never)) {
      for (const [i, end] of run.ends.entries()) sizes.push(end - (run.ends[i - 1] ?? 0))
    }
    assert.deepEqual(sizes, [0, large.length, 0, 0, large.length])
  })

  test('a run is at most 1 MB of records', async () => {
    await using place = await world()
    await using tape = await place.open()
    const bytes = new Uint8Array(10_000).fill(7)
    await tape.append([blockOf(Array.from({ length: 500 }, () => ({ bytes })))])
    let count = 0
    for await (const run of tape.trades.read(new Map(), ends(await tape.trades.bounds()), never)) {
      assert.ok(run.bytes.length <= 1024 * 1024)
      count += run.count
    }
    assert.equal(count, 500)
  })

  test('the caller may reuse its arrays once append resolved', async () => {
    await using place = await world()
    await using tape = await place.open()
    const block = texts('first')
    await tape.append([block])
    if (block.kind === 'records') block.records.bytes.fill(0)
    assert.deepEqual(textsOf(await all(tape.trades)), ['first'])
  })

  test('what was appended is there after the tape was closed and opened again, with the same ids', async () => {
    await using place = await world()
    const tape = await place.open()
    await tape.append([texts('a'), alive(1)])
    const { id } = tape.trades
    const feedId = tape.feed.id
    await tape[Symbol.asyncDispose]()
    await using again = await place.open()
    await again.append([texts('b')])
    assert.deepEqual(textsOf(await all(again.trades)), ['a', 'b'])
    assert.deepEqual([again.trades.id, again.feed.id], [id, feedId])
  })

  test('the first session event binds the tape to its source, and another source is refused', async () => {
    await using place = await world()
    const tape = await place.open()
    await tape.append([texts('a'), alive(1)])
    assert.equal(await tape.source(), SOURCE)
    await tape[Symbol.asyncDispose]()
    await assert.rejects(place.open({ source: 'finnhub' }), fault('invalid', /simulator.*finnhub/))
    await using again = await place.open()
    await assert.rejects(again.append([alive(1, 'finnhub')]), fault('invalid', /finnhub/))
    assert.equal((await all(again.feed)).length, 1)
  })

  test('a tape opened to read cannot append', async () => {
    await using place = await world()
    await using writer = await place.open()
    await using reader = await place.open({ mode: 'read' })
    await assert.rejects(reader.append([texts('a')]), fault('invalid'))
    assert.equal(await writer.source(), null)
  })

  test('a closed tape says so', async () => {
    await using place = await world()
    const tape = await place.open()
    await tape[Symbol.asyncDispose]()
    await tape[Symbol.asyncDispose]()
    await assert.rejects(tape.append([texts('a')]), fault('closed'))
    await assert.rejects(tape.trades.bounds(), fault('closed'))
    await assert.rejects(tape.source(), fault('closed'))
    await assert.rejects(take(tape.trades.read(new Map(), 'follow', never), 1), fault('closed'))
  })

  test('closing waits for the append under way', async () => {
    await using place = await world()
    const tape = await place.open()
    const appended = tape.append([numbered(0, 1000)])
    await tape[Symbol.asyncDispose]()
    await appended
    await using again = await place.open()
    assert.equal((await all(again.trades)).length, 1000)
  })
}

const homeOf = (reads: readonly Read[], receivedMs: number | undefined) =>
  reads.find((read) => read.receivedMs === receivedMs)?.partition
