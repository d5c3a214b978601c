import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { freshSeed } from '../../src/flow/random.ts'
import { isClean } from '../crash/judge.ts'
import { kill } from '../crash/kills.ts'
import { wakeZombies } from '../crash/zombies.ts'
import { withoutReaders } from '../readers/python.ts'

const FIXED_SEED = 20_261_123
const skip = withoutReaders('pyiceberg')

/** Proves in a folder of its own, which stays when the proof fails: a failing seed is worth its evidence. */
async function inFolder(t: TestContext, prove: (dir: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'ticklake-kills-'))
  t.diagnostic(dir)
  await prove(dir)
  await rm(dir, { recursive: true, force: true })
}

describe('real processes, killed', { skip }, () => {
  for (const seed of [FIXED_SEED, freshSeed()]) {
    it(`lose, repeat and alter nothing in ten kills, and every outage is a gap (seed=${seed})`, async (t) => {
      await inFolder(t, async (dir) => {
        const report = await kill({ seed, kills: 10, dir, say: (line) => t.diagnostic(line) })
        t.diagnostic(JSON.stringify(report.kills))
        t.diagnostic(JSON.stringify(report.verdict.audit))
        assert.ok(isClean(report.verdict), JSON.stringify(report.verdict))
        assert.deepEqual(report.killsOutsideGaps, [])
      })
    })
  }

  it('write nothing twice when a stopped lander wakes after another took over', async (t) => {
    await inFolder(t, async (dir) => {
      const say = (line: string) => t.diagnostic(line)
      const verdict = await wakeZombies({ seed: FIXED_SEED, kills: 2, dir, say })
      t.diagnostic(JSON.stringify(verdict.audit))
      assert.ok(isClean(verdict), JSON.stringify(verdict))
    })
  })
})
