import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { freshSeed } from '../../src/flow/random.ts'
import { withoutKafka } from '../../stack/kafka/needs.ts'
import { isClean } from '../crash/judge.ts'
import { chaos, STRIKES } from '../crash/kafka-chaos.ts'
import { outage } from '../crash/kafka-outage.ts'
import { withoutReaders } from '../readers/python.ts'

const skip = withoutKafka() || withoutReaders('pyiceberg', 'pyarrow', 'confluent_kafka')
/** More is `npm run proof -- --kafka 100`. */
const ROUNDS = 6
const RATE_PER_SECOND = 5_000
/** A standby takes over within this after a kill of the recorder that was connected. */
const TAKEOVER_MS_MAX = 15_000

describe('two recorders and three landers on a Kafka tape', { skip, concurrency: 1 }, () => {
  for (const version of ['4', '3'] as const) {
    const seed = freshSeed()
    test(`lose, repeat, alter and disorder nothing under chaos (Kafka ${version}, seed=${seed})`, async (t) => {
      await inFolder(t, async (dir) => {
        const say = (line: string) => t.diagnostic(line)
        const world = { version, seed, rounds: ROUNDS, ratePerSecond: RATE_PER_SECOND, dir, say }
        const report = await chaos(world)
        const { verdict, killsOutsideGaps, connectedMax, takeoverMsMax } = report
        t.diagnostic(JSON.stringify({ ...verdict.audit, strikes: report.strikes, takeoverMsMax }))
        assert.ok(isClean(verdict), JSON.stringify(verdict))
        assert.equal(verdict.audit.disordered, 0)
        assert.deepEqual(killsOutsideGaps, [])
        assert.equal(connectedMax, 1)
      })
    })
  }

  test('a standby takes over from a killed recorder, and each outage is a gap', async (t) => {
    await inFolder(t, async (dir) => {
      const world = { version: '4', seed: 1, rounds: 2, ratePerSecond: RATE_PER_SECOND } as const
      const say = (line: string) => t.diagnostic(line)
      const report = await chaos({ ...world, strikes: [STRIKES[0]], dir, say })
      assert.ok(isClean(report.verdict), JSON.stringify(report.verdict))
      assert.deepEqual(report.killsOutsideGaps, [])
      assert.equal(report.connectedMax, 1)
      t.diagnostic(`took over within ${report.takeoverMsMax} ms`)
      assert.ok(report.takeoverMsMax <= TAKEOVER_MS_MAX)
    })
  })

  test('a broker that is away under load is one gap, and then it flows again', async (t) => {
    await inFolder(t, async (dir) => {
      const load = { outageMs: 12_000, ratePerSecond: RATE_PER_SECOND, queue: '1MB' }
      const report = await outage({ version: '4', seed: 1, ...load, dir })
      t.diagnostic(JSON.stringify({ ...report, verdict: report.verdict.audit }))
      assert.ok(isClean(report.verdict), JSON.stringify(report.verdict))
      assert.deepEqual(
        report.gaps.map(({ cause }) => cause),
        ['tape slow'],
      )
      assert.equal(report.handshakes, 1, 'the recorder stayed connected to the feed')
      assert.ok(report.residentMbMax < 400, `${report.residentMbMax} MB`)
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
