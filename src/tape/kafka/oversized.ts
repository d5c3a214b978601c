import { recordBytes, type Keyed } from '../../market/records.ts'
import type { SessionEvent } from '../../market/feed-events.ts'
import { picked } from '../block.ts'
import { eventRecords, type Recorded } from '../events.ts'

/** Of a record that does not fit, as of a frame that cannot be split, the start is kept. */
const SAMPLE_BYTES_MAX = 64 * 1024

export type Fitting = {
  /** Whether a record of so many bytes, under a key of so many, can be written at all. */
  readonly fits: (sizes: { readonly bytes: number; readonly key: number }) => boolean
  /** Who records, by its last session event: an event of an older epoch would not count. */
  readonly speaker: Pick<SessionEvent, 'source' | 'recorder' | 'epoch'>
}

/**
 * The records of an append without those that the topic does not take; each of these becomes an `unreadable`
 * event with its start, so that it is told and its stretch is a gap.
 */
export function oversized({ trades, session }: Recorded, { fits, speaker }: Fitting): Recorded {
  if (trades.every((records) => tooLarge(records, fits) === null)) return { trades, session }
  const told: Keyed[] = []
  const kept = trades.map((records) => {
    const large = Array.from({ length: records.count }, (_, i) => i).filter(
      (i) => !fits(sizes(records, i)),
    )
    for (const i of large) told.push(eventRecords(unreadable(records, i, speaker)))
    return large.length === 0 ? records : without(records, new Set(large))
  })
  return { trades: kept, session: [...session, ...told] }
}

const sizes = (records: Keyed, i: number) => ({
  bytes: recordBytes(records, i).length,
  key: Buffer.byteLength(records.keys[records.key[i] ?? 0] ?? ''),
})

/** The first record that does not fit; null: all do. Most blocks are small as a whole: nothing is looked at. */
function tooLarge(records: Keyed, fits: Fitting['fits']): number | null {
  if (fits({ bytes: records.bytes.length, key: 1_024 })) return null
  for (let i = 0; i < records.count; i++) if (!fits(sizes(records, i))) return i
  return null
}

function unreadable(records: Keyed, i: number, speaker: Fitting['speaker']): SessionEvent {
  const bytes = recordBytes(records, i)
  return {
    kind: 'unreadable',
    at: Math.round(records.receivedMs[i] ?? 0),
    ...speaker,
    symbols: null,
    from: null,
    to: null,
    cause: `a record of ${bytes.length} bytes is larger than the topic takes (max.message.bytes)`,
    bytes: bytes.slice(0, SAMPLE_BYTES_MAX),
  }
}

function without(records: Keyed, gone: ReadonlySet<number>): Keyed {
  const rows = Array.from({ length: records.count }, (_, i) => i).filter((i) => !gone.has(i))
  const key = Uint32Array.from(rows, (i) => records.key[i] ?? 0)
  return { ...picked(records, rows), key, keys: records.keys }
}
