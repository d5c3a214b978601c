import assert from 'node:assert/strict'
import { test } from 'node:test'
import { numbered } from '../../test/conformance/tape-samples.ts'
import { offset, partition } from '../market/records.ts'
import { memoryTape } from '../tape/memory-tape.ts'
import { readOn } from './read-on.ts'

const P0 = partition(0)

test('a reader that a trim overtakes goes on with what is left, and gives nothing twice', async () => {
  await using tape = memoryTape({ source: 'simulator' })
  for (const first of [0, 10, 20]) await tape.append([numbered(first, first + 10)])
  const stop = new AbortController()
  const stretches: (readonly [number, number])[] = []
  const from = new Map([[P0, offset(2)]])
  for await (const run of readOn(tape.trades, { from, until: 'follow' }, stop.signal)) {
    if (stretches.length === 0) {
      for (const first of [30, 40]) await tape.append([numbered(first, first + 10)])
      await tape.trades.trim(new Map([[P0, offset(40)]]))
    }
    stretches.push([run.first, run.next])
    if (run.next === 50) stop.abort()
  }
  assert.deepEqual([stretches[0]?.[0], stretches.at(-1)], [2, [40, 50]])
  for (const [i, [first]] of stretches.entries())
    assert.ok(
      first >= (stretches[i - 1]?.[1] ?? 0),
      `${first} comes after ${stretches[i - 1]?.[1]}`,
    )
})
