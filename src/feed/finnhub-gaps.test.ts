import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listenTo, trade } from '../../test/conformance/feed.ts'
import { steppedClock, until } from '../../test/fixtures/stepped-clock.ts'
import { silent } from '../flow/log.ts'
import { seededRandom } from '../flow/random.ts'
import { gaps } from '../market/coverage.ts'
import { startReplay } from '../replay/serve-replay.ts'
import { finnhubFeed, type FeedLimits } from './finnhub.ts'
import { fixedWatchlist } from './watchlist.ts'

const nothing = { async *[Symbol.asyncIterator]() {} }
const START_MS = Date.UTC(2026, 10, 23, 15)

/** A feed that is subscribed at a real server; the clock is the test's, and moves by `tickMs` at each look. */
async function recording({ tickMs = 0, symbols = ['AAPL'], limits = {} }: Conditions = {}) {
  const stepped = steppedClock(START_MS)
  let lookedMs = 0
  let frames = 0
  const clock = { ...stepped, now: () => stepped.now() + (lookedMs += tickMs) }
  const replay = await startReplay({ source: nothing, date: false })
  const heard = listenTo(
    finnhubFeed({
      recorder: 'r1',
      epoch: 1,
      source: 'test',
      url: replay.url,
      token: null,
      watchlist: fixedWatchlist(symbols),
      lost: new AbortController().signal,
      clock,
      random: seededRandom(1),
      log: silent,
      metrics: {
        add: (name) => (frames += name === 'ticklake_frames_received_total' ? 1 : 0),
        set: () => undefined,
      },
      limits,
    }),
  )
  const log = () => heard.events.flatMap((one) => (one.kind === 'session' ? [one.event] : []))
  // Said here is not yet heard there: a frame that the server sends before has nobody to go to.
  await until(() => heard.said('subscribed').length === 1 && replay.subscribed().length > 0)
  return {
    heard,
    replay,
    frames: () => frames,
    /** Seconds pass, one by one, so that each beat is said at its time. */
    wait: async (seconds: number) => {
      for (let i = 0; i < seconds; i++) {
        stepped.advance(1000)
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
    /** The gaps so far, times in seconds since the start. */
    seen: () =>
      gaps(log(), clock.now()).map(({ symbol, from, to, cause, open }) => {
        const [first, next] = [from, to].map((ms) => Math.round((ms - START_MS) / 100) / 10)
        return `${symbol ?? '*'} ${first}-${open ? '' : next} ${cause}`
      }),
    [Symbol.asyncDispose]: async () => {
      heard.stop()
      await heard.done
      await replay[Symbol.asyncDispose]()
    },
  }
}
type Conditions = {
  readonly tickMs?: number
  readonly symbols?: readonly string[]
  readonly limits?: Partial<FeedLimits>
}

const PING = '{"type":"ping"}'

test('an outage is one gap, however long it takes to say what is subscribed', async () => {
  const conditions = { tickMs: 100, symbols: ['A', 'B', 'C'], limits: { symbolsMax: 2 } }
  await using world = await recording(conditions)
  await until(() => world.heard.said('refused').length === 1)
  assert.deepEqual(
    world.seen().map((gap) => gap.replace(/ [\d.]+-[\d.]*/, '')),
    ['* not connected', 'C over the cap of 2 symbols'],
  )
})

test('minutes with nothing but pings are no gap', async () => {
  await using world = await recording()
  for (let minute = 1; minute <= 3; minute++) {
    await world.replay.send(PING)
    await until(() => world.frames() === minute)
    await world.wait(60)
    assert.deepEqual(world.seen(), [])
  }
})

test('a silent stall is one gap from the last frame to the next connection', async () => {
  await using world = await recording()
  await world.wait(10)
  await world.replay.send(`{"type":"trade","data":[${trade('AAPL', 1)}]}`)
  await until(() => world.heard.records().length === 1)
  world.replay.stall()
  await world.wait(154)
  await until(() => world.heard.said('closed').length === 1)
  await world.wait(3)
  await until(() => world.heard.said('subscribed').length === 2)
  const [stall] = world.seen()
  assert.match(stall ?? '', /^\* 10-16\d stalled$/)
  assert.equal(world.seen().filter((gap) => gap.includes('stalled')).length, 1)
})
