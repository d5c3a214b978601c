import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { seededRandom } from '../flow/random.ts'
import type { FeedEvent, SessionEvent } from '../market/feed-events.ts'
import { createFrameSplitter } from './finnhub-frames.ts'
import { createMark } from './redelivery.ts'

/** A frame: when it arrived, in ms, and its trades as JSON. */
type Arrival = readonly [number, readonly string[]]

const START_MS = Date.UTC(2026, 7, 28, 14)
const encoder = new TextEncoder()

/** A trade that differs from all others by its price. */
const trade = (n: number, { v = 100, c = '["1"]' } = {}) =>
  `{"c":${c},"p":${100 + n / 100},"s":"AAPL","t":${START_MS},"v":${v}}`
const trades = (first: number, next: number) =>
  Array.from({ length: next - first }, (_, i) => trade(first + i))

const opened: FeedEvent = {
  kind: 'session',
  event: { kind: 'opened', at: START_MS } as SessionEvent,
}

/** What the mark makes of events: for each frame its flags, for each session event its kind. */
async function marks(input: readonly (Arrival | FeedEvent)[]): Promise<string[]> {
  const split = createFrameSplitter()
  const events = input.map((item): FeedEvent => {
    if ('kind' in item) return item
    const [at, texts] = item
    const bytes = encoder.encode(`{"data":[${texts.join(',')}],"type":"trade"}`)
    const frame = split(bytes, START_MS + at)
    assert.ok(frame.kind === 'trades')
    return { kind: 'records', records: frame.records }
  })
  const out: string[] = []
  const source = async function* () {
    for (const event of events) yield [event]
  }
  for await (const batch of createMark()(source()))
    for (const event of batch)
      out.push(event.kind === 'session' ? event.event.kind : event.records.redelivered.join(''))
  return out
}

/** A frame a second, each of one new trade sent `times` times: trades [first, next). */
const repeated = (first: number, next: number, times: number): Arrival[] =>
  Array.from({ length: next - first }, (_, i) => [
    (first + i) * 1000,
    Array<string>(times).fill(trade(first + i)),
  ])

test('marks the copies of a doubled session once twenty trades and ten keys are known', async () => {
  const flags = await marks([opened, ...repeated(0, 14, 2)])
  assert.deepEqual(flags, [
    'opened',
    ...Array<string>(10).fill('00'),
    ...Array<string>(4).fill('01'),
  ])
})

test('marks two of three in a session that sends each trade three times', async () => {
  const flags = await marks(repeated(0, 13, 3))
  assert.deepEqual(flags, [...Array<string>(10).fill('000'), ...Array<string>(3).fill('011')])
})

test('marks copies that come in later frames and among other trades', async () => {
  const flags = await marks([
    ...repeated(0, 10, 2),
    [20_000, [trade(50), trade(51)]],
    [20_060, [trade(52), trade(50)]],
    [20_100, [trade(51), trade(52)]],
  ])
  assert.deepEqual(flags.slice(10), ['00', '01', '11'])
})

test('of n equals in one frame the first half stays, for a real trade may equal another', async () => {
  const twins = [trade(50), trade(50), trade(51), trade(50), trade(50), trade(51)]
  const flags = await marks([...repeated(0, 10, 2), [20_000, twins]])
  assert.equal(flags[10], '000111')
})

test('of equals spread over frames half stays at every moment, rounded up', async () => {
  const flags = await marks([
    ...repeated(0, 10, 2),
    [20_000, [trade(50), trade(50)]],
    [20_090, [trade(50), trade(50)]],
    [20_095, [trade(50)]],
  ])
  assert.deepEqual(flags.slice(10), ['01', '01', '0'])
})

test('an equal that comes more than 250 ms after the first is a new trade', async () => {
  const flags = await marks([
    ...repeated(0, 10, 2),
    [20_000, [trade(50)]],
    [20_250, [trade(50)]],
    [20_251, [trade(50)]],
    [20_501, [trade(50)]],
  ])
  assert.deepEqual(flags.slice(10), ['0', '1', '0', '1'])
})

test('trades that differ in volume or conditions alone are no copies', async () => {
  const flags = await marks([
    ...repeated(0, 10, 2),
    [
      20_000,
      [trade(50), trade(50, { v: 101 }), trade(50, { c: 'null' }), trade(50, { c: '["1","8"]' })],
    ],
  ])
  assert.equal(flags[10], '0000')
})

test('a copy may be written with another order of its members', async () => {
  const other = `{"t":${START_MS},"p":100.50,"v":1e2,"c":["1"],"s":"AAPL"}`
  const flags = await marks([...repeated(0, 10, 2), [20_000, [trade(50), other]]])
  assert.equal(flags[10], '01')
})

test('a copy may be written in a way that only JSON.parse reads, in a frame of its own', async () => {
  const other = `{"t":${START_MS},"p":100.50,"v":1e2,"c":["\\u0031"],"s":"\\u0041APL","x":0}`
  const unlike = other.replace('u0031', 'u0032')
  const flags = await marks([
    ...repeated(0, 10, 2),
    [20_000, [trade(50)]],
    [20_010, [unlike]],
    [20_020, [other]],
  ])
  assert.deepEqual(flags.slice(10), ['0', '0', '1'])
})

test('copies are found however many frames, of however many symbols, came before', async () => {
  const symbol = (n: number) => trade(50).replace('AAPL', `S${n}`)
  const many: Arrival[] = Array.from({ length: 50 }, (_, i) => [
    10_000 + i,
    Array.from({ length: 1500 }, (_, j) => symbol(i * 1500 + j)).flatMap((one) => [one, one]),
  ])
  const flags = await marks([
    ...repeated(0, 10, 2),
    ...many,
    [20_000, [trade(50)]],
    [20_010, [trade(50)]],
  ])
  assert.deepEqual(new Set(flags.slice(10, 59)), new Set(['01'.repeat(1500)]))
  assert.deepEqual(flags.slice(-2), ['0', '1'])
})

test('a burst of equal trades is no evidence, however long', async () => {
  const burst = Array<string>(30).fill(trade(7))
  const flags = await marks([
    [0, burst],
    [1000, burst],
    [2000, burst],
    [3000, [trade(8), trade(8)]],
  ])
  assert.deepEqual(new Set(flags.join('')), new Set('0'))
})

test('one repeated key in ten too few is no evidence', async () => {
  const singles: Arrival[] = [
    [100_000, [trade(90)]],
    [101_000, [trade(91)]],
  ]
  const flags = await marks([...singles, ...repeated(102, 118, 2)]) // at most 16 of 18 keys
  assert.deepEqual(new Set(flags.join('')), new Set('0'))
})

test('stops to mark when the feed no longer repeats itself', async () => {
  const flags = await marks([
    ...repeated(0, 20, 2),
    ...repeated(20, 80, 1),
    [81_000, [trade(50), trade(50)]],
  ])
  assert.deepEqual(flags.slice(10, 20), Array<string>(10).fill('01'))
  assert.equal(flags.at(-1), '00')
})

test('a new connection starts without evidence', async () => {
  const flags = await marks([...repeated(0, 12, 2), opened, ...repeated(12, 14, 2)])
  assert.deepEqual(flags.slice(10), ['01', '01', 'opened', '00', '00'])
})

test('evidence comes through at rates where hundreds of copies are on their way', async () => {
  const frames: Arrival[] = []
  for (let ms = 0; ms < 2000; ms += 10) {
    const fresh = trades(ms * 10, ms * 10 + 40)
    const late = ms < 100 ? [] : trades((ms - 100) * 10, (ms - 100) * 10 + 40)
    frames.push([ms, [...fresh, ...late]])
  }
  const flags = await marks(frames)
  for (const [i, flag] of flags.entries()) {
    const copies = i < 10 ? 0 : 40
    const isKnown = i * 10 > 250 // the first keys are settled, each with its copy
    assert.equal(flag, '0'.repeat(40) + (isKnown ? '1' : '0').repeat(copies), `frame ${i}`)
  }
})

test('a clock that is set back ends no evidence and keeps no group open', async () => {
  const flags = await marks([
    ...repeated(0, 12, 2),
    [12_000, [trade(50)]],
    [-3_600_000, [trade(50)]],
    [-3_598_000, [trade(51), trade(51)]],
  ])
  assert.deepEqual(flags.slice(10), ['01', '01', '0', '0', '01'])
})

test('records that are no trades are never marked, nor are they evidence', async () => {
  const junk = '{"s":"AAPL"}'
  const alone = await marks(Array.from({ length: 30 }, (_, i): Arrival => [i * 1000, [junk, junk]]))
  assert.deepEqual(new Set(alone), new Set(['00']))
  const among = await marks([...repeated(0, 10, 2), [20_000, [junk, trade(50), trade(50), junk]]])
  assert.equal(among[10], '0010')
})

test('drops nothing and leaves what it does not mark as it was', async () => {
  const split = createFrameSplitter()
  const random = seededRandom(11)
  const blocks = Array.from({ length: 60 }, (_, i) => {
    const text = trades(i, i + 1 + random.integer(3))
      .flatMap((one) => [one, one])
      .join(',')
    const frame = split(encoder.encode(`{"data":[${text}],"type":"trade"}`), START_MS + i * 300)
    assert.ok(frame.kind === 'trades')
    return { kind: 'records' as const, records: frame.records }
  })
  const source = async function* () {
    yield blocks
  }
  for await (const events of createMark()(source()))
    for (const [i, event] of events.entries()) {
      assert.ok(event.kind === 'records')
      assert.deepEqual(
        { ...event.records, redelivered: null },
        { ...blocks[i]?.records, redelivered: null },
      )
      assert.ok(
        blocks[i]?.records.redelivered.every((flag) => flag === 0),
        'the input is untouched',
      )
    }
})

test('a session like the recorded one: what is known before a frame arrives decides on its copies', async () => {
  // pairs and singles mixed, in one frame or 20–100 ms apart, one real pair of twins: 54 trades, 27 real
  const one = (n: number) => [trade(n), trade(n)]
  const [head, tail] = [trades(20, 25), trades(25, 30)]
  const session: Arrival[] = [
    [431, [trade(1), trade(2), trade(1), trade(2)]],
    [10_436, one(3)],
    [13_709, [trade(4), trade(5), trade(4), trade(5)]],
    [
      18_560,
      [...one(6), ...head, trade(31), trade(31), ...tail, ...head, ...tail, trade(31), trade(31)],
    ],
    [18_570, [...one(7), ...one(8)]],
    [20_977, [trade(9)]],
    [20_995, [trade(9)]],
    [24_236, [trade(10)]],
    [24_332, [trade(10)]],
    [25_163, [trade(11), trade(12), trade(12), trade(11)]],
    [25_864, [trade(13), trade(13), trade(14)]],
    [25_920, [trade(13), trade(13), trade(14)]],
  ]
  // up to 18.57 s 10 trades are known, so its 40 trades and those before stay unmarked; from 18.82 s on
  // every key has come an even number of times, and of 14 trades 7 are copies
  const flags = await marks([opened, ...session])
  assert.equal(flags.slice(1).join('').length, 54)
  assert.deepEqual(flags.slice(6), ['0', '1', '0', '1', '0011', '010', '011'])
  assert.equal(flags.slice(1, 6).join(''), '0'.repeat(40))
})

const marketData = new URL('../../../shared/market-data/', import.meta.url)
const absent = existsSync(marketData) ? false : 'no ../shared/market-data on this machine'

test(
  'in the recorded doubled session all copies after the evidence are marked',
  { skip: absent },
  async () => {
    const file = new URL('finnhub-frames/aapl-2026-08-28-recorded.ndjson', marketData)
    type Line = { at: number; frame: { data?: unknown[] } }
    const session = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Line)
      .flatMap(({ at, frame: { data } }): Arrival[] =>
        data === undefined ? [] : [[at * 1000, data.map((each) => JSON.stringify(each))]],
      )
    const flags = await marks([opened, ...session])
    // four frames of 40 trades before the evidence, then 7 trades twice: 47 rows stay in the view of trades
    assert.deepEqual(
      flags.slice(1).map((flag) => flag.length),
      [4, 2, 4, 30, 1, 1, 1, 1, 4, 3, 3],
    )
    assert.deepEqual(flags.slice(5), ['0', '1', '0', '1', '0011', '010', '011'])
    assert.equal(flags.slice(1, 5).join(''), '0'.repeat(40))
  },
)

/** Two real days of one US stock, in which nothing is sent twice, as trades with their arrival. */
function taqTrades(): { at: number; text: string }[] {
  const file = new URL('us-equities-taq-2018/sampleTDataRaw.csv.gz', marketData)
  const lines = gunzipSync(readFileSync(file)).toString().trim().split('\n').slice(1)
  return lines.map((line) => {
    const [seconds, , , letters = '', size, price] = line.split(',')
    const t = Math.round(Number(seconds) * 1000)
    const c = JSON.stringify(Array.from(letters))
    return { at: t - START_MS, text: `{"c":${c},"p":${price},"s":"XXX","t":${t},"v":${size}}` }
  })
}

for (const windowMs of [0, 100])
  test(
    `no trade of two real days is marked, in frames of ${windowMs} ms`,
    { skip: absent },
    async () => {
      const frames: [number, string[]][] = []
      let closes = -Infinity
      for (const { at, text } of taqTrades()) {
        const last = frames.at(-1)?.[1]
        if (at <= closes && last !== undefined && last.length < 29) last.push(text)
        else {
          closes = at + windowMs
          frames.push([closes, [text]])
        }
      }
      const flags = (await marks(frames)).join('')
      assert.equal(flags.length, 77_263)
      assert.ok(!flags.includes('1'))
      const doubled = (await marks(frames.map(([at, texts]) => [at, [...texts, ...texts]]))).join(
        '',
      )
      const unmarked = doubled.replaceAll('1', '').length - 77_263
      assert.ok(
        unmarked <= 40,
        `of the same days, each frame sent twice, ${unmarked} copies are unmarked`,
      )
    },
  )
