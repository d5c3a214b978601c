import type { Aborted } from './batch-decoder.ts'
import type { Api, KafkaLibrary, ResponseReader } from './wire.ts'

/** What one partition is asked for. */
export type Wanted = { readonly partition: number; readonly from: number }

/** What one partition answered. `blob`: record batches as they lie in the log; null: nothing to read there. */
export type Fetched = {
  readonly partition: number
  readonly code: number
  /** The offset behind the last record that no open transaction can take back; -1 with an error. */
  readonly stable: number
  readonly earliest: number
  readonly aborted: readonly Aborted[]
  readonly blob: Uint8Array | null
}

export type FetchLimits = {
  /** How long the broker may wait for something to answer, ms. */
  readonly waitMs: number
  /** Of compressed batches; the first one comes whole even where it is larger. */
  readonly bytesMax: number
  readonly partitionBytesMax: number
}

export type Answer = { readonly code: number; readonly partitions: readonly Fetched[] }
export type FetchApi = Api<[string, readonly Wanted[], FetchLimits], Answer>

const READ_COMMITTED = 1
const NO_EPOCH = -1

/**
 * Fetch v13 of one topic, by its id, without a session; batches are given as they came (Kafka 3.1 or newer).
 *
 *     Request  => replica max_wait min_bytes max_bytes isolation session_id session_epoch [topic] [forgotten] rack TAGS
 *       topic     => id [partition] TAGS
 *       partition => index leader_epoch offset last_epoch log_start max_bytes TAGS
 *     Response => throttle error session [topic] TAGS
 *       topic     => id [partition] TAGS
 *       partition => index error high_watermark last_stable log_start [aborted] replica records TAGS
 *       aborted   => producer_id first_offset TAGS
 */
export function fetchApi({ createAPI, Writer }: KafkaLibrary): FetchApi {
  return createAPI<[string, readonly Wanted[], FetchLimits], Answer>(
    1,
    13,
    (topic: string, wanted: readonly Wanted[], limits: FetchLimits) =>
      Writer.create()
        .appendInt32(-1)
        .appendInt32(limits.waitMs)
        .appendInt32(1)
        .appendInt32(limits.bytesMax)
        .appendInt8(READ_COMMITTED)
        .appendInt32(0)
        .appendInt32(-1)
        .appendArray([topic], (w, id) =>
          w
            .appendUUID(id)
            .appendArray([...wanted], (w, { partition, from }) =>
              w
                .appendInt32(partition)
                .appendInt32(NO_EPOCH)
                .appendInt64(BigInt(from))
                .appendInt32(NO_EPOCH)
                .appendInt64(-1n)
                .appendInt32(limits.partitionBytesMax),
            ),
        )
        .appendArray([], () => undefined)
        .appendString('')
        .appendTaggedFields(),
    (...[, , , r]) => {
      r.readInt32()
      const code = r.readInt16()
      r.readInt32()
      const topics = r.readArray((r) => {
        r.readUUID()
        return r.readArray(readPartition)
      })
      return { code, partitions: topics.flat() }
    },
  )
}

function readPartition(r: ResponseReader): Fetched {
  const partition = r.readInt32()
  const code = r.readInt16()
  r.readInt64()
  const stable = Number(r.readInt64())
  const earliest = Number(r.readInt64())
  const aborted =
    r.readNullableArray((r) => ({
      producerId: r.readInt64(),
      firstOffset: Number(r.readInt64()),
    })) ?? []
  r.readInt32()
  const blob = r.readNullableBytes()
  return { partition, code, stable, earliest, aborted, blob: blob?.length ? blob : null }
}
