import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alive, blockOf } from '../../../test/conformance/tape-samples.ts'
import { recordBytes } from '../../market/records.ts'
import { decodeEvent } from '../../market/session-events.ts'
import { recordsOf } from '../events.ts'
import { oversized } from './oversized.ts'

const speaker = { source: 'finnhub', recorder: 'r1', epoch: 7 }
const fits = ({ bytes }: { bytes: number }) => bytes <= 100
const sized = (...sizes: readonly number[]) =>
  recordsOf([
    blockOf(
      sizes.map((size, i) => ({ symbol: `S${i}`, bytes: new Uint8Array(size).fill(65 + i) })),
    ),
    alive(9),
  ])

test('records that fit are passed on as they are', () => {
  const recorded = sized(10, 100, 0, 60)
  assert.deepEqual(oversized(recorded, { fits, speaker }), recorded)
})

test('a record that does not fit is told of with its start, and the others keep order and key', () => {
  const { trades, session } = oversized(sized(10, 70_000, 20, 101), { fits, speaker })
  const [block] = trades
  assert.ok(block)
  assert.deepEqual([...block.ends], [10, 30])
  assert.deepEqual(
    [...block.key].map((key) => block.keys[key]),
    ['S0', 'S2'],
  )
  const events = session.map((records) => decodeEvent(recordBytes(records, 0)))
  assert.deepEqual(
    events.map((event) => [event?.kind, event?.epoch, event?.bytes?.length ?? null]),
    [
      ['alive', 1, null],
      ['unreadable', 7, 65_536],
      ['unreadable', 7, 101],
    ],
  )
  assert.match(events[1]?.cause ?? '', /70000 bytes .*max\.message\.bytes/)
})
