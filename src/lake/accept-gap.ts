import type { Clock } from '../flow/clock.ts'
import { offset, type Offset, type Partition } from '../market/records.ts'
import type { Table } from '../market/tables.ts'
import type { Log } from '../tape/tape.ts'
import { fromSingleValue } from './iceberg/single-value.ts'
import type { Lake, Stretch } from './lake.ts'
import { momentOf } from './moment.ts'

/** Records [first, next) of a partition that were trimmed from the tape before they landed. */
export type Hole = {
  readonly partition: Partition
  readonly first: Offset
  readonly next: Offset
  /** When the last record before it that landed came, ms since 1970 UTC; null: none landed. */
  readonly fromMs: number | null
  /** When the first record after it came; null: there is none yet. */
  readonly toMs: number | null
}

export type Looking = {
  readonly lake: Lake
  readonly log: Log
  readonly table: Table
  readonly signal: AbortSignal
}

/** The holes between where the lake stands and where the tape begins. */
export async function findHoles({ lake, log, table, signal }: Looking): Promise<readonly Hole[]> {
  const bounds = await log.bounds()
  const positions = await lake.positions([...bounds.keys()])
  const holes: Hole[] = []
  for (const [partition, { next: first }] of positions) {
    const next = bounds.get(partition)?.earliest
    if (next === undefined || next <= first) continue
    const fromMs = await lastLandedMs(lake, table)
    const toMs = await receivedMs(log, { partition, at: next, signal })
    holes.push({ partition, first, next, fromMs, toMs })
  }
  return holes
}

/**
 * Moves the lake's positions over holes that the operator accepted, in one commit without rows. What accepts
 * them in the feed log (`hole_accepted`) is written before. Faults as `Lake.commit`.
 */
export async function stepOver(
  holes: readonly Hole[],
  { lake, clock }: { readonly lake: Lake; readonly clock: Clock },
): Promise<void> {
  const stretches = new Map<Partition, Stretch>(
    holes.map(({ partition, first, next }) => [
      partition,
      { first, position: { next, last: null } },
    ]),
  )
  await lake.commit({ files: [], rows: 0, stretches, stagedAt: momentOf(clock) })
}

/** From the bounds of the files, so of all partitions together. */
async function lastLandedMs(lake: Lake, { fields }: Table): Promise<number | null> {
  const field = fields.find(({ type, bounds }) => type === 'timestamp' && bounds)
  const received = fields.find(({ name, bounds }) => name === 'received_at' && bounds) ?? field
  const { files } = await lake.snapshot()
  const times = files.flatMap(({ upper }) => {
    const bytes = upper.get(received?.id ?? -1)
    const micros = bytes === undefined ? null : fromSingleValue('timestamp', bytes)
    return typeof micros === 'bigint' ? [Number(micros) / 1_000] : []
  })
  return times.length === 0 ? null : Math.floor(times.reduce((a, b) => Math.max(a, b)))
}

async function receivedMs(
  log: Log,
  {
    partition,
    at,
    signal,
  }: { readonly partition: Partition; readonly at: Offset; readonly signal: AbortSignal },
): Promise<number | null> {
  const one = new Map([[partition, offset(at + 1)]])
  for await (const run of log.read(new Map([[partition, at]]), one, signal))
    if (run.count > 0) return run.receivedMs[0] ?? null
  return null
}
