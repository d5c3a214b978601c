import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { openSmallLake, tradeText, type SmallLake } from '../../test/fixtures/small-lake.ts'
import type { Landed, Parts } from '../config/components.ts'
import type { Workshops } from '../config/upkeep.ts'
import { Fault } from '../flow/fault.ts'
import type { Logger } from '../flow/log.ts'
import { seededRandom } from '../flow/random.ts'
import { duckdbRewriter } from '../lake/upkeep/duckdb-rewriter.ts'
import type { Rewriter } from '../lake/upkeep/rewriter.ts'
import { partition } from '../market/records.ts'
import { ownership } from './ownership.ts'
import { upkeepLoop } from './upkeep.ts'

const NOON = Date.UTC(2026, 10, 20, 12)
const DAY_MS = 86_400_000

type Kept = {
  /** What the log said, as `level: message`. */
  readonly told: readonly string[]
  readonly metrics: ReadonlyMap<string, number>
  readonly rests: number
}
type Keeping = {
  readonly small: SmallLake
  readonly ticks: number
  /** Before each tick, from 1 on. */
  readonly onTick?: (tick: number) => void | Promise<void>
  readonly owns?: () => boolean
  readonly rewriter?: (real: Rewriter) => Rewriter
  readonly lake?: Partial<Landed['lake']>
  readonly keep?: number
  /** Aborted in the wait after the last tick. */
  readonly stop?: AbortController
}

/** The loop over `records`, whose clock jumps from wait to wait. */
async function keep(keeping: Keeping): Promise<Kept> {
  const { small, ticks, owns = () => true, rewriter: wrap = (real) => real } = keeping
  const { stop = new AbortController() } = keeping
  const told: string[] = []
  const metrics = new Map<string, number>()
  let [nowMs, waits, rests] = [NOON + DAY_MS, 0, 0]
  const log: Logger = (level, message) => void told.push(`${level}: ${message}`)
  const count = (name: string, by: number) => metrics.set(name, (metrics.get(name) ?? 0) + by)
  const parts = {
    clock: {
      now: () => nowMs,
      monotonic: () => nowMs,
      sleep: async (ms: number) => {
        nowMs += ms
        waits += 1
        await keeping.onTick?.(waits)
        if (waits > ticks) stop.abort()
      },
    },
    random: seededRandom(7),
    log,
    metrics: { add: count, set: count },
    loaded: { settings: { 'land.snapshots_kept': keeping.keep ?? 360, 'land.orphan_age': DAY_MS } },
  } as unknown as Parts
  const { table, lake, log: tape } = small.records
  const dir = join(small.dir, 'rewriting')
  await using real = await duckdbRewriter({ table, dir, memoryMb: 256, threads: 1 })
  const rewriter = wrap(real)
  const workshops = {
    of: async () => ({ rewriter, dir, pathOf: (location: string) => location }),
    rest: async () => void (rests += 1),
  } as unknown as Workshops
  const landed = { name: 'records', log: tape, lake: { ...lake, ...keeping.lake } }
  const tables = [landed as unknown as Landed]
  await upkeepLoop(parts, { tables, workshops, owns }, stop.signal)
  return { told, metrics, rests }
}

async function someDays(small: SmallLake, commits = 3): Promise<void> {
  for (let i = 0; i < commits; i++) {
    await small.append(
      Array.from({ length: 9 }, (_, k) => tradeText({ s: `S${k}`, t: NOON - DAY_MS + k })),
    )
    await small.land()
  }
}
const files = async ({ records }: SmallLake) => (await records.lake.snapshot()).files.length

test('after a start closed days are sorted once, and old snapshots expire every ten minutes', async () => {
  await using small = await openSmallLake()
  await someDays(small, 12)
  const { told, metrics, rests } = await keep({ small, ticks: 3, keep: 10 })
  assert.deepEqual(told, [
    'info: expired snapshots',
    'info: compacted a day',
    'info: expired snapshots',
  ])
  assert.equal(await files(small), 1)
  assert.equal(metrics.get('ticklake_upkeep_compacted_files_total'), 12)
  assert.equal(metrics.get('ticklake_upkeep_written_files_total'), 1)
  assert.equal(metrics.get('ticklake_upkeep_snapshots_expired_total'), 3)
  assert.equal(rests, 3)
})

test('a day that comes late is sorted when the next day is an hour old, not before', async () => {
  await using small = await openSmallLake()
  await someDays(small)
  const sizes: number[] = []
  // It begins at noon: 78 ticks of ten minutes, a little more or less, reach 01:00.
  await keep({
    small,
    ticks: 85,
    onTick: async (tick) => {
      if (tick === 3) await someDays(small)
      if (tick === 3 || tick === 60 || tick === 85) sizes.push(await files(small))
    },
  })
  assert.deepEqual(sizes, [4, 4, 1])
})

test('who does not own the first partition does nothing, and does it all once it does', async () => {
  await using small = await openSmallLake()
  await someDays(small)
  let owns = false
  const seen: number[] = []
  const onTick = async (tick: number) => {
    seen.push(await files(small))
    owns = tick >= 3
  }
  await keep({ small, ticks: 3, owns: () => owns, onTick })
  assert.deepEqual(seen, [3, 3, 3, 1])
})

test('a lake that is away is a warning, and the job is tried again at its next time', async () => {
  await using small = await openSmallLake()
  await someDays(small)
  let away = true
  const tended = () => {
    if (away) throw new Fault('unavailable', 'the store is away', { remedy: 'Wait.' })
    return small.records.lake.tended()
  }
  const onTick = (tick: number) => void (away = tick < 2)
  const { told } = await keep({ small, ticks: 2, lake: { tended }, onTick })
  assert.deepEqual(
    told.slice(0, 4),
    Array.from(
      ['expire', 'compact open', 'compact closed', 'orphans'],
      (job) => `warn: ${job}: not done, tried again at its next time: the store is away`,
    ),
  )
  assert.equal(told.length, 4)
})

test('a rewrite that does not hold what it read stops the upkeep of its table, and nothing else', async () => {
  await using small = await openSmallLake()
  await someDays(small)
  const rewriter = (real: Rewriter): Rewriter => ({
    ...real,
    write: () =>
      Promise.reject(
        new Fault('corrupt', 'it holds something else', { remedy: 'Check the disk.' }),
      ),
  })
  const { told, metrics } = await keep({ small, ticks: 200, rewriter })
  assert.deepEqual(told, ['error: upkeep of records stops: it holds something else'])
  assert.equal(metrics.get('ticklake_upkeep_failures_total'), 1)
  assert.equal(await files(small), 3)
})

test('a rewrite under way is given up when the lander stops, without a word', async () => {
  await using small = await openSmallLake()
  await someDays(small)
  const stop = new AbortController()
  const rewriter = (real: Rewriter): Rewriter => ({
    ...real,
    write: async (rewriting) => {
      stop.abort()
      return await real.write(rewriting)
    },
  })
  const { told, metrics } = await keep({ small, ticks: 1, rewriter, stop })
  assert.deepEqual(told, [])
  assert.equal(metrics.get('ticklake_upkeep_failures_total'), undefined)
  assert.equal(await files(small), 3)
})

test('the turn under way tells who owns the first partition', async () => {
  await using small = await openSmallLake({ partitions: 3 })
  const { log, owns } = ownership(small.tape.trades)
  const stop = new AbortController()
  assert.equal(owns(), false)
  const start = async () => new Map()
  for await (const turn of log.turns({ id: 'g', start }, stop.signal)) {
    const reading = turn[Symbol.asyncIterator]()
    await small.append([tradeText({ s: 'A', t: NOON })])
    await reading.next()
    assert.equal(owns(), true)
    stop.abort()
  }
  assert.equal(owns(), false)
})

test('who has other partitions alone does not own the first', async () => {
  await using small = await openSmallLake({ partitions: 3 })
  const { log, owns } = ownership({
    ...small.tape.trades,
    turns: async function* (group) {
      await group.start([partition(1), partition(2)])
      yield (async function* () {})()
      await group.start([partition(0)])
      yield (async function* () {})()
    },
  })
  const seen: boolean[] = []
  const start = async () => new Map()
  for await (const _ of log.turns({ id: 'g', start }, new AbortController().signal))
    seen.push(owns())
  assert.deepEqual([...seen, owns()], [false, true, false])
})
