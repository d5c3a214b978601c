import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startSimulator } from '../../src/replay/simulator.ts'
import { startKafka } from '../../stack/kafka.ts'
import { judgeKafka, type Gap, type KafkaVerdict } from './judge.ts'
import { SYMBOLS, TOPIC } from './kafka-chaos.ts'
import { start, type Place } from './processes.ts'

/** Landing and recording before and after. */
const CALM_MS = 8_000
const WATCH_MS = 200

export type OutageOptions = {
  readonly version: '3' | '4'
  readonly seed: number
  readonly outageMs: number
  readonly ratePerSecond: number
  /** As `record.queue` takes it: smaller than what comes in the outage. */
  readonly queue: string
  readonly dir: string
}

export type OutageReport = {
  readonly verdict: KafkaVerdict
  /** Gaps that touch the outage, by the recorder's causes. */
  readonly gaps: readonly Gap[]
  /** The most memory that the recorder took, MB. */
  readonly residentMbMax: number
  /** How often the recorder connected to the feed: an outage of the brokers is no reason to. */
  readonly handshakes: number
  /** From the broker's answer to the first record that it took, ms. */
  readonly backMs: number
}

/** Stops the only broker under load for a while, starts it again, and counts what became of it all. */
export async function outage(options: OutageOptions): Promise<OutageReport> {
  const { version, seed, outageMs, ratePerSecond, queue, dir } = options
  await mkdir(dir, { recursive: true })
  await using kafka = await startKafka({ version })
  await using feed = await startSimulator({ seed, ratePerSecond, symbols: SYMBOLS.split(',') })
  const place: Place = {
    dir,
    env: {
      TICKLAKE_TAPE: `kafka://${kafka.bootstrap}/${TOPIC}`,
      TICKLAKE_LAKE: `file:${join(dir, 'lake')}`,
      TICKLAKE_DATA: join(dir, 'data'),
      TICKLAKE_FEED: feed.url,
      TICKLAKE_SOURCE: 'proof',
      TICKLAKE_SYMBOLS: SYMBOLS,
      TICKLAKE_LAND_AGE: '1s',
      TICKLAKE_RECORD_QUEUE: queue,
    },
  }
  const record = start('record', ['record'], place)
  const land = start('land', ['land'], place)
  const watch = watchMemory(record.pid)
  try {
    while (feed.connections() === 0) await delay(WATCH_MS)
    await delay(CALM_MS)
    const from = Date.now()
    await kafka.broker(1).stop()
    await delay(outageMs)
    await kafka.broker(1).start()
    const to = Date.now()
    await delay(CALM_MS)
    for (const part of [record, land]) {
      part.signal('SIGTERM')
      const { code, signal } = await part.exited
      if (code !== 0) throw new Error(`a part drained with ${code ?? signal}: see ${dir}`)
    }
    const verdict = await judgeKafka(place, kafka.bootstrap, TOPIC)
    const touches = (gap: Gap) => Date.parse(gap.from) < to && Date.parse(gap.to) > from
    const gaps = verdict.gaps.filter(touches)
    const last = Math.max(...gaps.map((gap) => Date.parse(gap.to)))
    return {
      verdict,
      gaps,
      residentMbMax: watch.most(),
      handshakes: feed.handshakes(),
      backMs: last - to,
    }
  } finally {
    watch.stop()
    for (const part of [record, land]) part.signal('SIGKILL')
  }
}

/** Looks at a process's resident memory all the time (Linux). */
function watchMemory(pid: number): { most(): number; stop(): void } {
  let most = 0
  const timer = setInterval(() => {
    try {
      const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1])
      most = Math.max(most, (pages * 4096) / 1e6)
    } catch {
      clearInterval(timer) // it has ended
    }
  }, WATCH_MS)
  return { most: () => Math.round(most), stop: () => clearInterval(timer) }
}
