import type { Clock } from '../flow/clock.ts'
import { offset, type Offset, type Partition, type Positions } from '../market/records.ts'
import type { Bounds, Log } from '../tape/tape.ts'

/** Where the first record that has not landed is looked for: end marks of transactions are no records. */
const LOOK_OFFSETS = 100

/** How far tape and lake are apart. */
export type Progress = {
  /** Records ever written to the tape. */
  readonly records: number
  readonly lagRecords: number | null
  /** Since the oldest record that has not landed came. */
  readonly lagSeconds: number | null
  /** The same of each partition; empty where the lake cannot be asked. */
  readonly partitions: readonly PartitionLag[]
}
type PartitionLag = {
  readonly partition: Partition
  readonly lagRecords: number
  readonly lagSeconds: number
}
/** Before anything is known. */
export const NO_PROGRESS: Progress = {
  records: 0,
  lagRecords: null,
  lagSeconds: null,
  partitions: [],
}

/** How far the lake is behind the tape, in records, and in seconds by the oldest record not yet landed. */
export async function progressOf(
  log: Pick<Log, 'bounds' | 'read'>,
  positions: (partitions: readonly Partition[]) => Promise<Positions>,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<Progress> {
  const bounds = await log.bounds()
  const landed = await positions([...bounds.keys()])
  const waiting = new Map(
    [...bounds].map(([partition, { earliest, end }]) => {
      const next = landedNext(landed, partition, earliest)
      return [partition, { earliest: next, end: offset(Math.max(next, end)) }]
    }),
  )
  const oldest = await oldestMs(log, waiting, signal)
  const nowMs = clock.now()
  const partitions = [...waiting].map(([partition, { earliest, end }]) => {
    const lagSeconds = Math.max(0, nowMs - (oldest.get(partition) ?? nowMs)) / 1000
    return { partition, lagRecords: end - earliest, lagSeconds }
  })
  return {
    records: [...bounds.values()].reduce((sum, { end }) => sum + end, 0),
    lagRecords: partitions.reduce((sum, { lagRecords }) => sum + lagRecords, 0),
    lagSeconds: partitions.reduce((most, { lagSeconds }) => Math.max(most, lagSeconds), 0),
    partitions,
  }
}

/** When the first record of each stretch came, as it was found last: of the same offset it stays the same. */
const FOUND = new WeakMap<object, Map<Partition, { readonly at: Offset; readonly ms: number }>>()

/** When the first record of each stretch came, ms since 1970 UTC; all that is not known is read at once. */
async function oldestMs(
  log: Pick<Log, 'read'>,
  waiting: ReadonlyMap<Partition, Bounds>,
  signal: AbortSignal,
): Promise<ReadonlyMap<Partition, number>> {
  const found = FOUND.get(log) ?? new Map<Partition, { at: Offset; ms: number }>()
  FOUND.set(log, found)
  const behind = [...waiting].filter(([, { earliest, end }]) => earliest < end)
  const asked = behind.filter(([partition, { earliest }]) => found.get(partition)?.at !== earliest)
  const from = new Map(asked.map(([partition, { earliest }]) => [partition, earliest]))
  const until = new Map(
    asked.map(([at, { earliest, end }]) => [at, offset(Math.min(earliest + LOOK_OFFSETS, end))]),
  )
  if (asked.length > 0)
    for await (const { partition, receivedMs } of log.read(from, until, signal)) {
      const at = from.get(partition)
      const ms = receivedMs[0]
      if (at === undefined || ms === undefined) continue
      found.set(partition, { at, ms })
      from.delete(partition)
      if (from.size === 0) break
    }
  return new Map(
    behind.flatMap(([partition, { earliest }]) => {
      const known = found.get(partition)
      return known?.at === earliest ? [[partition, known.ms]] : []
    }),
  )
}

/** What is on the tape, where the lake cannot be asked. */
export async function tapeOnly(log: Pick<Log, 'bounds'>): Promise<Progress> {
  const ends = [...(await log.bounds()).values()].map(({ end }) => Number(end))
  return { ...NO_PROGRESS, records: ends.reduce((sum, end) => sum + end, 0) }
}

const landedNext = (landed: Positions, partition: Partition, earliest: Offset): Offset => {
  const next = landed.get(partition)?.next
  return next === undefined || next < earliest ? earliest : next
}
