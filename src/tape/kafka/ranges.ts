import { Fault } from '../../flow/fault.ts'
import { offset, type Offset, type Partition } from '../../market/records.ts'
import type { Bounds, Starts } from '../tape.ts'
import type { OpenTopic } from './topic.ts'

/** Partitions and where each begins and, unless it is followed, ends. */
export type Ranges = ReadonlyMap<Partition, { readonly from: Offset; readonly until: Offset }>

/** Why a partition has no record at `from`. */
export async function outOfRange(
  topic: OpenTopic,
  { partition, from }: { readonly partition: Partition; readonly from: Offset },
): Promise<Fault> {
  const bounds = (await topic.bounds()).get(partition)
  const { earliest, end } = bounds ?? { earliest: offset(0), end: offset(0) }
  if (from < earliest) return trimmed(topic, partition, { from, earliest })
  return pastEnd(topic, partition, { start: from, end })
}

const trimmed = (
  { name }: OpenTopic,
  partition: Partition,
  { from, earliest }: { from: Offset; earliest: Offset },
): Fault =>
  new Fault(
    'conflict',
    `topic ${name}, partition ${partition}: records [${from}, ${earliest}) were trimmed`,
    { remedy: 'Ask the lake again where it stands; the topic kept these no longer.' },
  )

const pastEnd = (
  { name }: OpenTopic,
  partition: Partition,
  { start, end }: { start: Offset; end: Offset },
): Fault =>
  new Fault(
    'corrupt',
    `topic ${name}, partition ${partition}: ${start} lies past the end, ${end}`,
    {
      remedy:
        'The topic lost records that it had (an unclean election, a restored disk): see docs/operating.md, "The tape is not the one that landed".',
    },
  )

/** Where each partition begins and ends for a reader of `from` up to `until`, by the log's bounds now. */
export function rangesOf(
  topic: OpenTopic,
  bounds: ReadonlyMap<Partition, Bounds>,
  { from, until }: { readonly from: Starts; readonly until: Starts | 'follow' },
): Ranges {
  const ranges = new Map<Partition, { from: Offset; until: Offset }>()
  for (const [partition, { earliest, end }] of bounds) {
    if (until !== 'follow' && !until.has(partition)) continue
    const start = from.get(partition) ?? earliest
    if (start > end) throw pastEnd(topic, partition, { start, end })
    if (start < earliest) throw trimmed(topic, partition, { from: start, earliest })
    const limit = until === 'follow' ? Number.MAX_SAFE_INTEGER : until.get(partition)
    ranges.set(partition, {
      from: start,
      until: offset(until === 'follow' ? Number(limit) : Math.min(limit ?? 0, end)),
    })
  }
  return ranges
}
