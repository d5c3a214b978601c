import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { seededRandom } from '../../src/flow/random.ts'
import { startSimulator } from '../../src/replay/simulator.ts'
import { judge, type Verdict } from './judge.ts'
import { drain, placeOf, RATE_PER_SECOND, revive, type Proof } from './kills.ts'
import { start } from './processes.ts'

/** A lander that sleeps this long has surely been overtaken: the other commits every second. */
const SLEEP_MS = 4_000

/**
 * Stops a lander at a random moment, takes its lock file away so that a second one believes itself alone,
 * lets that one commit, and wakes the first: only the fence stands between the two and double rows.
 */
export async function wakeZombies({ seed, kills: rounds, dir, say }: Proof): Promise<Verdict> {
  await mkdir(dir, { recursive: true })
  await using feed = await startSimulator({ seed, ratePerSecond: RATE_PER_SECOND })
  const place = placeOf(dir, feed.url)
  const random = seededRandom(seed)
  const record = revive('record', place)
  let land = revive('land', place)
  for (let round = 0; round < rounds; round++) {
    await delay(2_000 + random.next() * 2_000)
    const zombie = land
    zombie.signal('SIGSTOP')
    await rm(join(dir, 'data', 'tape', 'lander.lock'), { force: true })
    land = start(`land-${round + 1}`, ['land'], place)
    await delay(SLEEP_MS)
    zombie.signal('SIGCONT')
    await delay(1_000 + random.next() * 1_000)
    zombie.signal('SIGTERM')
    await zombie.exited
    say(`${round + 1} of ${rounds} zombies woken`)
  }
  await drain({ record, land }, place)
  return judge(place)
}
