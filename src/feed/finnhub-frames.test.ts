import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { asRun } from '../../bench/bench.ts'
import { frameText, hostileBytes, RECEIVED_MS } from '../../test/fixtures/hostile-json.ts'
import { freshSeed } from '../flow/random.ts'
import { recordBytes } from '../market/records.ts'
import { createFrameSplitter, FRAME_BYTES_MAX, type Frame } from './finnhub-frames.ts'
import { createTradeDecoder } from './finnhub-trades.ts'
import { isIdentified, symbolIn, WORDS, type Identified } from './identities.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const split = (text: string): Frame => createFrameSplitter()(encoder.encode(text), RECEIVED_MS)

/** The records of a frame as text, each with its key. */
const recordsOf = (frame: Frame): [string, string | undefined][] => {
  assert.equal(frame.kind, 'trades')
  if (frame.kind !== 'trades') return []
  const { records } = frame
  return Array.from({ length: records.count }, (_, i) => [
    decoder.decode(recordBytes(records, i)),
    records.keys[records.key[i] ?? 0],
  ])
}
const seed = freshSeed()

/** What a frame is, told a second time and by JSON.parse alone; the elements as values. */
function oracle(bytes: Uint8Array): string | { elements: unknown[]; keys: string[] } {
  let frame: unknown
  try {
    frame = JSON.parse(decoder.decode(bytes)) as unknown
  } catch {
    return 'unreadable'
  }
  if (frame === null || typeof frame !== 'object' || Array.isArray(frame)) return 'unreadable'
  const { type, data } = frame as Record<string, unknown>
  if (type === 'ping' || type === 'error') return type
  if (type !== 'trade') return 'unknown'
  if (!Array.isArray(data)) return 'unreadable'
  const keys = data.map((element: unknown) => {
    const { s } = Object(element) as Record<string, unknown>
    const readable = typeof s === 'string' && s.length <= 256 && s.isWellFormed()
    return readable && !/\p{Cc}/u.test(s) ? s : ''
  })
  return { elements: data, keys }
}

test(`splits every frame, plain or hostile, as JSON.parse reads it (seed ${seed})`, () => {
  const splitFrame = createFrameSplitter()
  const seen = new Set<string>()
  fc.assert(
    fc.property(hostileBytes(frameText), (bytes) => {
      const frame = splitFrame(bytes, RECEIVED_MS)
      const expected = oracle(bytes)
      seen.add(frame.kind)
      if (typeof expected === 'string') {
        assert.equal(frame.kind, expected)
        return
      }
      const records = recordsOf(frame)
      assert.deepEqual(
        records.map(([text]) => JSON.parse(text) as unknown),
        expected.elements,
      )
      assert.deepEqual(
        records.map(([, key]) => key),
        expected.keys,
      )
      for (const [text] of records) assert.equal(text, text.trim(), 'no white space around it')
    }),
    { seed, numRuns: 8000 },
  )
  assert.equal(seen.size, 5, 'every kind of frame was met')
})

test('gives each element of data as the very bytes of the wire, white space inside it kept', () => {
  const elements = [
    '{"c":["1","8"],"p":415.89,"s":"TSLA","t":1763997374633,"v":40}',
    '{"t": 1763997374634, "p": 3.1e2, "v": 0, "c": null, "s": "BINANCE:BTCUSDT"}',
    '{ "p" : 1.50 ,\n "s" : "A\\u0042" , "s" : "B\\u0043" }',
    '{"s":"é","x":{"s":["]}"]}}',
    '"a \\" ] }"',
    '-0.0',
    'null',
    '[1, [2]]',
    '{}',
  ]
  const frames = [
    `{"data":[${elements.join(',')}],"type":"trade"}`,
    ` {"type" : "trade" , "data" : [ ${elements.join(' ,\n')} ] }\n`,
  ]
  for (const frame of frames) {
    assert.deepEqual(
      recordsOf(split(frame)),
      elements.map((text, i) => [text, ['TSLA', 'BINANCE:BTCUSDT', 'BC', 'é'][i] ?? '']),
    )
  }
})

test('gives plain frames in both orders of the feed and as Python prints them', () => {
  const compact = '{"c":["1","8"],"p":415.89,"s":"TSLA","t":1763997374633,"v":40}'
  const spaced = '{"t": 1763997374633, "p": 415.89, "v": 40, "c": ["1", "8"], "s": "TSLA"}'
  for (const frame of [
    `{"data":[${compact},${compact}],"type":"trade"}`,
    `{"type":"trade","data":[${compact},${compact}]}`,
    `{"type": "trade", "data": [${compact}, ${compact}]}`,
  ])
    assert.deepEqual(
      recordsOf(split(frame)),
      [
        [compact, 'TSLA'],
        [compact, 'TSLA'],
      ],
      frame,
    )
  assert.deepEqual(recordsOf(split(`{"type": "trade", "data": [${spaced}]}`)), [[spaced, 'TSLA']])
})

test('the last of several members called data or type counts, as in JSON.parse', () => {
  assert.deepEqual(
    recordsOf(split('{"data":[1],"type":"ping","d\\u0061ta":[2,3],"type":"trade"}')),
    [
      ['2', ''],
      ['3', ''],
    ],
  )
})

test('tells pings, errors and types that it does not know', () => {
  assert.deepEqual(split('{"type":"ping"}'), { kind: 'ping' })
  assert.deepEqual(split('{"type":"error","msg":"Subscribing to too many symbols"}'), {
    kind: 'error',
    message: 'Subscribing to too many symbols',
  })
  assert.deepEqual(split('{"msg":"Invalid symbol FX:EURUSD","type":"error"}'), {
    kind: 'error',
    message: 'Invalid symbol FX:EURUSD',
  })
  assert.deepEqual(split('{"type":"error","msg":{"deep":1}}'), { kind: 'error', message: '' })
  assert.deepEqual(split('{"type":"news","data":[]}'), { kind: 'unknown', type: 'news' })
  assert.deepEqual(split('{"data":[]}'), { kind: 'unknown', type: '' })
})

test('splits nothing of a frame that is broken anywhere', () => {
  const good = '{"p":1,"s":"A","t":1763997374633,"v":1}'
  for (const frame of [
    '',
    `{"data":[${good},${good.slice(0, -1)}`,
    `{"data":[${good},],"type":"trade"}`,
    `{"data":[${good}],"type":"trade"}}`,
    `{"data":[${good}],"type":"trade"},`,
    `\ufeff{"data":[${good}],"type":"trade"}`,
    `[${good}]`,
    `{"type":"trade","data":${good}}`,
    '{"type":"trade"}',
  ])
    assert.equal(split(frame).kind, 'unreadable', frame)
  const badUtf8 = encoder.encode(`{"data":[${good}],"type":"trade"}`)
  badUtf8[badUtf8.indexOf(0x41)] = 0xff
  assert.equal(createFrameSplitter()(badUtf8, RECEIVED_MS).kind, 'unreadable')
})

test('nesting of any depth overflows no stack', () => {
  const deep = '['.repeat(1_000_000) + ']'.repeat(1_000_000)
  assert.deepEqual(recordsOf(split(`{"type":"trade","data":[${deep},{"s":"A"}]}`)), [
    [deep, ''],
    ['{"s":"A"}', 'A'],
  ])
  assert.deepEqual(split(`{"type":"error","msg":${deep}}`), { kind: 'error', message: '' })
})

test('a frame past the limit is unreadable; one just as large as the limit is read', () => {
  const frame = '{"type":"ping"}'
  const largest = new Uint8Array(FRAME_BYTES_MAX).fill(0x20)
  largest.set(encoder.encode(frame))
  assert.equal(createFrameSplitter()(largest, 0).kind, 'ping')
  const larger = new Uint8Array(FRAME_BYTES_MAX + 1).fill(0x20)
  larger.set(encoder.encode(frame))
  assert.equal(createFrameSplitter()(larger, 0).kind, 'unreadable')
})

test('a frame larger than the scanner takes is split all the same', () => {
  const trade = '{"p":1,"s":"A","t":1763997374633,"v":1}'
  const trades = Array<string>(20_000).fill(trade)
  const records = recordsOf(split(`{"data":[${trades.join(',')}],"type":"trade"}`))
  assert.deepEqual(new Set(records.map(String)), new Set([`${trade},A`]))
  assert.equal(records.length, trades.length)
})

test('records outlive the buffer of their frame, and keys keep their ids over frames', () => {
  const splitFrame = createFrameSplitter()
  const buffer = encoder.encode('{"data":[{"p":1,"s":"A","t":1,"v":1}],"type":"trade"}')
  const first = splitFrame(buffer, 1)
  buffer.fill(0)
  const second = splitFrame(encoder.encode('{"data":[{"s":"B"},{"s":"A"}],"type":"trade"}'), 2)
  assert.deepEqual(recordsOf(first), [['{"p":1,"s":"A","t":1,"v":1}', 'A']])
  assert.ok(first.kind === 'trades' && second.kind === 'trades')
  assert.equal(first.records.keys, second.records.keys)
  assert.equal(first.records.key[0], second.records.key[1])
  assert.deepEqual([...first.records.receivedMs, ...second.records.receivedMs], [1, 2, 2])
})

test(`each block tells what its trades are known by, also after many later frames (seed ${seed})`, () => {
  const splitFrame = createFrameSplitter()
  const decode = createTradeDecoder()
  const blocks: { records: Identified; text: string }[] = []
  const textOf = ({ bytes, ends, key }: Identified) => [decoder.decode(bytes), ends, key].join(' ')
  const trial = (bytes: Uint8Array) => {
    const frame = splitFrame(bytes, RECEIVED_MS)
    if (frame.kind !== 'trades') return
    assert.ok(isIdentified(frame.records))
    blocks.push({ records: frame.records, text: textOf(frame.records) })
  }
  fc.assert(fc.property(hostileBytes(frameText), trial), { seed, numRuns: 1500 })
  for (let i = 0; i < 3000; i++)
    trial(
      encoder.encode(`{"data":[{"p":${i},"s":"S${i}","t":${RECEIVED_MS},"v":1}],"type":"trade"}`),
    )
  for (const { records, text } of blocks) {
    assert.equal(textOf(records), text)
    const trades = decode(asRun(records, 0))
    const { words, row } = records.identities
    for (let i = 0; i < records.count; i++) {
      const [timeMs, price, volume, ids] = words.subarray(WORDS * (row + i))
      assert.equal(ids === 0, trades.defect[i] !== 0)
      if (ids === 0 || ids === undefined) continue
      assert.deepEqual(
        [timeMs, price, volume, records.keys[symbolIn(ids)]],
        [
          trades.timeMs[i],
          trades.price[i],
          trades.volume[i],
          trades.symbols[trades.symbol[i] ?? 0],
        ],
      )
    }
  }
})
