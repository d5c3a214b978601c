import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { freshSeed } from '../../src/flow/random.ts'
import { withoutAws } from '../../stack/aws/needs.ts'
import { withoutKafka } from '../../stack/kafka/needs.ts'
import { lakeChaos } from '../crash/lake-chaos.ts'
import { chaosHolds, upkeepHolds } from '../crash/lake-proof.ts'
import { killUpkeep } from '../crash/upkeep-kills.ts'
import { withoutGlueLake } from '../readers/glue-lake.ts'
import { withoutReaders } from '../readers/python.ts'

const skip = withoutKafka() || withoutAws() || withoutGlueLake()
const skipKills = withoutReaders('pyiceberg', 'pyarrow')

describe('landers and upkeep under faults', { concurrency: 1 }, () => {
  // More is `npm run proof -- --lake 20`, there with a store that dies.
  const seed = freshSeed()
  test(
    `eight landers on one table of S3 and Glue lose and repeat nothing (seed=${seed})`,
    { skip },
    async (t) => {
      await inFolder(t, async (dir) => {
        const how = {
          store: 'moto',
          landers: 8,
          seconds: 20,
          landAge: '2s',
          ratePerSecond: 1_000,
        } as const
        const report = await lakeChaos({ ...how, seed, dir, say: (line) => t.diagnostic(line) })
        const { verdict, leftovers, ...found } = report
        t.diagnostic(JSON.stringify({ ...found, audit: verdict.audit, leftovers }))
        assert.ok(chaosHolds(report), JSON.stringify(report))
        assert.ok(found.lostAnswers > 0, 'the catalog lost no answer')
      })
    },
  )

  test('compaction and expiry, killed, leave the lake whole', { skip: skipKills }, async (t) => {
    await inFolder(t, async (dir) => {
      const report = await killUpkeep({ seed, kills: 6, dir, say: (line) => t.diagnostic(line) })
      t.diagnostic(JSON.stringify({ ...report, verdict: report.verdict.audit }))
      assert.ok(upkeepHolds(report), JSON.stringify(report))
    })
  })
})

/** A folder of its own, kept when the test fails. */
async function inFolder(t: TestContext, act: (dir: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'ticklake-chaos-'))
  t.diagnostic(dir)
  await act(dir)
  await rm(dir, { recursive: true, force: true })
}
