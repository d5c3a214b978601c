import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { seededRandom, type Random } from '../../src/flow/random.ts'
import { startSimulator } from '../../src/replay/simulator.ts'
import { judge, type Verdict } from './judge.ts'
import { drain, newFile, placeOf, RATE_PER_SECOND, revive, type Proof } from './kills.ts'
import { leftoversIn, type Leftovers } from './leftovers.ts'
import { start, ticklake, type Place } from './processes.ts'

/** An upkeep command is killed in this stretch of its life: it starts in a third of a second, and is quick. */
const LIFE_MS = { first: 250, last: 1_100 } as const
const JOBS = [['compact'], ['expire', '--keep', '3']] as const
/** Files whose appearance says that a job is in its midst. */
const MIDST = { compact: /rewritten-.*parquet/, expire: /\.metadata\.json/ } as const

/** What was killed, and what two programs and a last cleaning found afterwards. */
export type UpkeepReport = {
  readonly seed: number
  readonly kills: { readonly compact: number; readonly expire: number }
  /** Jobs that had ended before their kill came. */
  readonly tooLate: number
  readonly verdict: Verdict
  readonly leftovers: Leftovers
}

/** Kills compactions and expiries while a recorder and a lander work on the same lake. */
export async function killUpkeep({ seed, kills, dir, say }: Proof): Promise<UpkeepReport> {
  await mkdir(dir, { recursive: true })
  await using feed = await startSimulator({ seed, ratePerSecond: RATE_PER_SECOND })
  const place = placeOf(dir, feed.url)
  const random = seededRandom(seed)
  const parts = { record: revive('record', place), land: revive('land', place) }
  const count = { compact: 0, expire: 0 }
  let tooLate = 0
  try {
    await landed(place)
    while (count.compact + count.expire < kills) {
      const job = JOBS[random.integer(JOBS.length)] ?? JOBS[0]
      if (await killed(job, place, random)) count[job[0]] += 1
      else tooLate += 1
      const done = count.compact + count.expire
      if (done % 10 === 0) say(`${done} of ${kills} kills of upkeep`)
    }
    for (const job of JOBS) {
      const { code, stderr } = await ticklake(job, place)
      if (code !== 0) throw new Error(`${job.join(' ')} ended with ${code}: ${stderr}`)
    }
    await drain(parts, place)
  } finally {
    for (const part of Object.values(parts)) part.signal('SIGKILL')
  }
  const verdict = await judge(place)
  const leftovers = await leftoversIn(join(dir, 'data', 'lake'))
  return { seed, kills: count, tooLate, verdict, leftovers }
}

/** Until there is a table to take care of. */
async function landed(place: Place): Promise<void> {
  for (let i = 0; i < 100; i++) {
    const { code, stdout } = await ticklake(['ls', '--json'], place)
    if (code === 0 && stdout.includes('"records"')) return
    await delay(300)
  }
  throw new Error('nothing landed')
}

/** SIGKILL in its midst, or after a random while. False: it had ended before. */
async function killed(job: (typeof JOBS)[number], place: Place, random: Random): Promise<boolean> {
  const midst = newFile(join(place.dir, 'data'), random.next() * 150, MIDST[job[0]])
  const part = start('upkeep', job, place)
  const lifeMs = LIFE_MS.first + random.next() * (LIFE_MS.last - LIFE_MS.first)
  const isDirected = random.next() < 0.7
  await Promise.race([isDirected ? midst : delay(lifeMs), part.exited])
  part.signal('SIGKILL')
  return (await part.exited).signal === 'SIGKILL'
}
