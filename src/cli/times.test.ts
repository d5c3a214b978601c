import assert from 'node:assert/strict'
import { test } from 'node:test'
import { showBytes, showSpan } from './times.ts'

test('spans and sizes have as many digits as a person reads', () => {
  assert.deepEqual([450, 45_000, 600_000, 7_380_000, 200_000_000].map(showSpan), [
    '450 ms',
    '45 s',
    '10 min',
    '2 h 3 min',
    '2 d 7 h',
  ])
  assert.deepEqual([0, 999, 1234, 52_000, 83_700_000_000].map(showBytes), [
    '0 B',
    '999 B',
    '1.23 kB',
    '52.0 kB',
    '83.7 GB',
  ])
})
