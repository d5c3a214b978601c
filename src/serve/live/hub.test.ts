import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { describe, test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { openSmallLake, tradeText } from '../../../test/fixtures/small-lake.ts'
import { steppedClock, until } from '../../../test/fixtures/stepped-clock.ts'
import { createTradeDecoder } from '../../feed/finnhub-trades.ts'
import { silent } from '../../flow/log.ts'
import type { Offset, Partition } from '../../market/records.ts'
import type { Told } from '../contract/live.ts'
import type { Status } from '../contract/status.ts'
import { createRegistry } from '../metrics.ts'
import { createHub } from './hub.ts'

const STATUS: Status = {
  version: '0.0.0',
  source: 'simulator',
  simulated: true,
  zone: 'UTC',
  as_of: '2026-11-20T15:00:00.000Z',
  state: { name: 'Simulated', sentence: 'These are simulated trades.' },
  landing_stopped: null,
  feed: {
    connected: true,
    symbols: 1,
    trades_per_second: 1,
    latency_ms: null,
    last_trade_at: null,
  },
  tape: { records: 0, buffer_fill: null, append_ms: null, dropped_today: 0, marked_today: 0 },
  lake: { lag_records: null, lag_seconds: null, last_commit: null },
  query: { running: 0, millis: null },
  gaps_today: { count: 0, seconds: 0, latest: [] },
  parts: [],
}

/** A hub over a small lake's tape, behind a real socket; its clock goes on when a test says so. */
async function openWorld() {
  await using opening = new AsyncDisposableStack()
  const small = opening.use(await openSmallLake())
  const query = opening.use(await small.openQuery())
  const clock = steppedClock()
  const registry = createRegistry()
  let status = STATUS
  const hub = opening.use(
    createHub({
      clock,
      decode: createTradeDecoder(),
      market: async () => query,
      status: async () => status,
      metrics: registry,
      log: silent,
    }),
  )
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', maxPayload: 65_536 })
  opening.defer(() => {
    for (const one of server.clients) one.terminate()
    server.close()
  })
  server.on('connection', hub.connect)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const from = new Map<Partition, Offset>()
  let sent = 0
  const closing = opening.move()
  return {
    clock,
    hub,
    small,
    server,
    connect: async () => {
      const page = await openPage(`ws://127.0.0.1:${port}/`)
      closing.defer(() => page.socket.terminate())
      return page
    },
    setStatus: (next: Status) => void (status = next),
    sample: (name: string) => registry.samples().find((one) => one.name === name)?.value,
    /** Trades, recorded and told to the hub. */
    trade: async (count: number, symbol = 'AAPL') => {
      const t = clock.now()
      await small.append(
        Array.from({ length: count }, () => tradeText({ s: symbol, t, p: 1 + sent++ })),
        t,
      )
      const ends = [...(await small.tape.trades.bounds())].map(([p, { end }]) => [p, end] as const)
      const { signal } = new AbortController()
      for await (const run of small.tape.trades.read(from, new Map(ends), signal)) {
        hub.takeTrades(run)
        from.set(run.partition, run.next)
      }
    },
    /** Some batches, each once the hub waits for it. */
    turn: async (batches = 1) => {
      for (let n = 0; n < batches; n++) {
        await until(() => clock.sleeping().includes(100))
        clock.advance(100)
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}

async function openPage(url: string) {
  const socket = new WebSocket(url)
  const all: Told[] = []
  let closed: { code: number; reason: string } | null = null
  socket.on('message', (bytes: Buffer) => all.push(JSON.parse(bytes.toString()) as Told))
  socket.on('close', (code, reason) => (closed = { code, reason: reason.toString() }))
  socket.on('error', () => undefined)
  await once(socket, 'open')
  const of = <K extends Told['kind']>(kind: K) =>
    all.filter((told): told is Extract<Told, { kind: K }> => told.kind === kind)
  return {
    socket,
    say: (asked: unknown) => socket.send(JSON.stringify(asked)),
    of,
    all,
    closed: () => closed,
    /** Stops reading, and reads on. */
    wire: () => (socket as unknown as { _socket: Socket })._socket,
  }
}

describe('the live stream', () => {
  test('tells a page the trades, bars and lines that it asked for, each trade once', async () => {
    await using world = await openWorld()
    await world.trade(3)
    const page = await world.connect()
    page.say({ kind: 'trades', symbol: 'AAPL' })
    page.say({ kind: 'bars', symbol: 'AAPL', interval: '1m' })
    page.say({ kind: 'list', symbols: ['AAPL', 'NONE'] })
    const ids = () => page.of('trades').flatMap(({ trades }) => trades.map(({ id }) => id))
    await until(() => {
      world.clock.advance(100)
      return (
        page.of('bars').length > 0 && page.of('trades').length > 0 && page.of('list').length > 0
      )
    })
    await world.trade(2)
    await world.trade(4, 'MSFT')
    await until(() => {
      world.clock.advance(100)
      const volume = page.of('list').at(-1)?.rows[0]?.trades
      return page.of('bars').at(-1)?.bars[0]?.trades === 5 && volume === 5 && ids().length >= 5
    })
    assert.deepEqual(ids(), ['0:0', '0:1', '0:2', '0:3', '0:4'])
    assert.deepEqual(
      page.of('bars').map(({ first }) => first),
      [
        true,
        ...page
          .of('bars')
          .slice(1)
          .map(() => false),
      ],
    )
    assert.equal(page.of('bars').at(-1)?.bars[0]?.close, 5)
    assert.deepEqual(
      world.hub.symbols().map(({ symbol }) => symbol),
      ['AAPL', 'MSFT'],
    )
  })

  test('tells what came last of all symbols at once, and counts what was too much to tell', async () => {
    await using world = await openWorld()
    await world.trade(500)
    const page = await world.connect()
    page.say({ kind: 'trades', symbol: '' })
    await until(() => {
      world.clock.advance(100)
      return page.of('trades').length > 0
    })
    const [first] = page.of('trades')
    assert.deepEqual([first?.trades.length, first?.trades.at(-1)?.id], [100, '0:499'])
    await world.trade(450)
    await until(() => {
      world.clock.advance(100)
      return page.of('trades').length > 1
    })
    const [, next] = page.of('trades')
    assert.deepEqual(
      [next?.trades.length, next?.skipped, next?.trades.at(-1)?.id],
      [200, 250, '0:949'],
    )
  })

  test('tells nothing of what a page no longer asks for', async () => {
    await using world = await openWorld()
    const page = await world.connect()
    page.say({ kind: 'trades', symbol: '' })
    await until(() => {
      world.clock.advance(100)
      return page.of('trades').length === 1
    })
    page.say({ kind: 'trades', symbol: null })
    page.say({ kind: 'list', symbols: [] })
    await until(() => {
      world.clock.advance(100)
      return page.of('status').length > 3
    })
    await world.trade(1)
    const before = page.of('status').length
    await until(() => {
      world.clock.advance(100)
      return page.of('status').length > before + 2
    })
    assert.equal(page.of('trades').length, 1)
  })

  test('tells the status once a second, and at once when its state is another', async () => {
    await using world = await openWorld()
    const page = await world.connect()
    await until(() => {
      world.clock.advance(100)
      return page.of('status').length > 0
    })
    world.setStatus({ ...STATUS, state: { name: 'Stale', sentence: 'No trade came.' } })
    await until(() => {
      world.clock.advance(100)
      return page.of('status').at(-1)?.status.state.name === 'Stale'
    })
  })

  test('closes on a page whose message it does not know, with the reason', async () => {
    await using world = await openWorld()
    for (const [said, why] of [
      ['no JSON', /no message that the stream knows/],
      ['{"kind":"orders"}', /kind/],
      ['{"kind":"bars","symbol":"AAPL","interval":"5x"}', /interval: write a number/],
      ['{"kind":"trades","symbol":"A\\u0000"}', /NUL/],
      [`{"kind":"list","symbols":["${'x'.repeat(300)}"]}`, /symbols\.0/],
    ] as const) {
      const page = await world.connect()
      page.socket.send(said)
      await until(() => page.closed() !== null)
      assert.equal(page.closed()?.code, 1008)
      assert.match(page.closed()?.reason ?? '', why)
    }
    await until(() => world.sample('ticklake_page_clients') === 0)
  })

  test('sends a page that does not read only so much, and the newest state once it reads on', async () => {
    await using world = await openWorld()
    await world.trade(1)
    const page = await world.connect()
    page.say({ kind: 'trades', symbol: '' })
    page.say({ kind: 'bars', symbol: 'AAPL', interval: '1s' })
    await until(() => {
      world.clock.advance(100)
      return page.of('bars').length > 0
    })
    page.wire().pause()
    const [server] = world.server.clients
    // What the system buffers for both ends is full some day.
    for (let n = 0; n < 3000 && world.sample('ticklake_page_batches_dropped_total') === 0; n++) {
      await world.trade(200)
      await world.turn()
    }
    const unread = server?.bufferedAmount ?? 0
    await world.trade(200)
    await world.turn(3)
    assert.ok(unread > 0 && (server?.bufferedAmount ?? 0) <= unread, 'more is sent all the same')
    page.wire().resume()
    await until(() => {
      world.clock.advance(100)
      return page.of('behind').length > 0
    })
    const at = page.all.findIndex(({ kind }) => kind === 'behind')
    await until(() => {
      world.clock.advance(100)
      return page.all.slice(at).some((told) => told.kind === 'bars' && told.first)
    })
    assert.ok((page.of('behind')[0]?.dropped ?? 0) > 0)
  })

  test('ends a page that reads nothing for a minute', async () => {
    await using world = await openWorld()
    const page = await world.connect()
    page.say({ kind: 'trades', symbol: '' })
    await until(() => {
      world.clock.advance(100)
      return page.of('trades').length > 0
    })
    page.wire().pause()
    for (let n = 0; n < 3000 && world.sample('ticklake_page_batches_dropped_total') === 0; n++) {
      await world.trade(200)
      await world.turn()
    }
    world.clock.advance(61_000)
    await until(() => {
      world.clock.advance(100)
      return world.sample('ticklake_page_clients_ended_total') === 1
    })
    await until(() => world.sample('ticklake_page_clients') === 0)
  })

  test('lets no more pages in than it can tell', async () => {
    await using world = await openWorld()
    const pages = await Promise.all(Array.from({ length: 200 }, () => world.connect()))
    await until(() => world.sample('ticklake_page_clients') === 200)
    const late = await world.connect()
    await until(() => late.closed() !== null)
    assert.equal(late.closed()?.code, 1013)
    pages[0]?.socket.terminate()
    await until(() => world.sample('ticklake_page_clients') === 199)
  })
})
