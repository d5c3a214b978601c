import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { FeedEvent } from '../market/feed-events.ts'
import { recordBytes, type Keyed } from '../market/records.ts'
import { boundedQueue } from '../flow/queue.ts'
import { concatenated, createGather, joined } from './gather.ts'
import { sessionOf } from './session.ts'

const encoder = new TextEncoder()
const say = sessionOf(
  { recorder: 'r', epoch: 1, source: 's' },
  { now: () => 0, monotonic: () => 0, sleep: async () => undefined },
)

type Trade = { readonly text: string; readonly symbol: string; readonly atMs: number }

function block(trades: readonly Trade[]): Keyed {
  const parts = trades.map(({ text }) => encoder.encode(text))
  const keys = [...new Set(trades.map(({ symbol }) => symbol))]
  let end = 0
  return {
    count: trades.length,
    bytes: new Uint8Array(Buffer.concat(parts)),
    ends: Uint32Array.from(parts, (part) => (end += part.length)),
    receivedMs: Float64Array.from(trades, ({ atMs }) => atMs),
    redelivered: Uint8Array.from(trades, ({ atMs }) => atMs % 2),
    key: Uint32Array.from(trades, ({ symbol }) => keys.indexOf(symbol)),
    keys,
  }
}

const tradesOf = (records: Keyed): Trade[] =>
  Array.from({ length: records.count }, (_, i) => {
    assert.equal(records.redelivered[i], (records.receivedMs[i] ?? 0) % 2)
    return {
      text: Buffer.from(recordBytes(records, i)).toString(),
      symbol: records.keys[records.key[i] ?? 0] ?? 'none',
      atMs: records.receivedMs[i] ?? 0,
    }
  })

const records = (...trades: Trade[]): FeedEvent => ({ kind: 'records', records: block(trades) })
const alive: FeedEvent = { kind: 'session', event: say('alive') }
const one = (i: number): Trade => ({ text: `{"v":${i}}`, symbol: `S${i % 3}`, atMs: i })

test('joined blocks hold the same records with the same symbols, in order', () => {
  const trade = fc.record({
    text: fc.string(),
    symbol: fc.constantFrom('', 'A', 'B', 'BRK.B', 'x:y'),
    atMs: fc.nat(),
  })
  fc.assert(
    fc.property(fc.array(fc.array(trade), { minLength: 1 }), (blocks) => {
      const all = concatenated(blocks.map(block))
      assert.deepEqual(
        tradesOf(all).map(({ text }) => text),
        blocks.flat().map(({ text }) => Buffer.from(encoder.encode(text)).toString()),
      )
      assert.deepEqual(
        tradesOf(all).map(({ symbol, atMs }) => [symbol, atMs]),
        blocks.flat().map(({ symbol, atMs }) => [symbol, atMs]),
      )
    }),
  )
})

test('events stay where they were between the records', () => {
  const out = joined([records(one(1)), records(one(2)), alive, records(one(3)), alive, alive])
  assert.deepEqual(
    out.map((event) => (event.kind === 'records' ? tradesOf(event.records) : event)),
    [[one(1), one(2)], alive, [one(3)], alive, alive],
  )
})

test('an idle reader gets each block at once', async () => {
  const queue = boundedQueue<readonly FeedEvent[]>(100)
  const out = createGather({ bytesMax: 1000 })(queue)[Symbol.asyncIterator]()
  for (let i = 0; i < 3; i++) {
    const next = out.next()
    queue.push([records(one(i))], 1)
    const { value } = await next
    assert.equal(value?.length, 1)
  }
  queue.end()
  assert.equal((await out.next()).done, true)
})

test('what came while the reader was busy is one batch, and no more than the bound waits', async () => {
  let pulled = 0
  async function* source(): AsyncGenerator<readonly FeedEvent[]> {
    for (let i = 0; i < 100; i++) {
      pulled += 1
      yield [records(one(i))]
    }
  }
  const sizes: number[] = []
  const seen: Trade[] = []
  for await (const events of createGather({ bytesMax: 70 })(source())) {
    const [event] = events
    assert.ok(event?.kind === 'records' && events.length === 1)
    sizes.push(event.records.bytes.byteLength)
    seen.push(...tradesOf(event.records))
    await new Promise((resolve) => setImmediate(resolve)) // a slow append
    assert.ok(pulled - seen.length <= 15)
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 100 }, (_, i) => one(i)),
  )
  assert.ok(sizes.length < 25 && Math.max(...sizes) < 70 + 20, sizes.join())
})

test('a failure of the feed is met after everything before it', async () => {
  async function* source(): AsyncGenerator<readonly FeedEvent[]> {
    yield [records(one(1))]
    yield [alive]
    throw new Error('the key is refused')
  }
  const seen: FeedEvent[] = []
  const reading = (async () => {
    for await (const events of createGather({ bytesMax: 1000 })(source())) seen.push(...events)
  })()
  await assert.rejects(reading, /the key is refused/)
  assert.equal(seen.length, 2)
})

test('a reader that leaves is not held up by a feed that is silent', async () => {
  const queue = boundedQueue<readonly FeedEvent[]>(100)
  queue.push([alive], 1)
  for await (const events of createGather({ bytesMax: 1000 })(queue)) {
    assert.deepEqual(events, [alive])
    break
  }
})
