import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Feed } from '../../src/feed/feed.ts'
import type { FeedEvent, SessionEvent } from '../../src/market/feed-events.ts'
import { recordBytes } from '../../src/market/records.ts'
import { until, type SteppedClock } from '../fixtures/stepped-clock.ts'

/** A feed that waits to be opened, and the world around it, in a test's hands. */
export type FeedUnderTest = AsyncDisposable & {
  readonly feed: Feed
  readonly clock: SteppedClock
  /** Takes the lease away. */
  readonly lose: () => void
  readonly watch: (symbols: readonly string[]) => void
  /** The source sends these objects, verbatim, in one frame. */
  readonly send: (objects: readonly string[]) => Promise<void>
  /** The source ends the connection. */
  readonly disconnect: () => void
  /** What the source thinks it is asked for. */
  readonly subscribed: () => readonly string[]
  readonly expected: Pick<SessionEvent, 'recorder' | 'epoch' | 'source'>
}
export type FeedConditions = {
  readonly symbols: readonly string[]
  readonly symbolsMax?: number
  readonly queueBytesMax?: number
}
export type OpenFeed = (conditions: FeedConditions) => Promise<FeedUnderTest>

export type Heard = {
  readonly events: FeedEvent[]
  readonly done: Promise<void>
  readonly stop: () => void
  said(kind: SessionEvent['kind']): readonly SessionEvent[]
  records(): readonly string[]
  /** Stops taking (`true`) or goes on. */
  hold(held: boolean): void
}

/** Reads a feed in the background, keeping everything in order. */
export function listenTo(feed: Feed): Heard {
  const events: FeedEvent[] = []
  const controller = new AbortController()
  let gate = Promise.withResolvers<void>()
  gate.resolve()
  const read = async () => {
    for await (const block of feed.open(controller.signal)) {
      events.push(...block)
      await gate.promise
    }
  }
  const done = read()
  done.catch(() => undefined) // a test that expects a failure awaits `done`
  return {
    events,
    done,
    stop: () => controller.abort(),
    said: (kind) =>
      events.flatMap((event) =>
        event.kind === 'session' && event.event.kind === kind ? [event.event] : [],
      ),
    records: () => events.flatMap(textsOf),
    hold: (held) => {
      if (held) gate = Promise.withResolvers()
      else gate.resolve()
    },
  }
}

const textsOf = (event: FeedEvent): string[] => {
  if (event.kind !== 'records') return []
  const { records } = event
  return Array.from({ length: records.count }, (_, i) =>
    Buffer.from(recordBytes(records, i)).toString(),
  )
}

export const trade = (symbol: string, i: number): string =>
  `{"c":["1"], "p":${100 + i}.50,"s":"${symbol}","t":${1_795_446_000_000 + i},"v":${i}}`

/** The promises of the feed port, for any adapter. */
export function feedSuite(name: string, open: OpenFeed): void {
  const connected = async (conditions: FeedConditions) => {
    const world = await open(conditions)
    const heard = listenTo(world.feed)
    await until(() => world.subscribed().length > 0)
    return { world, heard }
  }

  test(`${name}: begins with the lease, then the connection, then what it asked for`, async () => {
    const { world, heard } = await connected({ symbols: ['AAPL', 'BRK.B'] })
    await using _ = world
    await until(() => heard.said('subscribed').length === 1)
    const kinds = heard.events.map((event) => event.kind === 'session' && event.event.kind)
    assert.deepEqual(kinds, ['lease_taken', 'opened', 'subscribed'])
    assert.deepEqual(heard.said('subscribed')[0]?.symbols, ['AAPL', 'BRK.B'])
    heard.stop()
    await heard.done
  })

  test(`${name}: yields every object as it was sent, in order, with its symbol and the time it came`, async () => {
    const { world, heard } = await connected({ symbols: ['AAPL', 'IC MARKETS:1'] })
    await using _ = world
    const sent = [trade('AAPL', 1), trade('IC MARKETS:1', 2), '{"s":"AAPL","p":"nonsense"}']
    await world.send(sent)
    await until(() => heard.records().length === 3)
    assert.deepEqual(heard.records(), sent)
    const block = heard.events.find((event) => event.kind === 'records')
    assert.ok(block)
    const symbols = Array.from(block.records.key, (id) => block.records.keys[id])
    assert.deepEqual(symbols, ['AAPL', 'IC MARKETS:1', 'AAPL'])
    assert.deepEqual([...block.records.receivedMs], Array(3).fill(world.clock.now()))
    heard.stop()
    await heard.done
  })

  test(`${name}: says alive with the time of the last frame before it in the stream`, async () => {
    const { world, heard } = await connected({ symbols: ['AAPL'] })
    await using _ = world
    world.clock.advance(1_000)
    const cameMs = world.clock.now()
    await world.send([trade('AAPL', 1)])
    await until(() => heard.records().length === 1)
    world.clock.advance(4_000)
    await until(() => heard.said('alive').length === 1)
    assert.equal(heard.said('alive')[0]?.to, cameMs)
    assert.equal(heard.events.at(-1)?.kind, 'session')
    heard.stop()
    await heard.done
  })

  test(`${name}: connects again after the source went away, and asks for the same`, async () => {
    const { world, heard } = await connected({ symbols: ['AAPL', 'MSFT'] })
    await using _ = world
    const cameMs = world.clock.now()
    await world.send([trade('AAPL', 1)])
    await until(() => heard.records().length === 1)
    world.clock.advance(2_000)
    world.disconnect()
    await until(() => heard.said('closed').length === 1)
    assert.equal(heard.said('closed')[0]?.to, cameMs)
    assert.ok(heard.said('closed')[0]?.cause)
    await until(() => world.clock.sleeping().length > 0)
    world.clock.advance(120_000)
    await until(() => heard.said('subscribed').length === 2)
    assert.deepEqual(heard.said('subscribed')[1]?.symbols, ['AAPL', 'MSFT'])
    await until(() => world.subscribed().length === 2)
    await world.send([trade('MSFT', 2)])
    await until(() => heard.records().length === 2)
    heard.stop()
    await heard.done
  })

  test(`${name}: follows a changed list without a new connection`, async () => {
    const { world, heard } = await connected({ symbols: ['AAPL', 'MSFT'] })
    await using _ = world
    world.watch(['MSFT', 'TSLA'])
    await until(() => world.subscribed().includes('TSLA') && world.subscribed().length === 2)
    await until(() => heard.said('subscribed').length === 2)
    assert.deepEqual(heard.said('unsubscribed')[0]?.symbols, ['AAPL'])
    assert.deepEqual(heard.said('subscribed')[1]?.symbols, ['TSLA'])
    assert.equal(heard.said('opened').length, 1)
    heard.stop()
    await heard.done
  })

  test(`${name}: refuses by itself what is over the cap, and takes it when there is room`, async () => {
    const { world, heard } = await connected({ symbols: ['A', 'B', 'C'], symbolsMax: 2 })
    await using _ = world
    await until(() => heard.said('refused').length === 1)
    assert.deepEqual(heard.said('refused')[0]?.symbols, ['C'])
    world.watch(['A', 'C'])
    await until(() => heard.said('subscribed').length === 2)
    assert.deepEqual(heard.said('subscribed')[1]?.symbols, ['C'])
    heard.stop()
    await heard.done
  })

  test(`${name}: ends with closed when it is stopped, after everything that waits`, async () => {
    const { world, heard } = await connected({ symbols: ['AAPL'] })
    await using _ = world
    heard.hold(true)
    await world.send([trade('AAPL', 1)])
    await world.send([trade('AAPL', 2)])
    await world.send([trade('AAPL', 3)])
    await until(() => heard.records().length > 0)
    heard.stop()
    await until(() => world.subscribed().length === 0)
    heard.hold(false)
    await heard.done
    assert.equal(heard.records().length, 3)
    const last = heard.events.at(-1)
    assert.ok(last?.kind === 'session')
    assert.equal(last.event.kind, 'closed')
    assert.equal(last.event.cause, 'stopped')
  })

  test(`${name}: does not lose messages when the reader applies back pressure below the bound`, async () => {
    const { world, heard } = await connected({ symbols: ['AAPL'], queueBytesMax: 1_000_000 })
    await using _ = world
    heard.hold(true)
    const sent = Array.from({ length: 300 }, (_, i) => trade('AAPL', i))
    for (let i = 0; i < sent.length; i += 10) await world.send(sent.slice(i, i + 10))
    await until(() => heard.records().length > 0)
    heard.hold(false)
    await until(() => heard.records().length === 300)
    assert.deepEqual(heard.records(), sent)
    assert.deepEqual(heard.said('dropped'), [])
    heard.stop()
    await heard.done
  })

  test(`${name}: drops whole frames when the reader is too slow, and says so once`, async () => {
    const { world, heard } = await connected({ symbols: ['AAPL'], queueBytesMax: 8_000 })
    await using _ = world
    heard.hold(true)
    const sent = Array.from({ length: 400 }, (_, i) => trade('AAPL', i))
    const startMs = world.clock.now()
    await world.send(sent.slice(0, 1)) // taken at once; the reader then stands
    await until(() => heard.records().length === 1)
    for (let i = 1; i < sent.length; i += 3) {
      await world.send(sent.slice(i, i + 3))
      await new Promise((resolve) => setImmediate(resolve))
    }
    await new Promise((resolve) => setTimeout(resolve, 50)) // the socket is read to its end
    heard.hold(false)
    await until(() => heard.events.length > 10)
    world.clock.advance(5_000)
    await until(() => heard.said('dropped').length === 1)
    await world.send([trade('AAPL', 999)])
    await until(() => heard.records().at(-1) === trade('AAPL', 999))
    const kept = heard.records().slice(0, -1)
    assert.deepEqual(kept, sent.slice(0, kept.length))
    assert.ok(kept.length < 400 && kept.length % 3 === 1)
    const [dropped, ...more] = heard.said('dropped')
    assert.deepEqual(more, [])
    assert.equal(dropped?.cause, 'tape slow')
    assert.equal(dropped?.from, startMs)
    assert.ok((dropped?.to ?? 0) > startMs)
    heard.stop()
    await heard.done
  })

  test(`${name}: without the lease it writes nothing of what waited, and says what is missing`, async () => {
    const { world, heard } = await connected({ symbols: ['AAPL'] })
    await using _ = world
    heard.hold(true)
    await world.send([trade('AAPL', 1)])
    await until(() => heard.records().length === 1)
    const waitedMs = world.clock.now()
    await world.send([trade('AAPL', 2)])
    await new Promise((resolve) => setTimeout(resolve, 30))
    world.lose()
    await until(() => world.subscribed().length === 0)
    heard.hold(false)
    await heard.done
    assert.equal(heard.records().length, 1)
    const tail = heard.events.slice(-3).map((event) => event.kind === 'session' && event.event.kind)
    assert.deepEqual(tail, ['dropped', 'closed', 'lease_lost'])
    assert.equal(heard.said('dropped')[0]?.from, waitedMs)
  })

  test(`${name}: every event names the recorder, its epoch and the source`, async () => {
    const { world, heard } = await connected({ symbols: ['AAPL'] })
    await using _ = world
    world.disconnect()
    await until(() => heard.said('closed').length === 1)
    heard.stop()
    await heard.done
    for (const event of heard.events) {
      assert.ok(event.kind === 'session')
      const { recorder, epoch, source } = event.event
      assert.deepEqual({ recorder, epoch, source }, world.expected)
    }
  })
}
