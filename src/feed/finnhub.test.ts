import assert from 'node:assert/strict'
import { test } from 'node:test'
import { feedSuite, listenTo, trade } from '../../test/conformance/feed.ts'
import { steppedClock, until, type SteppedClock } from '../../test/fixtures/stepped-clock.ts'
import { isFault, type Fault } from '../flow/fault.ts'
import { seededRandom } from '../flow/random.ts'
import { startReplay, type ReplayOptions } from '../replay/serve-replay.ts'
import { finnhubFeed, type FeedLimits } from './finnhub.ts'
import { changeableWatchlist } from './watchlist.ts'

const KEY = 'c0ffee+secret/key='
const expected = { recorder: 'r1', epoch: 7, source: 'test' }
const nothing = { async *[Symbol.asyncIterator]() {} }

type Given = {
  readonly symbols?: readonly string[]
  readonly limits?: Partial<FeedLimits>
  readonly server?: Partial<ReplayOptions>
  readonly clock?: SteppedClock
  readonly token?: (() => string) | null
  readonly url?: (real: string) => string
}

/** A feed on a real socket to a real server; the feed's clock is the test's, the server's is the machine's but for dates. */
async function given({ symbols = ['AAPL'], limits = {}, server = {}, ...rest }: Given = {}) {
  const clock = rest.clock ?? steppedClock()
  const replay = await startReplay({ source: nothing, date: false, ...server })
  const watchlist = changeableWatchlist(symbols)
  const lease = new AbortController()
  const lines: string[] = []
  const metrics = new Map<string, number>()
  const feed = finnhubFeed({
    ...expected,
    url: rest.url?.(replay.url) ?? replay.url,
    token: rest.token ?? null,
    watchlist,
    lost: lease.signal,
    clock,
    random: seededRandom(1),
    log: (level, message, fields) =>
      lines.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`),
    metrics: {
      add: (name, amount) => metrics.set(name, (metrics.get(name) ?? 0) + amount),
      set: (name, value) => metrics.set(name, value),
    },
    limits,
  })
  return {
    feed,
    clock,
    replay,
    lines,
    metrics,
    expected,
    watch: watchlist.set,
    lose: () => lease.abort(),
    send: (objects: readonly string[]) =>
      replay.send(`{"type":"trade","data":[${objects.join(',')}]}`),
    disconnect: () => replay.disconnect(1001),
    subscribed: replay.subscribed,
    [Symbol.asyncDispose]: () => replay[Symbol.asyncDispose](),
  }
}

/** …and listened to, with its first subscription at the server. */
async function connected(conditions: Given = {}) {
  const world = await given(conditions)
  const heard = listenTo(world.feed)
  await until(() => world.subscribed().length > 0)
  return { ...world, heard }
}

feedSuite('Finnhub feed', ({ symbols, symbolsMax = 50, queueBytesMax = 64_000_000 }) =>
  given({ symbols, limits: { symbolsMax, queueBytesMax } }),
)

const failureOf = async (done: Promise<void>): Promise<Fault> => {
  const error: unknown = await done.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  assert.ok(isFault(error))
  return error
}

test('a refused key ends the feed at once, with words on what to do', async () => {
  await using world = await given({ server: { token: 'another' }, token: () => KEY })
  const fault = await failureOf(listenTo(world.feed).done)
  assert.equal(fault.kind, 'invalid')
  assert.match(fault.message, /refuses the key \(HTTP 401\)/)
  assert.match(fault.remedy, /FINNHUB_TOKEN/)
  assert.equal(world.replay.handshakes(), 1)
})

test('a right key is shown to the server and to nobody else', async () => {
  await using world = await connected({ server: { token: KEY }, token: () => KEY })
  const { heard, replay } = world
  await replay.send(`{"type":"error","msg":"no such key ${KEY}"}`)
  await replay.send(`garbage ${KEY} garbage ?token=${encodeURIComponent(KEY)}`)
  await replay.send(`{"type":"${KEY}"}`)
  await until(() => heard.said('unreadable').length + heard.said('unknown').length === 2)
  replay.disconnect('cut')
  await until(() => heard.said('closed').length === 1)
  heard.stop()
  await heard.done
  const odd = [...heard.said('unreadable'), ...heard.said('unknown')]
  const bytes = odd.map(({ bytes }) => Buffer.from(bytes ?? []).toString())
  const everything = [JSON.stringify(heard.events), ...bytes, ...world.lines].join('\n')
  assert.match(everything, /\*\*\*/)
  for (const spelling of [KEY, encodeURIComponent(KEY)]) assert.ok(!everything.includes(spelling))
})

test('a key in a wrong address is not repeated', async () => {
  for (const url of [`http://x/?token=${KEY}`, `nonsense?token=${KEY}`, `ws://a:${KEY}@/ /`]) {
    await using world = await given({ url: () => url })
    const fault = await failureOf(listenTo(world.feed).done)
    assert.equal(fault.kind, 'invalid')
    assert.ok(!`${fault.message} ${fault.remedy} ${String(fault.cause)}`.includes(KEY))
    assert.ok(!world.lines.join('\n').includes(KEY))
  }
})

test('after HTTP 429 it waits a minute or more, with jitter', async () => {
  await using world = await given({ server: { refuse: (n) => (n === 0 ? 429 : null) } })
  const heard = listenTo(world.feed)
  const waitMs = await waitAfter(world, 1)
  assert.ok(waitMs > 60_000 && waitMs <= 90_000, `${waitMs}`)
  world.clock.advance(59_999)
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.equal(world.replay.handshakes(), 1)
  world.clock.advance(31_000)
  await until(() => heard.said('subscribed').length === 1)
  heard.stop()
  await heard.done
})

test('waits grow while connections are short-lived, and start again after one that lived a minute', async () => {
  await using world = await given({ server: { refuse: (n) => (n < 6 ? 503 : null) } })
  const heard = listenTo(world.feed)
  const waits: number[] = []
  for (let n = 1; n <= 6; n++) {
    const waitMs = await waitAfter(world, n)
    waits.push(waitMs)
    world.clock.advance(waitMs)
  }
  waits.forEach((waitMs, i) => assert.ok(waitMs >= 500 * 2 ** i && waitMs <= 1000 * 2 ** i))
  await until(() => world.subscribed().length > 0)
  world.disconnect() // lived for no time: the wait goes on growing
  const longMs = await waitAfter(world, 7)
  assert.ok(longMs >= 30_000)
  world.clock.advance(longMs)
  await until(() => heard.said('opened').length === 2 && world.subscribed().length > 0)
  world.clock.advance(60_000)
  world.disconnect()
  assert.ok((await waitAfter(world, 8)) <= 1_000)
  heard.stop()
  await heard.done
})

/** The wait before the next attempt, after the nth end of a connection or an attempt. */
async function waitAfter(
  { lines, clock }: { readonly lines: readonly string[]; readonly clock: SteppedClock },
  n: number,
): Promise<number> {
  await until(() => lines.filter((line) => line.includes('retry_ms')).length === n)
  const [wait, ...others] = clock.sleeping()
  assert.deepEqual(others, [])
  return wait ?? 0
}

test('a handshake that hangs is given up after fifteen seconds', async () => {
  await using world = await given({ server: { refuse: (n) => (n === 0 ? 'hang' : null) } })
  const heard = listenTo(world.feed)
  await until(() => world.replay.handshakes() === 1)
  world.clock.advance(15_000)
  await until(() => world.lines.some((line) => line.includes('no handshake within 15000 ms')))
  await waitAfter(world, 1)
  world.clock.advance(1_000)
  await until(() => heard.said('opened').length === 1)
  heard.stop()
  await heard.done
})

test('a server that is not there is tried again', async () => {
  await using world = await given({ url: () => 'ws://127.0.0.1:1' })
  const heard = listenTo(world.feed)
  await until(() => world.lines.some((line) => line.includes('ECONNREFUSED')))
  await waitAfter(world, 1)
  heard.stop()
  await heard.done
  assert.deepEqual(heard.said('opened'), [])
})

test('a silent socket is taken for dead after 150 seconds, and its gap begins at the last frame', async () => {
  await using world = await connected()
  const { heard, clock } = world
  const cameMs = clock.now()
  await world.send([trade('AAPL', 1)])
  await until(() => heard.records().length === 1)
  world.replay.stall()
  for (let i = 1; i < 30; i++) {
    clock.advance(5_000)
    await until(() => heard.said('alive').length === i)
  }
  assert.deepEqual(heard.said('closed'), [])
  clock.advance(5_000)
  await until(() => heard.said('closed').length === 1)
  assert.equal(heard.said('closed')[0]?.cause, 'stalled')
  assert.equal(heard.said('closed')[0]?.to, cameMs)
  await waitAfter(world, 1)
  clock.advance(1_000)
  await until(() => heard.said('opened').length === 2)
  heard.stop()
  await heard.done
})

test('ping frames keep a quiet connection', async () => {
  await using world = await connected()
  const { heard, clock } = world
  for (let i = 1; i <= 40; i++) {
    if (i % 20 === 0) {
      const frames = world.metrics.get('ticklake_frames_received_total') ?? 0
      await world.replay.send('{"type":"ping"}')
      await until(() => (world.metrics.get('ticklake_frames_received_total') ?? 0) > frames)
    }
    clock.advance(5_000)
    await until(() => heard.said('alive').length === i)
  }
  assert.deepEqual(heard.said('closed'), [])
  assert.equal(heard.said('alive').at(-1)?.to, clock.now() - 5_000)
  heard.stop()
  await heard.done
})

test('a wall clock that is set an hour back moves arrival times and no watchdog', async () => {
  await using world = await connected()
  const { heard, clock } = world
  clock.setWall(clock.now() - 3_600_000)
  await world.send([trade('AAPL', 1)])
  await until(() => heard.records().length === 1)
  const block = heard.events.at(-1)
  assert.ok(block?.kind === 'records')
  assert.equal(block.records.receivedMs[0], clock.now())
  for (let i = 1; i <= 29; i++) {
    clock.advance(5_000)
    await until(() => heard.said('alive').length === i)
  }
  assert.deepEqual(heard.said('closed'), [])
  clock.advance(5_000)
  await until(() => heard.said('closed').length === 1)
  heard.stop()
  await heard.done
})

test('a clock an hour off the feed’s own refuses to record', async () => {
  for (const offMs of [3_600_000, -3_600_000]) {
    const clock = steppedClock()
    const server = { clock: { ...steppedClock(clock.now() + offMs) }, date: true }
    await using world = await given({ clock, server })
    const fault = await failureOf(listenTo(world.feed).done)
    assert.equal(fault.kind, 'invalid')
    assert.match(fault.message, offMs > 0 ? /60 min behind/ : /60 min ahead of/)
  }
})

test('a clock some seconds off is warned about', async () => {
  const clock = steppedClock()
  const server = { clock: steppedClock(clock.now() + 20_000), date: true }
  await using world = await connected({ clock, server })
  assert.ok(world.lines.some((line) => /^warn .*clock differs.*"seconds":2[01]/.test(line)))
  world.heard.stop()
  await world.heard.done
})

test('a frame that does not split goes to the feed log, and the connection stays', async () => {
  await using world = await connected()
  const { heard, replay } = world
  const half = '{"type":"trade","data":[{"c":["1"],"p":1'
  for (let i = 0; i < 5; i++) await replay.send(half)
  await world.send([trade('AAPL', 1)])
  await until(() => heard.records().length === 1)
  assert.equal(heard.said('unreadable').length, 5)
  assert.equal(Buffer.from(heard.said('unreadable')[0]?.bytes ?? []).toString(), half)
  assert.equal(world.metrics.get('ticklake_frames_unreadable_total'), 5)
  assert.equal(world.lines.filter((line) => line.includes('could not be read')).length, 1)
  assert.equal(heard.said('opened').length, 1)
  heard.stop()
  await heard.done
})

test('a frame of 20 MB leaves its first 64 KB in the feed log, and the connection stays', async () => {
  await using world = await connected()
  const { heard, replay } = world
  const big = Buffer.alloc(20 * 1024 * 1024, 'x')
  await replay.send(big)
  await world.send([trade('AAPL', 1)])
  await until(() => heard.records().length === 1)
  assert.equal(heard.said('unreadable')[0]?.bytes?.byteLength, 64 * 1024)
  assert.equal(heard.said('opened').length, 1)
  heard.stop()
  await heard.done
})

test('a connection that is cut inside a frame is made again', async () => {
  const faults = { seed: 1, chances: { cut: 1 } }
  await using world = await connected({ server: { faults } })
  const { heard } = world
  await world.send([trade('AAPL', 1)])
  await until(() => heard.said('closed').length === 1)
  assert.equal(heard.said('closed')[0]?.cause, 'network')
  assert.deepEqual(heard.records(), [])
  heard.stop()
  await heard.done
})

test('a frame of an unknown type is counted and kept, and is not fatal', async () => {
  await using world = await connected()
  const { heard, replay } = world
  await replay.send('{"type":"news","data":[]}')
  await until(() => heard.said('unknown').length === 1)
  const [{ cause, bytes } = { cause: null, bytes: null }] = heard.said('unknown')
  assert.equal(cause, 'type "news"')
  assert.equal(Buffer.from(bytes ?? []).toString(), '{"type":"news","data":[]}')
  assert.deepEqual(heard.said('unreadable'), [])
  assert.equal(world.metrics.get('ticklake_frames_unknown_total'), 1)
  heard.stop()
  await heard.done
})

test('when the feed takes fewer symbols than the cap, the last ones asked for are named refused', async () => {
  await using world = await connected({
    symbols: ['A', 'B', 'C', 'D'],
    server: { symbolsMax: 2 },
  })
  const { heard } = world
  await until(() => heard.said('refused').length === 2)
  assert.deepEqual(
    heard.said('refused').map(({ symbols }) => symbols),
    [['D'], ['C']],
  )
  await world.send([trade('B', 1)])
  await until(() => heard.records().length === 1)
  heard.stop()
  await heard.done
})

test('a symbol that the feed calls invalid is refused, and the rest goes on', async () => {
  await using world = await connected({
    symbols: ['FX:EURUSD', 'AAPL'],
    server: { unknown: (symbol) => symbol === 'FX:EURUSD' },
  })
  const { heard } = world
  await until(() => heard.said('refused').length === 1)
  assert.deepEqual(heard.said('refused')[0]?.symbols, ['FX:EURUSD'])
  assert.equal(heard.said('refused')[0]?.cause, 'Invalid symbol FX:EURUSD')
  await world.send([trade('AAPL', 1)])
  await until(() => heard.records().length === 1)
  heard.stop()
  await heard.done
})

test('a lost lease closes the socket while the reader still stands', async () => {
  await using world = await connected()
  world.heard.hold(true)
  await world.send([trade('AAPL', 1)])
  await until(() => world.heard.records().length === 1)
  world.lose()
  await until(() => world.replay.connections() === 0)
  assert.equal(world.replay.handshakes(), 1)
  world.heard.hold(false)
  await world.heard.done
})

test('a reader that leaves closes the socket', async () => {
  await using world = await given()
  for await (const [event] of world.feed.open(new AbortController().signal))
    if (event?.kind === 'session' && event.event.kind === 'subscribed') break
  await until(() => world.replay.connections() === 0)
})
