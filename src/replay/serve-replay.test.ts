import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { feedClient } from '../../test/fixtures/feed-client.ts'
import { steppedClock, until } from '../../test/fixtures/stepped-clock.ts'
import { isFault } from '../flow/fault.ts'
import { parseFaults } from './faults.ts'
import { recordedFrames } from './recording.ts'
import type { Faults, ReplayFault, ReplaySource } from './replay.ts'
import { startReplay, type ReplayOptions } from './serve-replay.ts'

const settleMs = 20
const text = (object: string, i = 0, symbol = 'AAPL') =>
  `{"type": "trade", "data": [{"t": ${1_795_446_000_000 + i}, "p": 1.50, "s": "${symbol}"${object}}]}`

const framesOf = (frames: readonly { at?: number | null; text: string }[]): ReplaySource => ({
  async *[Symbol.asyncIterator]() {
    for (const { at = null, text } of frames) yield { atMs: at, bytes: Buffer.from(text) }
  },
})
const some = (count: number) => Array.from({ length: count }, (_, i) => ({ text: text('', i) }))
const start = (options: Partial<ReplayOptions> = {}) =>
  startReplay({ source: framesOf(some(3)), settleMs, ...options })

const SESSION = [
  '{"at": 0, "dir": "send", "frame": {"type": "subscribe", "symbol": "AAPL"}}',
  '{"at": 0.431050042, "dir": "recv", "frame": {"type": "trade", "data": [{"t": 1787924136086, "p": 317.775, "v": 200, "c": ["1", "8"], "s": "AAPL"},  {"t": 1787924136086, "p": 317.7750, "v": 2e2, "c": ["1", "8"], "s": "AAPL"}]}}',
  '',
  '{"frame": {"type":"ping"}, "src": "with \\"frame\\": {} in it", "dir": "recv"}',
  '{"type":"trade","data":[{"s":"A\\u0041PL","p":1}],"frames":0}',
]
const SAID = [
  '{"type": "trade", "data": [{"t": 1787924136086, "p": 317.775, "v": 200, "c": ["1", "8"], "s": "AAPL"},  {"t": 1787924136086, "p": 317.7750, "v": 2e2, "c": ["1", "8"], "s": "AAPL"}]}',
  '{"type":"ping"}',
  '{"type":"trade","data":[{"s":"A\\u0041PL","p":1}],"frames":0}',
]

async function inFolder(act: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'ticklake-replay-'))
  try {
    await act(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

test('a recording goes out byte for byte, without what the client had sent', () =>
  inFolder(async (folder) => {
    const plain = join(folder, 'session.ndjson')
    const packed = join(folder, 'session.ndjson.gz')
    await writeFile(plain, SESSION.join('\r\n'))
    await writeFile(packed, gzipSync(`${SESSION.join('\n')}\n`))
    for (const path of [plain, packed]) {
      await using server = await start({ source: recordedFrames(path), speed: 'max' })
      await using client = await feedClient(server.url)
      client.subscribe('AAPL')
      await server.ended
      await until(() => client.frames.length === 3)
      assert.deepEqual(client.frames, SAID)
      assert.deepEqual(server.sent(), { frames: 3, trades: 3, faults: 0 })
    }
  }))

test('a line that is no frame is named with its file and number', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'broken.ndjson')
    for (const bad of ['{"at": 1, "frame": {"type":', '[1]', '{"at": "1", "frame": {}}']) {
      await writeFile(path, `${SESSION[1]}\n${bad}\n`)
      const read = async () => {
        for await (const frame of recordedFrames(path)) assert.ok(frame.bytes.length > 0)
      }
      await assert.rejects(read, (error) => {
        assert.ok(isFault(error, 'invalid'))
        assert.ok(error.message.includes(`${path}:2`), error.message)
        return true
      })
    }
    await assert.rejects(
      async () => {
        for await (const _ of recordedFrames(join(folder, 'absent'))) assert.fail()
      },
      (error) => isFault(error, 'invalid'),
    )
  }))

test('a client gets the trades of the symbols it asked for, each as it was', async () => {
  const mixed =
    '{"data": [ {"s":"A","p":1.0}, {"p":2,"s":"B","c":["}"]},{"s":"A","p":3} ],"type":"trade"}'
  await using server = await start({ source: framesOf([{ text: mixed }]), speed: 'max' })
  await using client = await feedClient(server.url)
  client.subscribe('A')
  await server.ended
  await until(() => client.frames.length === 1)
  assert.equal(client.frames[0], '{"data":[{"s":"A","p":1.0},{"s":"A","p":3}],"type":"trade"}')
  client.subscribe('B')
  client.say({ type: 'unsubscribe', symbol: 'A' })
  await until(() => server.subscribed().join() === 'B')
  await server.send(mixed)
  await until(() => client.frames.length === 2)
  assert.equal(client.frames[1], '{"data":[{"p":2,"s":"B","c":["}"]}],"type":"trade"}')
  assert.equal(server.sent().trades, 3)
})

test('one symbol over the cap gets the error that names none, and a malformed one is named', async () => {
  await using server = await start({ symbolsMax: 2, source: framesOf([]) })
  await using client = await feedClient(server.url)
  client.subscribe('A', 'B', 'C', '', 'no\nway')
  await until(() => client.frames.length === 3)
  assert.deepEqual(
    client.frames.map((frame) => (JSON.parse(frame) as { msg: string }).msg),
    ['Subscribing to too many symbols', 'Invalid symbol ', 'Invalid symbol no\nway'],
  )
  assert.deepEqual(server.subscribed(), ['A', 'B'])
})

test('a second connection with the same key drops both, one with another key none', async () => {
  await using server = await start()
  await using first = await feedClient(`${server.url}?token=a`)
  await using other = await feedClient(`${server.url}?token=b`)
  await using second = await feedClient(`${server.url}?token=a`)
  await until(() => first.status() === 'closed' && second.status() === 'closed')
  assert.equal(other.status(), 'open')
  assert.equal(server.connections(), 1)
  assert.equal(server.connectionsMax(), 3)
})

test('a wrong key is refused with 401 and the right one is let in, with a Date', async () => {
  const clock = steppedClock(Date.UTC(2026, 10, 23, 15))
  await using server = await start({ token: 'k+y', clock })
  await using wrong = await feedClient(`${server.url}?token=k`)
  await using right = await feedClient(`${server.url}?token=k%2By`)
  assert.equal(wrong.status(), 401)
  assert.equal(right.status(), 'open')
  assert.equal(right.date(), 'Mon, 23 Nov 2026 15:00:00 GMT')
})

test('frames keep their distances, divided by the speed, and a ping comes each minute', async () => {
  const clock = steppedClock()
  const source = framesOf([
    { at: 5_000, text: text('', 1) },
    { at: 65_000, text: text('', 2) },
    { at: 65_000, text: text('', 3) },
  ])
  await using server = await start({ source, clock, speed: 2 })
  await using client = await feedClient(server.url)
  client.subscribe('AAPL')
  await until(() => clock.sleeping().includes(settleMs))
  clock.advance(settleMs)
  await until(() => client.frames.length === 1)
  await until(() => clock.sleeping().includes(30_000))
  clock.advance(29_999)
  await new Promise((resolve) => setTimeout(resolve, 10))
  assert.equal(client.frames.length, 1)
  clock.advance(1)
  await until(() => client.frames.length === 3)
  clock.advance(30_000)
  await until(() => client.frames.length === 4)
  assert.equal(client.frames[3], '{"type":"ping"}')
})

test('a loop begins again, and each connection can have its own beginning', async () => {
  await using looping = await start({ loop: true, speed: 'max' })
  await using one = await feedClient(looping.url)
  one.subscribe('AAPL')
  await until(() => one.frames.length > 10)
  assert.deepEqual(one.frames.slice(3, 6), one.frames.slice(0, 3))

  await using each = await start({ fromStartOnConnect: true, speed: 'max' })
  for (let n = 0; n < 2; n++) {
    await using client = await feedClient(each.url)
    client.subscribe('AAPL')
    await until(() => client.frames.length === 3)
  }
})

test('at speed max a reader that stands still holds up the source, and loses nothing', async () => {
  let read = 0
  const padding = `,"c":["${'x'.repeat(10_000)}"]`
  const source: ReplaySource = {
    async *[Symbol.asyncIterator]() {
      for (; read < 3_000; read++)
        yield { atMs: null, bytes: Buffer.from(text(padding, read)), symbols: ['AAPL'], trades: 1 }
    },
  }
  await using server = await start({ source, speed: 'max' })
  await using client = await feedClient(server.url)
  client.subscribe('AAPL')
  await until(() => client.frames.length > 0)
  client.pause(true)
  let last = -1
  await until(() => last === read || ((last = read), false))
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.ok(read < 3_000, `${read} frames were read for nobody`)
  client.pause(false)
  await server.ended
  await until(() => client.frames.length === 3_000)
})

test('at speed max nothing is played to nobody', async () => {
  await using server = await start({ source: framesOf(some(5_000)), speed: 'max' })
  {
    await using first = await feedClient(server.url)
    first.subscribe('AAPL')
    await until(() => first.frames.length > 0)
  }
  await until(() => server.connections() === 0)
  await using second = await feedClient(server.url)
  second.subscribe('AAPL')
  await server.ended
  await until(() => second.frames.length > 0)
})

test('times are moved to now only when that is asked for', async () => {
  const clock = steppedClock()
  await using server = await start({ clock, rebase: true, speed: 'max' })
  await using client = await feedClient(server.url)
  client.subscribe('AAPL')
  await until(() => clock.sleeping().includes(settleMs))
  clock.advance(settleMs)
  await until(() => client.frames.length === 3)
  const times = client.frames.map(
    (frame) => (JSON.parse(frame) as { data: { t: number }[] }).data[0]?.t,
  )
  assert.deepEqual(
    times,
    [0, 1, 2].map((i) => clock.now() + i),
  )
})

const struck = async (kind: ReplayFault) => {
  const faults: Faults = { seed: 3, chances: { [kind]: 1 } }
  const server = await start({ faults, source: framesOf([]) })
  const client = await feedClient(server.url)
  client.subscribe('AAPL')
  await until(() => server.subscribed().length === 1)
  await server.send(text('', 1))
  return { server, client }
}

test('each fault does what it says', async () => {
  const whole = text('', 1)
  const expected: Partial<Record<ReplayFault, (frames: readonly string[]) => boolean>> = {
    duplicate: (frames) => frames.length === 2 && frames.every((frame) => frame === whole),
    garbage: (frames) => frames.length === 2 && frames[1] === whole && frames[0] !== whole,
    half: (frames) => frames[0] !== undefined && frames[0] !== whole && whole.startsWith(frames[0]),
    big: (frames) => frames[0]?.length === 20 * 1024 * 1024 && frames[1] === whole,
  }
  for (const [kind, holds] of Object.entries(expected)) {
    const { server, client } = await struck(kind as ReplayFault)
    await until(() => holds(client.frames))
    await client[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  }
  for (const kind of ['drop', 'stall'] as const) {
    const { server, client } = await struck(kind)
    await server.send('{"type":"ping"}')
    assert.deepEqual([client.status(), client.frames], ['open', []])
    assert.equal(server.sent().trades, 0)
    await client[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  }
  for (const kind of ['close', 'cut', '429'] as const) {
    const { server, client } = await struck(kind)
    await until(() => client.status() === 'closed')
    assert.equal(client.code(), kind === 'cut' ? 1006 : 1001)
    assert.deepEqual(client.frames, [])
    await using next = await feedClient(server.url)
    assert.equal(next.status(), kind === '429' ? 429 : 'open')
    await client[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  }
})

test('the same seed strikes the same frames', async () => {
  const run = async (seed: number) => {
    const faults = parseFaults(`drop=0.2,duplicate=0.1,seed=${seed}`)
    await using server = await start({ source: framesOf(some(200)), speed: 'max', faults })
    await using client = await feedClient(server.url)
    client.subscribe('AAPL')
    await server.ended
    await until(() => client.frames.length === server.sent().frames)
    return client.frames.join('\n')
  }
  const [first, again, other] = [await run(1), await run(1), await run(2)]
  assert.equal(first, again)
  assert.notEqual(first, other)
})

test('a list of faults with a word that is none is refused with the words that are', () => {
  assert.deepEqual(parseFaults('drop=0.5, close ,429=1,seed=9'), {
    seed: 9,
    chances: { drop: 0.5, close: 0.001, '429': 1 },
  })
  for (const bad of ['dorp', 'drop=2', 'drop=x', 'seed'])
    assert.throws(
      () => parseFaults(bad),
      (error) => isFault(error, 'invalid') && error.remedy.includes('garbage'),
    )
})

test('a port that is taken, and a speed that plays nothing, are refused with a remedy', async () => {
  await using server = await start()
  await assert.rejects(
    () => start({ port: server.port }),
    (error) => isFault(error, 'unavailable') && error.message.includes(String(server.port)),
  )
  await assert.rejects(
    () => start({ speed: 0 }),
    (error) => isFault(error, 'invalid'),
  )
})

test('a reader that goes away while it stands still holds up nobody', async () => {
  const padding = `,"c":["${'x'.repeat(100_000)}"]`
  const frames = Array.from({ length: 300 }, (_, i) => ({ text: text(padding, i) }))
  await using server = await start({ source: framesOf(frames), speed: 100 })
  await using client = await feedClient(server.url)
  client.subscribe('AAPL')
  await until(() => client.frames.length > 0)
  client.pause(true)
  await new Promise((resolve) => setTimeout(resolve, 50))
  server.disconnect('cut')
  await server.ended
})
