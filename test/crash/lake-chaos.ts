import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { seededRandom, type Random } from '../../src/flow/random.ts'
import { startSimulator } from '../../src/replay/simulator.ts'
import { startAws, type Aws } from '../../stack/aws.ts'
import { startKafka, type Kafka } from '../../stack/kafka.ts'
import { startMinio, type Minio } from '../../stack/minio.ts'
import { judgeGlue, type KafkaVerdict } from './judge.ts'
import { SYMBOLS, TOPIC } from './kafka-chaos.ts'
import { leftoversOnGlue, type Leftovers } from './leftovers.ts'
import { start, ticklake, type Part, type Place } from './processes.ts'

const DATABASE = 'chaos'
const PREFIX = 'chaos'
/** The catalog applies one swap in so many and then fails to say so. */
const LOST_ANSWERS = 1 / 20
/** …and the store one request in so many. */
const STORE_MISHAPS = 1 / 100
/** The last landing of all takes this long to join the group and hear a signal. */
const START_MS = 4_000
const KEEP = '20'

export type LakeChaosOptions = {
  /** `minio` is killed and started again; moto's S3 only has mishaps. */
  readonly store: 'minio' | 'moto'
  readonly landers: number
  readonly seconds: number
  readonly landAge: string
  readonly ratePerSecond: number
  readonly seed: number
  readonly dir: string
  readonly say: (line: string) => void
}

export const LAKE_STRIKES = [
  'kill a lander',
  'kill the store',
  'compact, killed in the midst',
  'expire, killed in the midst',
  'compact',
  'expire',
] as const
export type LakeStrike = (typeof LAKE_STRIKES)[number]

export type LakeChaosReport = {
  readonly seed: number
  readonly strikes: Readonly<Partial<Record<LakeStrike, number>>>
  /** Swaps of the catalog that were applied and answered with an error. */
  readonly lostAnswers: number
  readonly storeMishaps: number
  readonly verdict: KafkaVerdict
  readonly leftovers: Leftovers
}

/**
 * Landers on one table of S3 and Glue, with lost answers, a store that dies, and upkeep beside them that is killed
 * too; then a quiet end, the count by two programs, and a cleaning after which nothing may be left over or missing.
 */
export async function lakeChaos(options: LakeChaosOptions): Promise<LakeChaosReport> {
  const { seed, seconds, ratePerSecond, dir, say } = options
  await mkdir(dir, { recursive: true })
  await using held = new AsyncDisposableStack()
  const minio = options.store === 'minio' ? held.use(await startMinio({ seed })) : null
  const aws = held.use(await startAws({ seed, ...(minio && { s3: minio.direct }) }))
  const kafka = held.use(await startKafka({ version: '4' }))
  const market = { seed, ratePerSecond, symbols: SYMBOLS.split(','), oneConnection: false }
  const feed = held.use(await startSimulator(market))
  const random = seededRandom(seed)
  const world = createWorld({ aws, kafka, minio, random, feedUrl: feed.url, options })
  held.defer(() => world.killAll())
  const done: Partial<Record<LakeStrike, number>> = {}
  await world.begin()
  const lost = { kind: 'applied-then-500', operation: 'UpdateTable' } as const
  aws.glueFaults.inject({ ...lost, times: 1 }) // the first, for a short run on a slow machine
  aws.glueFaults.inject({ ...lost, chance: LOST_ANSWERS })
  for (const kind of ['applied-then-500', 'applied-then-cut', 'slow-down', 'cut'] as const)
    aws.s3Faults.inject({ kind, operation: ['PutObject', 'GetObject'], chance: STORE_MISHAPS / 4 })
  const possible = LAKE_STRIKES.filter((strike) => strike !== 'kill the store' || minio !== null)
  const until = Date.now() + seconds * 1000
  while (Date.now() < until) {
    await delay(1_000 + random.next() * Math.min(9_000, seconds * 100))
    const strike = possible[random.integer(possible.length)] ?? 'compact'
    say(`${Math.max(0, Math.round((until - Date.now()) / 1000))} s left: ${strike}`)
    await world.strike(strike)
    done[strike] = (done[strike] ?? 0) + 1
  }
  const lostAnswers = aws.glueFaults.happened('applied-then-500')
  const storeMishaps = aws.s3Faults.happened()
  aws.glueFaults.clear()
  aws.s3Faults.clear()
  await world.drain()
  const verdict = await judgeGlue(world.place('judge'), {
    bootstrap: kafka.bootstrap,
    topic: TOPIC,
    table: `${DATABASE}.records`,
  })
  const left = await leftoversOnGlue({ aws, database: DATABASE, prefix: PREFIX })
  return { seed, strikes: done, lostAnswers, storeMishaps, verdict, leftovers: left }
}

type WorldParts = {
  readonly aws: Aws
  readonly kafka: Kafka
  readonly minio: Minio | null
  readonly random: Random
  readonly feedUrl: string
  readonly options: LakeChaosOptions
}

function createWorld({ aws, kafka, minio, random, feedUrl, options }: WorldParts) {
  const { dir, landers: count } = options
  const parts = new Map<string, Part>()
  const landers = Array.from({ length: count }, (_, i) => `land-${i + 1}`)
  /** Each process has a data folder of its own, as on a machine of its own. */
  const place = (name: string): Place => ({
    dir,
    env: {
      ...aws.env,
      TICKLAKE_TAPE: `kafka://${kafka.bootstrap}/${TOPIC}`,
      TICKLAKE_LAKE: `s3://${aws.bucket}/${PREFIX}`,
      TICKLAKE_CATALOG: `glue:${DATABASE}`,
      TICKLAKE_S3_ENDPOINT: aws.s3,
      TICKLAKE_GLUE_ENDPOINT: aws.glue,
      TICKLAKE_DATA: join(dir, name),
      TICKLAKE_FEED: feedUrl,
      TICKLAKE_SOURCE: 'proof',
      TICKLAKE_SYMBOLS: SYMBOLS,
      TICKLAKE_LAND_AGE: options.landAge,
    },
  })
  const revive = (name: string) => {
    const [command = ''] = name.split('-')
    parts.set(name, start(name, [command], place(name)))
  }
  const part = (name: string): Part => {
    const found = parts.get(name)
    if (found === undefined) throw new Error(`no part ${name}`)
    return found
  }
  const aLander = () => landers[random.integer(landers.length)] ?? 'land-1'
  const tend = async (args: readonly string[], killed: boolean) => {
    const name = `${args[0]}-${killed ? 'killed' : 'whole'}`
    const one = start(name, args, place('upkeep'))
    parts.set(name, one)
    if (killed) {
      await delay(400 + random.next() * 2_500)
      one.signal('SIGKILL')
    }
    const { code } = await one.exited
    // A store that is away ends it with 1; anything else but done is a fault of ours.
    if (!killed && code !== 0 && code !== 1) throw new Error(`${name} ended with ${code}`)
  }
  return {
    place,
    killAll: () => {
      for (const one of parts.values()) one.signal('SIGKILL')
    },
    begin: async () => {
      const made = await ticklake(['topic', 'create', '--partitions', '8'], place('topic'))
      if (made.code !== 0) throw new Error(made.stderr)
      for (const name of ['record', ...landers]) revive(name)
      await delay(START_MS)
    },
    strike: async (strike: LakeStrike) => {
      switch (strike) {
        case 'kill a lander': {
          const name = aLander()
          part(name).signal('SIGKILL')
          await part(name).exited
          revive(name)
          break
        }
        case 'kill the store':
          await minio?.kill()
          await delay(1_000 + random.next() * 6_000)
          await minio?.start()
          break
        case 'compact':
        case 'compact, killed in the midst':
          await tend(['compact'], strike !== 'compact')
          break
        case 'expire':
        case 'expire, killed in the midst':
          await tend(['expire', '--keep', KEEP], strike !== 'expire')
          break
      }
      // Supervised as by `up`: a part that ended by itself is started again.
      for (const name of ['record', ...landers]) if (!part(name).running()) revive(name)
    },
    drain: async () => {
      await delay(START_MS)
      await end('record', part('record'))
      await delay(1_000)
      await Promise.all(landers.map((name) => end(name, part(name))))
      // Each lands its own partitions to the end; those of one that was killed a moment ago have nobody yet.
      revive('land-last')
      await delay(2 * START_MS)
      await end('land-last', part('land-last'))
    },
  }
}

async function end(name: string, part: Part): Promise<void> {
  part.signal('SIGTERM')
  const { code, signal } = await part.exited
  if (code !== 0) throw new Error(`${name} drained with ${code ?? signal}; see its log`)
}
