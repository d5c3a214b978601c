import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { openSmallLake, rowsOf, tradeText, type SmallLake } from '../../test/fixtures/small-lake.ts'
import type { LakeSnapshot } from '../lake/lake.ts'
import { duckdbRewriter } from '../lake/upkeep/duckdb-rewriter.ts'
import { purge, type Purged } from '../lake/upkeep/purge.ts'
import { verify, type Verdict } from './verify.ts'

const NOON = Date.UTC(2026, 10, 20, 12)
const DAY_MS = 86_400_000
const never = new AbortController().signal

async function purgeFrom({ records, dir }: SmallLake, what: Purged): Promise<void> {
  const at = join(dir, 'rewriting')
  await using rewriter = await duckdbRewriter({
    table: records.table,
    dir: at,
    memoryMb: 256,
    threads: 1,
  })
  const workshop = { rewriter, dir: at, pathOf: (location: string) => location }
  await purge(records.lake.tended(), { workshop, what, signal: never })
}

async function verified(
  { records }: SmallLake,
  change: (snapshot: LakeSnapshot) => LakeSnapshot = (snapshot) => snapshot,
): Promise<Verdict> {
  const snapshot = async () => change(await records.lake.snapshot())
  const [verdict] = await verify({
    sources: [{ ...records, lake: { snapshot }, rows: rowsOf(records.table) }],
    threads: 1,
    memoryMb: 256,
    spillDir: null,
    signal: never,
    findingsMax: 10,
    found: () => undefined,
  })
  assert.ok(verdict)
  return verdict
}

/** Four trades of each of two symbols a day, and two records that cannot be read, one of which names GONE. */
async function twoDays(small: SmallLake): Promise<void> {
  for (const at of [NOON, NOON + DAY_MS]) {
    const trades = Array.from({ length: 8 }, (_, i) =>
      tradeText({ s: i % 2 === 0 ? 'GONE' : 'STAYS', t: at + i }),
    )
    await small.append([...trades, '{"s":"GONE","p":', 'not "GONE'], at)
    await small.land()
  }
}

const WHAT = [
  [{ kind: 'symbols', symbols: ['GONE'] }, 10],
  [{ kind: 'before', beforeMs: NOON + DAY_MS / 2 }, 10],
  [{ kind: 'all' }, 20],
] as const
for (const [what, count] of WHAT)
  test(`records that are still on the tape are told as purged, not as missing: ${what.kind}`, async () => {
    await using small = await openSmallLake({ partitions: 2 })
    await twoDays(small)
    assert.equal((await verified(small)).purged, 0)
    await purgeFrom(small, what)
    const { passed, purged, missing, records } = await verified(small)
    assert.deepEqual([passed, purged, missing, records], [true, count, 0, 20])
  })

test('what lands after a purge must be there', async () => {
  await using small = await openSmallLake()
  await twoDays(small)
  await purgeFrom(small, { kind: 'symbols', symbols: ['GONE'] })
  await twoDays(small)
  const whole = await verified(small)
  assert.deepEqual([whole.passed, whole.purged, whole.records], [true, 10, 40])
  const bare = await verified(small, (snapshot) => ({ ...snapshot, files: [] }))
  assert.deepEqual([bare.passed, bare.purged, bare.missing], [false, 10, 30])
  const { purged, ...plain } = await small.records.lake.snapshot()
  assert.equal(purged?.length, 1)
  assert.equal((await verified(small, () => plain)).missing, 10)
})

test('a purge of another symbol excuses no record', async () => {
  await using small = await openSmallLake()
  await twoDays(small)
  await purgeFrom(small, { kind: 'symbols', symbols: ['GONE'] })
  const { files, ...snapshot } = await small.records.lake.snapshot()
  const { passed, purged, missing } = await verified(small, () => ({ ...snapshot, files: [] }))
  assert.deepEqual([files.length > 0, passed, purged, missing], [true, false, 10, 10])
})
