import type { Run } from '../../market/records.ts'
import type { Surroundings } from './cluster.ts'

/** How far a turn is behind the end of the log, of each partition, as gauges. */
export type ReadLag = {
  /** So many records have not been fetched. */
  fetched(fetched: { readonly partition: number; readonly behind: number }): void
  /** A run goes to whoever lands it. */
  given(run: Run): void
  /** The turn has ended: others may read these partitions now. */
  over(): void
}

type Seen = { behind: number; receivedMs: number | null }

/**
 * In records as of the last fetch; in seconds since the last record that was given came, or 0 where all that
 * there is has been fetched.
 */
export function readLag(
  { metrics, clock }: Pick<Surroundings, 'metrics' | 'clock'>,
  topic: string,
): ReadLag {
  const seen = new Map<number, Seen>()
  const seenOf = (partition: number): Seen => {
    const known = seen.get(partition)
    if (known !== undefined) return known
    const fresh = { behind: 0, receivedMs: null }
    seen.set(partition, fresh)
    return fresh
  }
  const tell = (partition: number, { behind, receivedMs }: Seen) => {
    const labels = { topic, partition: String(partition) }
    const silentMs = behind === 0 || receivedMs === null ? 0 : clock.now() - receivedMs
    metrics.set('ticklake_kafka_read_lag_records', behind, labels)
    metrics.set('ticklake_kafka_read_lag_seconds', Math.max(0, silentMs) / 1_000, labels)
  }
  return {
    fetched: ({ partition, behind }) => {
      const one = seenOf(partition)
      one.behind = behind
      tell(partition, one)
    },
    given: ({ partition, receivedMs }) => {
      const one = seenOf(partition)
      one.receivedMs = receivedMs.at(-1) ?? one.receivedMs
      tell(partition, one)
    },
    over: () => {
      for (const partition of seen.keys()) tell(partition, { behind: 0, receivedMs: null })
    },
  }
}
