import type { LakeSnapshot } from '../lake/lake.ts'
import { offset, type Offset, type Partition } from '../market/records.ts'
import type { Log } from '../tape/tape.ts'
import type { Extent } from './verify.ts'

const DAY_MS = 86_400_000

/** One partition as tape and lake tell of it. */
export type Claim = {
  readonly partition: Partition
  readonly earliest: Offset
  readonly end: Offset
  /** The lake claims every record below it; null: it claims none. */
  readonly position: Offset | null
  /** What was asked for: [from, to). */
  readonly from: Offset
  readonly to: Offset
  /** What can be compared of it: on the tape and claimed; empty where first is not below next. */
  readonly first: Offset
  readonly next: Offset
}

type Claiming = {
  readonly log: Pick<Log, 'bounds' | 'read'>
  readonly snapshot: LakeSnapshot
  readonly extent: Extent
  readonly signal: AbortSignal
}

/** Every partition that the tape or the lake knows, by number. */
export async function claimsOf({
  log,
  snapshot,
  extent,
  signal,
}: Claiming): Promise<readonly Claim[]> {
  const bounds = await log.bounds()
  const ofDay = extent.day === undefined ? null : await offsetsOfDay(log, extent.day, signal)
  const partitions = new Set([...bounds.keys(), ...snapshot.positions.keys()])
  return [...partitions]
    .toSorted((a, b) => a - b)
    .map((partition) => {
      const { earliest, end } = bounds.get(partition) ?? { earliest: offset(0), end: offset(0) }
      const position = snapshot.positions.get(partition)?.next ?? null
      const day = ofDay === null ? EVER : (ofDay.get(partition) ?? NEVER)
      const from = offset(Math.max(day.from, extent.from ?? 0))
      const to = offset(Math.min(day.to, extent.to ?? EVER.to))
      const first = offset(Math.max(from, earliest))
      const next = offset(Math.max(first, Math.min(to, end, position ?? 0)))
      return { partition, earliest, end, position, from, to, first, next }
    })
}

const EVER = { from: offset(0), to: offset(Number.MAX_SAFE_INTEGER) }
const NEVER = { from: offset(0), to: offset(0) }

/** From the first record that came on that day to the last. */
async function offsetsOfDay(
  log: Pick<Log, 'bounds' | 'read'>,
  day: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<Partition, { readonly from: Offset; readonly to: Offset }>> {
  const bounds = await log.bounds()
  const ends = new Map([...bounds].map(([partition, { end }]) => [partition, end]))
  const found = new Map<Partition, { readonly from: Offset; readonly to: Offset }>()
  for await (const run of log.read(new Map(), ends, signal)) {
    const isOnDay = (ms: number) => Math.floor(ms / DAY_MS) === day
    const received = run.receivedMs.subarray(0, run.count)
    const last = received.findLastIndex(isOnDay)
    if (last === -1) continue
    const at = (i: number) => offset(run.first + (run.delta[i] ?? 0))
    const from = found.get(run.partition)?.from ?? at(received.findIndex(isOnDay))
    found.set(run.partition, { from, to: offset(at(last) + 1) })
  }
  return found
}
