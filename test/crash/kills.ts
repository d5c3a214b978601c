import { watch } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { systemClock } from '../../src/flow/clock.ts'
import { seededRandom, type Random } from '../../src/flow/random.ts'
import { startSimulator } from '../../src/replay/simulator.ts'
import { covers, judge, type Verdict } from './judge.ts'
import { start, type Part, type Place } from './processes.ts'

/** Trades a second while processes are killed: enough that every commit and every append is busy. */
export const RATE_PER_SECOND = 3_000
const SYMBOLS = 'AAPL,MSFT,NVDA,TSLA,AMZN'
/** A process lives at most this long before the next kill; the first commit comes after about 1.3 s. */
const LIFE_MS_MAX = 3_000
/** How long a directed kill waits for a file to appear. */
const FILE_WAIT_MS_MAX = 5_000

export type Proof = {
  readonly seed: number
  readonly kills: number
  readonly dir: string
  readonly say: (line: string) => void
}

/** What two programs that share no code found, after every process was killed many times. */
export type Report = {
  readonly seed: number
  readonly kills: { readonly record: number; readonly land: number; readonly directed: number }
  readonly verdict: Verdict
  /** Kills of the recorder whose moment is in no gap; must be none. */
  readonly killsOutsideGaps: readonly string[]
}

/** Kills recorder and lander `kills` times at random moments, lets the rest land, then asks both programs. */
export async function kill({ seed, kills, dir, say }: Proof): Promise<Report> {
  await mkdir(dir, { recursive: true })
  await using feed = await startSimulator({ seed, ratePerSecond: RATE_PER_SECOND })
  const place = placeOf(dir, feed.url)
  const random = seededRandom(seed)
  const parts: Record<Victim, Part> = {
    record: revive('record', place),
    land: revive('land', place),
  }
  const count = { record: 0, land: 0, directed: 0 }
  const recorderKills: number[] = []
  for (let i = 0; i < kills; i++) {
    const victim: Victim = random.next() < 0.5 ? 'record' : 'land'
    if (await strike(parts[victim], random, join(dir, 'data'))) count.directed += 1
    if (victim === 'record') recorderKills.push(Date.now())
    count[victim] += 1
    await parts[victim].exited
    parts[victim] = revive(victim, place)
    if ((i + 1) % 10 === 0) say(`${i + 1} of ${kills} kills`)
  }
  await delay(LIFE_MS_MAX)
  await drain(parts, place)
  const verdict = await judge(place)
  // A recorder that was killed before it had made the tape leaves nothing to have a gap in.
  const birth = Math.min(...verdict.gaps.map(({ from }) => Date.parse(from)))
  const killsOutsideGaps = recorderKills
    .filter((at) => at >= birth && !verdict.gaps.some((gap) => covers(gap, at)))
    .map((at) => new Date(at).toISOString())
  return { seed, kills: count, verdict, killsOutsideGaps }
}

/** Settings under which a commit is made every second. */
export const placeOf = (dir: string, feed: string): Place => ({
  dir,
  env: {
    TICKLAKE_DATA: join(dir, 'data'),
    TICKLAKE_FEED: feed,
    TICKLAKE_SOURCE: 'proof',
    TICKLAKE_SYMBOLS: SYMBOLS,
    TICKLAKE_LAND_AGE: '1s',
  },
})

export type Victim = 'record' | 'land'
export const revive = (victim: Victim, place: Place): Part => start(victim, [victim], place)

/** SIGKILL after a random while, or the moment a new file appears in the lake or tape. True: the latter. */
async function strike(part: Part, random: Random, dir: string): Promise<boolean> {
  await delay(random.next() * LIFE_MS_MAX)
  const directed = random.next() < 0.4
  if (directed) await newFile(dir, random.next() * 20)
  part.signal('SIGKILL')
  return directed
}

/** Resolves some ms after a file so named appeared below `dir`, or when none does for five seconds. */
export async function newFile(
  dir: string,
  afterMs: number,
  named = /\.(parquet|avro|json)/,
): Promise<void> {
  const controller = new AbortController()
  const watcher = watch(dir, { recursive: true, signal: controller.signal })
  const seen = new Promise<void>((done) => {
    watcher.on('change', (_kind, name) => {
      if (named.test(String(name))) done()
    })
    watcher.on('error', () => done())
  })
  await Promise.race([seen, systemClock.sleep(FILE_WAIT_MS_MAX)])
  controller.abort()
  await delay(afterMs)
}

/** Stops the recorder, lets the lander take what is left, and stops it: both must drain and exit 0. */
export async function drain(parts: Record<Victim, Part>, place: Place): Promise<void> {
  for (const victim of ['record', 'land'] as const) {
    parts[victim].signal('SIGTERM')
    const { code, signal } = await parts[victim].exited
    if (code !== 0)
      throw new Error(`${victim} drained with ${code ?? signal}: ${place.dir}/${victim}.log`)
    await delay(100)
  }
}
