import type { Api, KafkaLibrary } from './wire.ts'

/** One finished record batch for one partition. */
export type Sent = { readonly partition: number; readonly batch: Uint8Array }
export type Acknowledged = {
  readonly partition: number
  readonly code: number
  readonly message: string | null
}
export type ProduceApi = Api<[string, readonly Sent[], number], readonly Acknowledged[]>

const ALL_IN_SYNC = -1

/**
 * Produce v9 to one topic, acks=all; batches are sent as they are (Kafka 2.8 or newer).
 *
 *     Request  => transactional_id acks timeout [topic] TAGS
 *       topic     => name [partition] TAGS
 *       partition => index records TAGS
 *     Response => [topic] throttle TAGS
 *       topic     => name [partition] TAGS
 *       partition => index error base_offset append_time log_start [record_error] message TAGS
 */
export function produceApi({ createAPI, Writer }: KafkaLibrary): ProduceApi {
  return createAPI<[string, readonly Sent[], number], readonly Acknowledged[]>(
    0,
    9,
    (topic: string, sent: readonly Sent[], timeoutMs: number) =>
      Writer.create()
        .appendString(null)
        .appendInt16(ALL_IN_SYNC)
        .appendInt32(timeoutMs)
        .appendArray([topic], (w, name) =>
          w.appendString(name).appendArray([...sent], (w, { partition, batch }) =>
            w
              .appendInt32(partition)
              .appendUnsignedVarInt(batch.length + 1)
              .append(asBuffer(batch)),
          ),
        )
        .appendTaggedFields(),
    (...[, , , r]) => {
      const topics = r.readArray((r) => {
        r.readString()
        return r.readArray((r): Acknowledged => {
          const partition = r.readInt32()
          const code = r.readInt16()
          r.readInt64()
          r.readInt64()
          r.readInt64()
          r.readArray((r) => {
            r.readInt32()
            r.readNullableString()
          })
          return { partition, code, message: r.readNullableString() }
        })
      })
      return topics.flat()
    },
  )
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
