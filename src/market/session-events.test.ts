import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { SESSION_EVENT_KINDS, type SessionEvent } from './feed-events.ts'
import { decodeEvent, encodeEvent } from './session-events.ts'

const alive: SessionEvent = {
  kind: 'alive',
  at: 1_763_997_374_633,
  recorder: 'r1',
  epoch: 3,
  source: 'simulator',
  symbols: null,
  from: null,
  to: 1_763_997_374_000,
  cause: null,
  bytes: null,
}
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const bytesOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))
const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null })
const time = fc.integer({ min: 0, max: 4_102_444_800_000 })

const anyEvent: fc.Arbitrary<SessionEvent> = fc.record(
  {
    kind: fc.constantFrom(...SESSION_EVENT_KINDS),
    at: time,
    recorder: fc.string({ unit: 'grapheme' }),
    epoch: fc.nat(),
    source: fc.string(),
    symbols: orNull(fc.array(fc.string({ unit: 'grapheme' }))),
    from: orNull(time),
    to: orNull(time),
    cause: orNull(fc.string({ unit: 'grapheme' })),
    bytes: orNull(fc.uint8Array()),
  },
  { noNullPrototype: true },
)

test('an event that was encoded decodes to itself', () => {
  fc.assert(
    fc.property(anyEvent, (event) => {
      assert.deepEqual(decodeEvent(encodeEvent(event)), event)
    }),
  )
})

test('an event is one JSON object that leaves out what is null', () => {
  assert.equal(
    text(encodeEvent(alive)),
    '{"kind":"alive","at":1763997374633,"recorder":"r1","epoch":3,"source":"simulator","to":1763997374000}',
  )
})

test('a time with a fraction is rounded to whole milliseconds', () => {
  assert.equal(decodeEvent(encodeEvent({ ...alive, at: 1000.4, to: 999.6 }))?.at, 1000)
})

test('a name that a later version may add is ignored', () => {
  assert.deepEqual(decodeEvent(bytesOf({ ...alive, later: [1] })), alive)
})

test('bytes that are no event decode to null and never throw', () => {
  const wrong: readonly unknown[] = [
    null,
    [],
    7,
    {},
    { ...alive, kind: 'exploded' },
    { ...alive, at: '7' },
    { ...alive, at: 1e300 },
    { ...alive, at: 0.5 },
    { ...alive, epoch: -1 },
    { ...alive, epoch: 2 ** 60 },
    { ...alive, recorder: 5 },
    { ...alive, source: null },
    { ...alive, symbols: 'AAPL' },
    { ...alive, symbols: [7] },
    { ...alive, from: 'now' },
    { ...alive, to: {} },
    { ...alive, cause: 4 },
    { ...alive, bytes: 'not base64' },
    { ...alive, bytes: [1] },
  ]
  for (const value of wrong) assert.equal(decodeEvent(bytesOf(value)), null, JSON.stringify(value))
  fc.assert(fc.property(fc.uint8Array(), (bytes) => decodeEvent(bytes) === null))
  fc.assert(fc.property(fc.json(), (json) => decodeEvent(new TextEncoder().encode(json)) === null))
})

test('half an event is no event', () => {
  const bytes = encodeEvent(alive)
  for (let end = 0; end < bytes.length; end++) {
    assert.equal(decodeEvent(bytes.subarray(0, end)), null)
  }
})
