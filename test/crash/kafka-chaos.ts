import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { seededRandom, type Random } from '../../src/flow/random.ts'
import type { ReplayServer } from '../../src/replay/replay.ts'
import { startSimulator } from '../../src/replay/simulator.ts'
import { startKafka, type Kafka } from '../../stack/kafka.ts'
import { addPartitions } from './kafka-partitions.ts'
import { covers, judgeKafka, type KafkaVerdict } from './judge.ts'
import { start, type Part, type Place } from './processes.ts'
import { watchConnections, type SimulatorWatch } from './connections.ts'

export const TOPIC = 'kafka_finnhub'
export const SYMBOLS =
  'AAPL,AMD,AMZN,GOOGL,IBM,INTC,META,MSFT,NFLX,NVDA,ORCL,PLTR,QQQ,SPY,TSLA,UBER'
const RECORDERS = ['record-a', 'record-b'] as const
const LANDERS = ['land-a', 'land-b', 'land-c'] as const
/** Between two strikes. */
const REST_MS_MAX = 3_000
/** Longer than the session of a lander (10 s) and of a recorder (8 s). */
const SLEEP_MS = 12_000
/** A process that was just started takes this long to hear a signal. */
const START_MS = 3_000
const CUT_EVERY_MS = 150
const CUTS = 15
const PARTITIONS_MAX = 12

export type ChaosOptions = {
  readonly version: '3' | '4'
  readonly seed: number
  readonly rounds: number
  readonly ratePerSecond: number
  readonly dir: string
  readonly say: (line: string) => void
  /** Only these strikes; by default all. */
  readonly strikes?: readonly Strike[]
}

export const STRIKES = [
  'kill the recorder',
  'kill a lander',
  'kill the broker',
  'cut connections',
  'stop a lander and wake it',
  'stop the recorder and wake it',
  'add partitions',
  'rebalance storm',
] as const
export type Strike = (typeof STRIKES)[number]

/** What was done, and what three programs found afterwards: verify, librdkafka with pyiceberg, the feed's server. */
export type ChaosReport = {
  readonly seed: number
  readonly strikes: Readonly<Partial<Record<Strike, number>>>
  readonly verdict: KafkaVerdict
  /** Kills of the connected recorder whose moment is in no gap; must be none. */
  readonly killsOutsideGaps: readonly string[]
  /** Most recorders connected at once while none was stopped; must be 1. */
  readonly connectedMax: number
  /** The longest time from a kill of the connected recorder to the next connection, ms. */
  readonly takeoverMsMax: number
}

/** Two recorders, three landers and a broker under seeded strikes, then a quiet end and the count. */
export async function chaos(options: ChaosOptions): Promise<ChaosReport> {
  const { version, seed, rounds, ratePerSecond, dir, say, strikes = STRIKES } = options
  await mkdir(dir, { recursive: true })
  await using kafka = await startKafka({ version, proxied: true })
  // A feed that lets several connections in: whether there ever are two is for us to count.
  const market = { seed, ratePerSecond, symbols: SYMBOLS.split(','), oneConnection: false }
  await using feed = await startSimulator(market)
  await using watch = watchConnections(feed)
  const world = createWorld({ kafka, feed, watch, dir, random: seededRandom(seed) })
  const done: Partial<Record<Strike, number>> = {}
  try {
    await world.begin()
    for (let round = 0; round < rounds; round++) {
      await delay(world.random.next() * REST_MS_MAX)
      const strike = strikes[world.random.integer(strikes.length)] ?? 'kill a lander'
      say(`${round + 1} of ${rounds}: ${strike}`)
      await STRIKE[strike](world)
      done[strike] = (done[strike] ?? 0) + 1
    }
    await world.drain()
    const verdict = await judgeKafka(world.place('judge'), kafka.bootstrap, TOPIC)
    const killsOutsideGaps = world.kills
      .filter((at) => !verdict.gaps.some((gap) => covers(gap, at)))
      .map((at) => new Date(at).toISOString())
    const { connectedMax, takeoverMsMax } = watch.found(world.kills)
    return { seed, strikes: done, verdict, killsOutsideGaps, connectedMax, takeoverMsMax }
  } finally {
    world.killAll()
  }
}

type WorldParts = {
  readonly kafka: Kafka
  readonly feed: ReplayServer
  readonly watch: SimulatorWatch
  readonly dir: string
  readonly random: Random
}
type World = ReturnType<typeof createWorld>

function createWorld({ kafka, feed, watch, dir, random }: WorldParts) {
  const parts = new Map<string, Part>()
  const kills: number[] = []
  /** Each process has a data folder of its own, as on a machine of its own; the lake is shared. */
  const place = (name: string): Place => ({
    dir,
    env: {
      TICKLAKE_TAPE: `kafka://${kafka.bootstrap}/${TOPIC}`,
      TICKLAKE_LAKE: `file:${join(dir, 'lake')}`,
      TICKLAKE_DATA: join(dir, name),
      TICKLAKE_FEED: feed.url,
      TICKLAKE_SOURCE: 'proof',
      TICKLAKE_SYMBOLS: SYMBOLS,
      TICKLAKE_LAND_AGE: '1s',
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
  /** The recorder that is connected to the feed: a standby is not. */
  const recorder = () => watch.connected(RECORDERS.map((name) => ({ name, pid: part(name).pid })))
  return {
    kafka,
    watch,
    random,
    kills,
    place,
    revive,
    part,
    recorder,
    landers: LANDERS,
    killAll: () => {
      for (const one of parts.values()) {
        one.signal('SIGKILL')
        one.signal('SIGCONT')
      }
    },
    /** The parts are supervised here as by `up`: one that ended by itself is started again. */
    keepAlive: () => {
      for (const name of [...RECORDERS, ...LANDERS]) if (!part(name).running()) revive(name)
    },
    begin: async () => {
      for (const name of [...RECORDERS, ...LANDERS]) revive(name)
      await watch.until(() => feed.connections() > 0)
    },
    drain: async () => {
      // The standby has taken over: the feed's server may hold the socket of a killed recorder a moment longer.
      const isTakenOver = () => Number.isFinite(watch.found(kills).takeoverMsMax)
      await watch.until(() => feed.connections() > 0 && isTakenOver())
      await delay(START_MS)
      for (const name of RECORDERS) await end(name, part(name))
      await delay(1_000)
      for (const name of LANDERS) await end(name, part(name))
      // Each lands its own partitions to the end; those of one that was killed a moment ago have nobody yet.
      revive('land-last')
      await delay(START_MS)
      await end('land-last', part('land-last'))
    },
  }
}

async function end(name: string, part: Part): Promise<void> {
  part.signal('SIGTERM')
  const { code, signal } = await part.exited
  if (code !== 0) throw new Error(`${name} drained with ${code ?? signal}; see its log`)
}

const STRIKE: Readonly<Record<Strike, (world: World) => Promise<void>>> = {
  'kill the recorder': async (world) => {
    const name = await world.recorder()
    if (name === null) return
    world.part(name).signal('SIGKILL')
    world.kills.push(Date.now())
    await world.part(name).exited
    world.revive(name)
  },
  'kill a lander': async (world) => {
    const name = aLander(world)
    world.part(name).signal('SIGKILL')
    await world.part(name).exited
    world.revive(name)
  },
  'kill the broker': async ({ kafka, random, keepAlive }) => {
    const broker = kafka.broker(1)
    await broker.kill()
    await delay(random.next() * 3_000)
    await broker.start()
    keepAlive()
  },
  'cut connections': async ({ kafka }) => {
    for (let i = 0; i < CUTS; i++) {
      kafka.broker(1).proxy.cut()
      await delay(CUT_EVERY_MS)
    }
  },
  'stop a lander and wake it': async (world) => {
    const one = world.part(aLander(world))
    one.signal('SIGSTOP')
    await delay(SLEEP_MS)
    one.signal('SIGCONT')
  },
  'stop the recorder and wake it': async (world) => {
    const name = await world.recorder()
    if (name === null) return
    world.watch.excuse(true) // its socket stays open while it is stopped
    world.part(name).signal('SIGSTOP')
    await delay(SLEEP_MS)
    world.part(name).signal('SIGCONT')
    await delay(1_500) // a busy machine takes a moment to wake it
    world.watch.excuse(false)
  },
  'add partitions': async ({ kafka }) => {
    await addPartitions(kafka.bootstrap, { topic: TOPIC, more: 1, most: PARTITIONS_MAX })
  },
  'rebalance storm': async (world) => {
    const extra = ['land-d', 'land-e']
    for (let i = 0; i < 3; i++) {
      for (const name of extra) world.revive(name)
      await delay(1_500 + world.random.next() * 1_500)
      for (const name of extra) world.part(name).signal(i === 1 ? 'SIGKILL' : 'SIGTERM')
      await Promise.all(extra.map((name) => world.part(name).exited))
    }
  },
}

const aLander = ({ landers, random }: World): string =>
  landers[random.integer(landers.length)] ?? landers[0]
