import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { freshSeed } from '../../src/flow/random.ts'
import { isClean } from './judge.ts'
import { kill } from './kills.ts'
import { wakeZombies } from './zombies.ts'

// npm run proof -- [--kills N] [--zombies N] [--seed N]: kills real processes and says what two programs found.

const FIXED_SEED = 20_261_123
const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    zombies: { type: 'string', default: '10' },
    seed: { type: 'string' },
  },
})
const seeds = values.seed === undefined ? [FIXED_SEED, freshSeed()] : [Number(values.seed)]
const say = (line: string) => console.error(line)

for (const [i, seed] of seeds.entries()) {
  const kills = Math.ceil(Number(values.kills) / seeds.length)
  await inFolder(`kills, seed=${seed}`, async (dir) => {
    const report = await kill({ seed, kills, dir, say })
    const { gaps, ...verdict } = report.verdict
    console.log(JSON.stringify({ proof: 'kills', ...report, verdict, gaps: gaps.length }))
    return isClean(report.verdict) && report.killsOutsideGaps.length === 0
  })
  if (i > 0) continue
  await inFolder(`zombies, seed=${seed}`, async (dir) => {
    const { gaps, ...verdict } = await wakeZombies({
      seed,
      kills: Number(values.zombies),
      dir,
      say,
    })
    console.log(JSON.stringify({ proof: 'zombies', seed, verdict, gaps: gaps.length }))
    return isClean({ ...verdict, gaps })
  })
}

/** Runs one proof in a folder of its own; the folder is kept when the proof fails. */
async function inFolder(title: string, prove: (dir: string) => Promise<boolean>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'ticklake-proof-'))
  say(`${title}: ${dir}`)
  const clean = await prove(dir)
  if (clean) await rm(dir, { recursive: true, force: true })
  else process.exitCode = 1
  say(clean ? `${title}: proved` : `${title}: FAILED; everything is kept in ${dir}`)
}
