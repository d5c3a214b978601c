import assert from 'node:assert/strict'
import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createTradeDecoder } from '../feed/finnhub-trades.ts'
import { systemClock } from '../flow/clock.ts'
import { createOverview, gapsSince } from './overview.ts'

const gap = (symbol: string | null, from: number, to: number) => ({
  symbol,
  from,
  to,
  cause: symbol === null ? 'recorder stopped' : 'closed',
  open: false,
})

test('gaps of many symbols over one stretch are listed once and counted once', () => {
  const all = [
    gap('AAPL', 1000, 2000),
    gap('MSFT', 1000, 2000),
    gap('AAPL', 5000, 6000),
    gap(null, 8000, 9000),
  ]
  const { count, seconds, latest } = gapsSince(all, 0)
  assert.deepEqual([count, seconds], [3, 3])
  assert.deepEqual(
    latest.map(({ symbols, cause }) => [symbols, cause]),
    [
      [[], 'recorder stopped'],
      [['AAPL'], 'closed'],
      [['AAPL', 'MSFT'], 'closed'],
    ],
  )
})

test('a gap that began yesterday counts from the start of the day', () => {
  assert.deepEqual(gapsSince([gap(null, 1000, 4000)], 3000).seconds, 1)
  assert.deepEqual(gapsSince([gap(null, 1000, 2000)], 3000).count, 0)
})

test('each metric is told once, also those that this process writes into its own status', async () => {
  await using dir = await mkdtempDisposable(join(tmpdir(), 'ticklake-status-'))
  const sample = { name: 'ticklake_build_info', labels: {}, value: 1 }
  const now = Date.now()
  const status = { version: '0.0.0', started: now, at: now, state: 'serving', samples: [sample] }
  for (const [part, pid] of [
    ['serve', process.pid],
    ['record', process.ppid],
  ] as const)
    await writeFile(join(dir.path, `${part}.json`), JSON.stringify({ ...status, part, pid }))
  const overview = createOverview({
    clock: systemClock,
    decode: createTradeDecoder(),
    source: { source: 'simulator', simulated: true },
    version: '0.0.0',
    zone: 'UTC',
    statusDir: dir.path,
    shared: false,
    dayStart: () => 0,
    ownSamples: () => [sample],
  })
  const samples = await overview.samples()
  // Once by this process, once by the recorder.
  assert.equal(samples.filter(({ name }) => name === sample.name).length, 2)
  assert.equal(samples.filter(({ name }) => name === 'ticklake_part_up').length, 2)
  const { parts, state } = await overview.status()
  assert.deepEqual(parts.map(({ part }) => part).toSorted(), ['record', 'serve'])
  assert.equal(state.name, 'Disconnected')
})
