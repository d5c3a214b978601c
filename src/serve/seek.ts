import { offset, type Offset, type Partition } from '../market/records.ts'
import type { Bounds, Log } from '../tape/tape.ts'

/** The first offset whose record came at or after `keptFrom`, by halving; times on a tape do not go back much. */
export async function firstAtOrAfter(
  log: Log,
  where: { partition: Partition; keptFrom: number; signal: AbortSignal; bounds: Bounds },
): Promise<Offset> {
  const { partition, keptFrom, signal } = where
  let { earliest: low, end: high } = where.bounds
  while (low < high && !signal.aborted) {
    const middle = offset(Math.floor((low + high) / 2))
    const receivedMs = await receivedAt(log, { partition, at: middle, signal })
    if (receivedMs !== null && receivedMs < keptFrom) low = offset(middle + 1)
    else high = middle
  }
  return signal.aborted ? where.bounds.earliest : low
}

/** When the record at an offset came, ms since 1970 UTC; null: it cannot be read. */
export async function receivedAt(
  log: Log,
  { partition, at, signal }: { partition: Partition; at: Offset; signal: AbortSignal },
): Promise<number | null> {
  const until = new Map([[partition, offset(at + 1)]])
  for await (const run of log.read(new Map([[partition, at]]), until, signal))
    if (run.partition === partition && run.count > 0) return run.receivedMs[0] ?? null
  return null
}
