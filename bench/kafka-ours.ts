import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTradeDecoder } from '../src/feed/finnhub-trades.ts'
import { openKafkaTape } from '../src/tape/kafka-tape.ts'
import { COMPRESSIONS, type Compression } from '../src/tape/kafka/compression.ts'
import type { Tape } from '../src/tape/tape.ts'
import { measure, type BenchRow } from './bench.ts'
import { openFilled, openLanding } from './filled.ts'
import { clusterAt } from '../stack/meeting.ts'
import { answerTask, type Task } from './kafka.ts'
import { appendBlocks, readyBlocks, recordSocket } from './record.ts'

const POOL_TRADES = 264_000 // four appends
const BLOCK_FRAMES = 4_450 // 66,000 trades, 4 MB
const SOURCE = 'bench'

const compressionOf = ({ compression }: Task): Compression =>
  COMPRESSIONS.find((known) => known === compression) ?? 'zstd'

const openTape = (task: Task, mode: 'read' | 'write'): Promise<Tape> =>
  openKafkaTape({
    ...clusterAt(task.bootstrap),
    topic: task.topic,
    mode,
    source: SOURCE,
    compression: compressionOf(task),
  })

/** Ready blocks of 4 MB, each append acknowledged before the next. */
async function append(task: Task): Promise<BenchRow> {
  const blocks = await readyBlocks({ trades: POOL_TRADES, frames: BLOCK_FRAMES })
  await using tape = await openTape(task, 'write')
  const { name, trades } = task
  return await appendBlocks(tape, { name, trades, blocks, how: 'each append acknowledged' })
}

/** The whole recorder, from a WebSocket server in another process. */
async function socket(task: Task): Promise<BenchRow> {
  await using tape = await openTape(task, 'write')
  return await recordSocket(tape, task)
}

/** Topic → columns. */
async function read(task: Task): Promise<BenchRow> {
  await using tape = await openTape(task, 'read')
  const decode = createTradeDecoder()
  return await measure(task.name, async () => {
    const log = tape.trades
    const until = new Map([...(await log.bounds())].map(([at, { end }]) => [at, end]))
    let rows = 0
    let defects = 0
    for await (const run of log.read(new Map(), until, new AbortController().signal)) {
      const { defect } = decode(run)
      for (let i = 0; i < run.count; i++) if (defect[i] !== 0) defects += 1
      rows += run.count
    }
    if (rows !== task.trades || defects > 0) throw new Error(`${rows} records, ${defects} defects`)
    return rows
  })
}

/** Topic → lake, as one lander of its group. */
async function land(task: Task): Promise<BenchRow> {
  const { name, trades } = task
  await using held = new AsyncDisposableStack()
  const dir = held.adopt(await mkdtemp(join(tmpdir(), 'ticklake-bench-')), (dir) =>
    rm(dir, { recursive: true }),
  )
  const tape = held.use(await openTape(task, 'read'))
  const landing = held.use(await openLanding({ dir, tape, trades }))
  return await measure(name, () => landing.land())
}

/** The same from a SQLite tape. */
async function landSqlite({ name, trades }: Task): Promise<BenchRow> {
  await using filled = await openFilled(trades)
  return await measure(name, () => filled.land())
}

await answerTask({ append, socket, read, land, landSqlite })
