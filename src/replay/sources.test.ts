import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { listenTo } from '../../test/conformance/feed.ts'
import { until } from '../../test/fixtures/stepped-clock.ts'
import { finnhubFeed } from '../feed/finnhub.ts'
import { createFrameSplitter } from '../feed/finnhub-frames.ts'
import { fixedWatchlist } from '../feed/watchlist.ts'
import { systemClock } from '../flow/clock.ts'
import { silent } from '../flow/log.ts'
import { noMetrics } from '../flow/metrics.ts'
import { seededRandom } from '../flow/random.ts'
import type { FeedEvent } from '../market/feed-events.ts'
import { memoryMedium, memoryTape } from '../tape/memory-tape.ts'
import { tradeText, type ReplayTrade } from './frame.ts'
import { recordedFrames } from './recording.ts'
import type { ReplayFrame, ReplaySource } from './replay.ts'
import { startReplay } from './serve-replay.ts'
import { simulateTrades } from './simulator.ts'
import { tapeFrames } from './tape-source.ts'
import { tradeFrames } from './trades-source.ts'

const RECORDED = '../shared/market-data/finnhub-frames'
const absent = existsSync(RECORDED) ? false : `${RECORDED} is absent`

const textOf = ({ bytes }: ReplayFrame) => Buffer.from(bytes).toString()
const all = async (source: ReplaySource): Promise<readonly ReplayFrame[]> => {
  const frames: ReplayFrame[] = []
  for await (const frame of source) frames.push(frame)
  return frames
}

function blocksOf(frames: readonly { atMs: number; text: string }[]): readonly FeedEvent[] {
  const split = createFrameSplitter()
  return frames.flatMap(({ atMs, text }): FeedEvent[] => {
    const frame = split(Buffer.from(text), atMs)
    return frame.kind === 'trades' ? [{ kind: 'records', records: frame.records }] : []
  })
}

/** What a real feed hears of a source that is served at full speed. */
async function heardOf(
  source: ReplaySource,
  symbols: readonly string[],
): Promise<readonly string[]> {
  await using server = await startReplay({ source, speed: 'max', settleMs: 20 })
  const heard = listenTo(
    finnhubFeed({
      url: server.url,
      token: null,
      watchlist: fixedWatchlist(symbols),
      source: 'replay',
      recorder: 'r',
      epoch: 1,
      lost: new AbortController().signal,
      clock: systemClock,
      random: seededRandom(1),
      log: silent,
      metrics: noMetrics,
    }),
  )
  await server.ended
  await until(() => heard.records().length >= server.sent().trades)
  heard.stop()
  await heard.done
  assert.deepEqual(heard.said('dropped'), [])
  return heard.records()
}

test('a tape goes out verbatim, in the order and at the times of arrival', async () => {
  const medium = memoryMedium({ partitions: 3, holes: true })
  await using tape = memoryTape({ medium })
  const texts = [
    '{"type":"trade","data":[{"s":"A", "p":1.0},{"s":"B","p":2e0}, {"s":"C","p":"?"}]}',
    '{"type":"trade","data":[{"s":"A","p":4},{"p":5}]}',
    '{"type":"trade","data":[{"s":"B","p":6}]}',
  ]
  await tape.append(blocksOf(texts.map((text, i) => ({ atMs: 1_000 + i * 10, text }))))
  const frames = await all(tapeFrames(tape.trades))
  assert.deepEqual(
    frames.map(({ atMs }) => atMs),
    [1_000, 1_010, 1_020],
  )
  for (const object of ['{"s":"A", "p":1.0}', '{"s":"B","p":2e0}', '{"s":"C","p":"?"}'])
    assert.ok(frames[0] !== undefined && textOf(frames[0]).includes(object))
  assert.deepEqual(
    frames.map(({ trades }) => trades),
    [3, 2, 1],
  )
  assert.equal(frames[1]?.symbols, null) // a record without a symbol is for everybody

  const chosen = await all(tapeFrames(tape.trades, { fromMs: 1_005, toMs: 1_020, symbols: ['A'] }))
  assert.deepEqual(chosen.map(textOf), ['{"data":[{"s":"A","p":4}],"type":"trade"}'])
})

test('a tape of a simulated minute is heard again record for record', async () => {
  const fromMs = Date.UTC(2026, 10, 23, 15)
  const stretch = {
    seed: 2,
    fromMs,
    toMs: fromMs + 60_000,
    ratePerSecond: 100,
    symbols: ['A', 'B'],
  }
  const frames = simulateTrades(stretch)
    .toArray()
    .map((bytes, i) => ({ atMs: fromMs + i, text: Buffer.from(bytes).toString() }))
  await using tape = memoryTape()
  await tape.append(blocksOf(frames))
  const heard = await heardOf(tapeFrames(tape.trades), ['A', 'B'])
  const sent = frames.flatMap(({ text }) =>
    (JSON.parse(text) as { data: readonly unknown[] }).data.map((trade) => JSON.stringify(trade)),
  )
  assert.deepEqual(heard, sent)
})

test('trades of a table are worded as the feed words them', async () => {
  const trade = (over: Partial<ReplayTrade>): ReplayTrade => ({
    symbol: 'A',
    timeMs: 5,
    price: 1.5,
    volume: 0.25,
    conditions: null,
    ...over,
  })
  assert.equal(tradeText(trade({})), '{"c":null,"p":1.5,"s":"A","t":5,"v":0.25}')
  assert.equal(
    tradeText(trade({ conditions: '1,8', symbol: 'a"b' })),
    '{"c":["1","8"],"p":1.5,"s":"a\\"b","t":5,"v":0.25}',
  )
  assert.match(tradeText(trade({ conditions: '' })), /^\{"c":\[\],/)
  const rows = [trade({}), trade({ timeMs: 40 }), trade({ timeMs: 60 }), trade({ receivedMs: 500 })]
  const source = tradeFrames(async function* () {
    yield* rows
  })
  for (let pass = 0; pass < 2; pass++) {
    const frames = await all(source)
    assert.deepEqual(
      frames.map(({ atMs, trades }) => [atMs, trades]),
      [
        [40, 2],
        [60, 1],
        [500, 1],
      ],
    )
  }
})

test('a recorded session of the real feed is heard byte for byte', { skip: absent }, async () => {
  const path = `${RECORDED}/aapl-2026-08-28-recorded.ndjson`
  const recorded = await readFile(path, 'utf8')
  const heard = await heardOf(recordedFrames(path), ['AAPL'])
  assert.equal(heard.length, 54)
  let at = 0
  for (const record of heard) {
    at = recorded.indexOf(record, at)
    assert.ok(at >= 0, `${record} is not in the recording after the one before it`)
    at += record.length
  }
})
