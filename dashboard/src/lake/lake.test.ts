import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, openSmallLake, tradeText } from '../../../test/fixtures/small-lake.ts'
import { serveLake, answerAs } from '../../../test/fixtures/served-lake.ts'
import { FilesAnswer, SnapshotsAnswer } from '../../../src/serve/contract/lake.ts'
import { barPercent, shareText } from './bars.ts'
import { above, changesTo, lakePlaceOf, paramsOf, type LakePlace } from './place.ts'
import { dayQuery, fileQuery, snapshotQuery } from './queries.ts'

const NOON = Date.UTC(2026, 10, 20, 12)

test('a place is in the address and comes back from it', () => {
  const places: readonly LakePlace[] = [
    { table: 'records', view: 'days', day: null, file: null },
    { table: 'feed_log', view: 'days', day: 'none', file: null },
    { table: 'records', view: 'days', day: '2026-11-20', file: '0d1f2a3b4c5d6e7f' },
    { table: 'feed_log', view: 'snapshots', day: null, file: null },
  ]
  for (const place of places)
    assert.deepEqual(lakePlaceOf(new URLSearchParams(paramsOf(place))), place)
  assert.deepEqual(paramsOf(places[0] as LakePlace), {})
})

test('an address that is no place leads to the nearest that is one', () => {
  const place = (search: string) => lakePlaceOf(new URLSearchParams(search))
  const top: LakePlace = { table: 'records', view: 'days', day: null, file: null }
  assert.deepEqual(place('table=secrets&view=x&day='), top)
  assert.deepEqual(place('file=0d1f2a3b4c5d6e7f'), top)
  assert.deepEqual(place('view=snapshots&day=2026-11-20&file=1'), { ...top, view: 'snapshots' })
})

test('each level leads up to the one above, and leaves nothing of its own behind', () => {
  const file: LakePlace = { table: 'feed_log', view: 'days', day: '2026-11-20', file: '1' }
  const day = above(file)
  assert.deepEqual(day, { ...file, file: null })
  const top = day && above(day)
  assert.deepEqual(top, { ...file, day: null, file: null })
  assert.deepEqual(top && changesTo(top), { table: 'feed_log', view: null, day: null, file: null })
  assert.equal(top && above(top), null)
})

test('bars and shares show what is there at all', () => {
  assert.deepEqual(
    [0, 1, 50, 1000].map((value) => barPercent(value, 1000)),
    [0, 1, 5, 100],
  )
  assert.deepEqual([barPercent(1, 0), barPercent(Number.NaN, 1)], [0, 0])
  assert.deepEqual(
    [0, 1, 123, 1000].map((value) => shareText(value, 1000)),
    ['0%', '<1%', '12%', '100%'],
  )
})

test('"query this" finds the very rows', async () => {
  await using small = await openSmallLake()
  const at = (ms: number, s: string) => tradeText({ s, t: NOON + ms })
  await small.append([at(0, "O'X"), at(500, 'AAPL'), 'no trade'], NOON)
  await small.appendEvent({ kind: 'closed', at: NOON })
  await small.land()
  await small.append([at(86_400_000, 'MSFT'), at(1000, 'ZZZ')], NOON)
  await small.land()
  await using served = await serveLake(small)
  const rows = async (sql: string) => (await ask(served.query, sql)).length
  assert.equal(await rows(dayQuery('records', '2026-11-20')), 3) // symbols
  assert.equal(await rows(dayQuery('records', '2026-11-21')), 1)
  assert.equal(await rows(dayQuery('records', 'none')), 1)
  assert.equal(await rows(dayQuery('feed_log', '2026-11-20')), 1)
  const filesOf = async (day: string) =>
    answerAs(FilesAnswer, await served.get(`/api/lake/files?day=${day}`)).files
  for (const day of ['2026-11-20', '2026-11-21', 'none'])
    for (const file of await filesOf(day))
      assert.equal(await rows(fileQuery('records', day, file)), file.rows, `${day} ${file.name}`)
  const { snapshots } = answerAs(SnapshotsAnswer, await served.get('/api/lake/snapshots'))
  assert.equal(snapshots.length, 2)
  for (const snapshot of snapshots) {
    const sql = snapshotQuery('records', snapshot)
    assert.equal(sql === null ? null : await rows(sql), snapshot.added_rows)
  }
  const [newest] = snapshots
  assert.ok(newest)
  assert.equal(snapshotQuery('records', { ...newest, landed: [] }), null)
})
