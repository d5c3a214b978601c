import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFault, type FaultKind } from '../../src/flow/fault.ts'
import type { Lake } from '../../src/lake/lake.ts'
import { logId, partition, type LogId } from '../../src/market/records.ts'
import { DAY_MS, DAY_ZERO_MS, LOG, roll } from '../simulation/rolls.ts'

export type LakeOpening = {
  readonly mode?: 'write' | 'read'
  readonly log?: LogId
  readonly source?: string
  readonly adoptTape?: boolean
}

export type OpenedLake = AsyncDisposable & {
  /** Opens the lake, as another process would; each time over the same store and catalog. */
  readonly open: (how?: LakeOpening) => Promise<Lake>
}

const P0 = partition(0)
const P1 = partition(1)
const fault = (kind: FaultKind) => (error: unknown) => isFault(error, kind)

const land = async (lake: Lake, ...spans: Parameters<typeof roll>[0]): Promise<void> =>
  lake.commit(await lake.stage(roll(spans)))

/** The contract of lake/lake.ts; `start` gives an empty lake each time. */
export function lakeSuite(name: string, start: () => Promise<OpenedLake>): void {
  const check = (what: string, run: (open: OpenedLake['open']) => Promise<void>) =>
    test(`${name}: ${what}`, async () => {
      await using opened = await start()
      await run(opened.open)
    })

  check('a lake that is not there yet reads as empty', async (open) => {
    const { id, files, positions } = await (await open({ mode: 'read' })).snapshot()
    assert.deepEqual({ id, files, positions }, { id: null, files: [], positions: new Map() })
  })

  check('staged files are seen by nobody until they are committed', async (open) => {
    const lake = await open()
    const staged = await lake.stage(roll([{ partition: 0, first: 0, next: 5 }]))
    assert.deepEqual((await lake.snapshot()).files, [])
    await lake.commit(staged)
    assert.equal((await lake.snapshot()).files[0]?.rows, 5)
  })

  check('rows and positions move together, and other processes see both', async (open) => {
    const lake = await open()
    await land(lake, { partition: 0, first: 0, next: 5 }, { partition: 1, first: 3, next: 9 })
    const seen = await (await open({ mode: 'read' })).snapshot()
    assert.equal(seen.positions.get(P0)?.next, 5)
    assert.equal(seen.positions.get(P1)?.next, 9)
    assert.equal(seen.positions.get(P1)?.last?.offset, 8)
    assert.equal(
      seen.files.reduce((sum, { rows }) => sum + rows, 0),
      11,
    )
  })

  check('positions are those of the partitions asked for', async (open) => {
    const lake = await open()
    await land(lake, { partition: 0, first: 0, next: 5 }, { partition: 1, first: 0, next: 9 })
    const positions = await (await open()).positions([P1, partition(7)])
    assert.deepEqual([...positions.keys()], [P1])
  })

  check(
    'a batch that does not begin at the position is refused and changes nothing',
    async (open) => {
      const lake = await open()
      await land(lake, { partition: 0, first: 0, next: 5 })
      for (const first of [0, 4, 6])
        await assert.rejects(land(lake, { partition: 0, first, next: 10 }), fault('conflict'))
      const { files, positions } = await lake.snapshot()
      assert.equal(positions.get(P0)?.next, 5)
      assert.equal(files.length, 1)
    },
  )

  check('one partition out of place refuses the whole batch', async (open) => {
    const lake = await open()
    await land(lake, { partition: 0, first: 0, next: 5 })
    const spans = [
      { partition: 0, first: 2, next: 7 },
      { partition: 1, first: 0, next: 2 },
    ]
    await assert.rejects(land(lake, ...spans), fault('conflict'))
    assert.equal((await lake.snapshot()).positions.has(P1), false)
  })

  check('of two processes with the same batch one lands it', async (open) => {
    const [a, b] = [await open(), await open()]
    await a.positions([P0])
    await b.positions([P0])
    const batches = [a, b].map(async (lake) =>
      lake.stage(roll([{ partition: 0, first: 0, next: 5 }])),
    )
    const [mine, theirs] = await Promise.all(batches)
    assert.ok(mine !== undefined && theirs !== undefined)
    const outcomes = await Promise.allSettled([a.commit(mine), b.commit(theirs)])
    assert.deepEqual(outcomes.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'])
    assert.equal((await a.snapshot()).files.length, 1)
    assert.equal((await b.snapshot()).files.length, 1)
  })

  check('processes with different partitions all land', async (open) => {
    const lakes = [await open(), await open(), await open()]
    await Promise.all(
      lakes.map((lake, i) =>
        land(lake, { partition: i, first: 0, next: 2 }).then(() =>
          land(lake, { partition: i, first: 2, next: 5 }),
        ),
      ),
    )
    const { files, positions } = await (await open({ mode: 'read' })).snapshot()
    assert.equal(files.length, 6)
    assert.deepEqual(
      [...positions.values()].map(({ next }) => next),
      [5, 5, 5],
    )
  })

  check(
    'an empty batch that moves a position is a commit; one that moves none is nothing',
    async (open) => {
      const lake = await open()
      await land(lake, { partition: 0, first: 0, next: 5 })
      const before = await lake.snapshot()
      const empty = { files: [], rows: 0, stagedAt: (await lake.stage(roll([]))).stagedAt }
      const { stretches: same } = roll([{ partition: 0, first: 5, next: 5 }])
      await lake.commit({ ...empty, stretches: same })
      assert.equal((await lake.snapshot()).id, before.id)
      const { stretches } = roll([{ partition: 0, first: 5, next: 9 }])
      await lake.commit({ ...empty, stretches })
      assert.equal((await lake.snapshot()).positions.get(P0)?.next, 9)
    },
  )

  check('a stretch of time leaves other days out', async (open) => {
    const lake = await open()
    for (let day = 0; day < 4; day++) {
      const ms = DAY_ZERO_MS + day * DAY_MS
      await land(lake, { partition: 0, first: day * 5, next: day * 5 + 5, ms })
    }
    const second = { fromMs: DAY_ZERO_MS + DAY_MS, toMs: DAY_ZERO_MS + 2 * DAY_MS }
    assert.equal((await lake.snapshot(second)).files.length, 1)
    assert.equal((await lake.snapshot({ toMs: DAY_ZERO_MS })).files.length, 0)
    assert.equal((await lake.snapshot({ fromMs: DAY_ZERO_MS })).files.length, 4)
  })

  check('a lake is bound to the source that made it', async (open) => {
    await open()
    await assert.rejects(open({ source: 'finnhub' }), fault('invalid'))
    await assert.rejects(
      (await open({ source: 'finnhub', mode: 'read' })).snapshot(),
      fault('invalid'),
    )
  })

  check('a tape that the lake does not know is refused, unless it is adopted', async (open) => {
    await land(await open(), { partition: 0, first: 0, next: 5 })
    const other = logId('5b0d7c1e-0000-4000-8000-000000000002')
    await assert.rejects(open({ log: other }), fault('corrupt'))
    const adopted = await open({ log: other, adoptTape: true })
    await land(adopted, { partition: 0, first: 0, next: 3, log: other })
    assert.equal((await (await open({ log: other })).positions([P0])).get(P0)?.next, 3)
    assert.equal((await (await open({ log: LOG })).positions([P0])).get(P0)?.next, 5)
  })

  check('a lake opened for reading writes nothing', async (open) => {
    const lake = await open({ mode: 'read' })
    await assert.rejects(lake.stage(roll([])), fault('invalid'))
  })

  check('history tells what each commit changed, the newest first', async (open) => {
    const lake = await open()
    assert.deepEqual(await lake.history(10), [])
    await land(lake, { partition: 0, first: 3, next: 5 }, { partition: 1, first: 0, next: 4 })
    await land(lake, { partition: 1, first: 4, next: 9 })
    const reader = await open({ mode: 'read' })
    const [newest, oldest, ...more] = await reader.history(10)
    assert.deepEqual(more, [])
    assert.equal(newest?.id, (await reader.snapshot()).id)
    assert.equal(newest?.operation, 'append')
    assert.equal(newest.by, 'ticklake')
    assert.deepEqual(newest.added, { rows: 5, files: 1 })
    assert.deepEqual(newest.removed, { rows: null, files: null })
    assert.deepEqual(newest.total, { rows: 11, files: 2 })
    assert.deepEqual(oldest?.total, { rows: 6, files: 1 })
    assert.ok(newest.atMs > oldest.atMs)
    // Each row's offset is in the stretch of one commit, and no other.
    assert.deepEqual(newest.landed, [{ log: LOG, partition: P1, first: 4, next: 9 }])
    assert.deepEqual(
      oldest.landed.map(({ partition: of, next }) => [of, next]),
      [
        [P0, 5],
        [P1, 4],
      ],
    )
  })

  check('history ends where it is told to, or where snapshots are no longer kept', async (open) => {
    const lake = await open()
    for (let at = 0; at < 4; at++) await land(lake, { partition: 0, first: at, next: at + 1 })
    const all = await lake.history(10)
    assert.equal(all.length, 4)
    assert.deepEqual(await lake.history(2), all.slice(0, 2))
  })

  check('methods work without their object', async (open) => {
    const { stage, commit, positions } = await open()
    await commit(await stage(roll([{ partition: 0, first: 0, next: 5 }])))
    assert.equal((await positions([P0])).get(P0)?.next, 5)
  })
}
