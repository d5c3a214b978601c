import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { openCluster } from '../src/tape/kafka/cluster.ts'
import { createTopic, topicsOf } from '../src/tape/kafka/topics.ts'
import { startKafka, type Kafka } from '../stack/kafka.ts'
import { clusterAt } from '../stack/meeting.ts'
import type { Rate } from '../stack/kafka/performance.ts'
import { asLines, tapeRuns, type BenchRow } from './bench.ts'

export const PARTITIONS = 8
/** What Java and librdkafka gather into one batch of one partition, bytes: as much as the tape does. */
export const BATCH_BYTES = 512 * 1024
/** A topic that forgets nothing by age keeps the trades of another year. */
const FOR_EVER = { replication: null, retentionMs: -1 }
const LINES = 200_000
const WARM_RECORDS = 2_000_000 // until the broker's own compiler has seen it all
const STDOUT_BYTES_MAX = 16 * 1024 * 1024
const TICKS = 100 // a second; what /proc counts in on every Linux of today
const run = promisify(execFile)

/** One broker, Kafka 4, that shares the cores with whoever is measured. */
export type BenchBroker = AsyncDisposable & {
  readonly kafka: Kafka
  /** Trades, one a line, for the tools that read a file. */
  readonly payloadFile: string
  /** A topic of its own and its feed log; resolves with the name. */
  makeTopic(partitions?: number): Promise<string>
  /** Fills a topic with so many trades, by a process of its own. */
  fill(topic: string, filling: { readonly trades: number; readonly codec: string }): Promise<void>
  /** Adds to the row what the broker took beside it. */
  beside(act: () => Promise<BenchRow>): Promise<BenchRow>
}

/** Starts a broker and has Kafka's own tools warm it. */
export async function startBroker(): Promise<BenchBroker> {
  await using starting = new AsyncDisposableStack()
  const kafka = starting.use(await startKafka({ version: '4' }))
  const payloadFile = join(kafka.dir, 'trades.ndjson')
  await writeFile(payloadFile, asLines(tapeRuns({ trades: LINES }, LINES)))
  const makeTopic = async (partitions = PARTITIONS) => {
    const topic = `bench_${randomUUID()}`
    const { trades, feed } = topicsOf(topic)
    await using cluster = await openCluster(clusterAt(kafka.bootstrap))
    await createTopic(cluster, trades, { ...FOR_EVER, partitions })
    await createTopic(cluster, feed, { ...FOR_EVER, partitions: 1 })
    return topic
  }
  const topic = await makeTopic()
  for (const compression of ['none', 'zstd'])
    await kafka.console.performance.produce(topic, WARM_RECORDS, {
      payloadFile,
      properties: javaProperties(compression),
    })
  await kafka.console.performance.consume(topic, WARM_RECORDS)
  const started = starting.move()
  return {
    kafka,
    payloadFile,
    makeTopic,
    fill: async (topic, { trades, codec }) => {
      const { bootstrap } = kafka
      const task = { act: 'append', name: 'fill', bootstrap, topic, trades, compression: codec }
      await measured('kafka-ours.ts', task)
    },
    beside: async (act) => {
      const before = cpuOf(kafka.broker(1).pid)
      const row = await act()
      const after = cpuOf(kafka.broker(1).pid)
      if (before === null || after === null) return row
      const broker = `broker ${(((after.own - before.own) / row.rows) * 1e6).toFixed(2)} CPU s per million`
      return { ...row, note: row.note === undefined ? broker : `${row.note}; ${broker}` }
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  }
}

/** As much in a batch as ours; everything else as Java has it by default. */
export const javaProperties = (compression: string) => ({
  acks: 'all',
  'enable.idempotence': 'true',
  'compression.type': compression,
  'batch.size': String(BATCH_BYTES),
  'linger.ms': '5',
  'buffer.memory': String(64 * 1024 * 1024),
})

/** What a module of bench/ is asked to do in a process of its own. */
export type Task = {
  readonly act: string
  readonly name: string
  readonly bootstrap: string
  readonly topic: string
  readonly trades: number
  readonly compression?: string
}

/** The row that a process of its own prints as its last line: its memory and its time are its own. */
export async function measured(module: string, task: Task): Promise<BenchRow> {
  const file = fileURLToPath(new URL(module, import.meta.url))
  return rowOf(process.execPath, [...process.execArgv, file, JSON.stringify(task)])
}

export async function rowOf(program: string, args: readonly string[]): Promise<BenchRow> {
  const { stdout } = await run(program, args, { maxBuffer: STDOUT_BYTES_MAX })
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as BenchRow
}

/** In that process. */
export async function answerTask(
  acts: Readonly<Record<string, (task: Task) => Promise<BenchRow>>>,
): Promise<void> {
  const task = JSON.parse(process.argv[2] ?? '') as Task
  const act = acts[task.act]
  if (act === undefined) throw new Error(`nothing is known of ${task.act}`)
  process.stdout.write(`\n${JSON.stringify(await act(task))}\n`, () => process.exit(0))
}

/** The row of one of Kafka's performance tools; its processor time counts its start, which its seconds do not. */
export async function javaRow(name: string, act: () => Promise<Rate>): Promise<BenchRow> {
  const before = cpuOf('self')?.children ?? 0
  const { records, recordsPerSecond } = await act()
  const after = cpuOf('self')?.children ?? 0
  return {
    name,
    rows: records,
    seconds: records / recordsPerSecond,
    rowsPerSecond: recordsPerSecond,
    cpuSeconds: after - before,
    rssMb: null,
    note: "Kafka's performance tool, its CPU with its start",
  }
}

/** User and system time of a process so far, and of its children that have ended, s; null without /proc. */
function cpuOf(pid: number | 'self' | null): { own: number; children: number } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // Behind the name, which may hold blanks: proc(5), fields 14 to 17 count from there as 11 to 14.
    const ticks = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    const sum = (at: number) => ((ticks[at] ?? 0) + (ticks[at + 1] ?? 0)) / TICKS
    return { own: sum(11), children: sum(13) }
  } catch {
    return null
  }
}
