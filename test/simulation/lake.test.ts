import assert from 'node:assert/strict'
import { test } from 'node:test'
import { freshSeed } from '../../src/flow/random.ts'
import { runSchedule, type Outcome } from './schedule.ts'

// SEED=n replays one schedule; SCHEDULES=n runs that many fresh ones.
const { SEED: only, SCHEDULES: many = '150' } = process.env
const FIXED = Array.from({ length: 150 }, (_, i) => i + 1)

async function runAll(seeds: readonly number[]): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = []
  for (const seed of seeds) {
    try {
      outcomes.push(await runSchedule(seed))
    } catch (cause) {
      throw new Error(`seed=${seed} fails; replay it with SEED=${seed}`, { cause })
    }
  }
  return outcomes
}

if (only !== undefined) {
  test(`seed ${only}: every record is one row, and the positions say so`, async (t) => {
    t.diagnostic(JSON.stringify(await runSchedule(Number(only))))
  })
} else {
  test('whatever fails, dies or wakes up late, every record is one row (fixed seeds)', async (t) => {
    const outcomes = await runAll(FIXED)
    const sum = (what: (one: Outcome) => number) =>
      outcomes.reduce((all, one) => all + what(one), 0)
    t.diagnostic(`commits=${sum((one) => one.commits)} processes=${sum((one) => one.processes)}`)
    // The faults must be there: processes that died were started again.
    assert.ok(sum((one) => one.processes) > outcomes.length * 3)
  })

  test('whatever fails, dies or wakes up late, every record is one row (fresh seeds)', async (t) => {
    const first = freshSeed()
    t.diagnostic(`seed=${first}`)
    await runAll(Array.from({ length: Number(many) }, (_, i) => (first + i) >>> 0))
  })

  test('a seed replays the same schedule', async () => {
    assert.deepEqual(await runSchedule(4711), await runSchedule(4711))
  })
}
