import { CONTROL, CONTROL_ABORT, FIELD, TRANSACTIONAL, viewOf, type Head } from './record-batch.ts'
import { readVarint, skipVarint } from './varint.ts'

/** A transaction that was taken back: batches of this producer from this offset on, up to its abort marker. */
export type Aborted = { readonly producerId: bigint; readonly firstOffset: number }

/** A batch's records, uncompressed: bytes[at, end). */
export type Body = { readonly bytes: Uint8Array; readonly at: number; readonly end: number }

export type ReadCommitted = {
  /** Whether the batch holds records that count; to be asked of every batch, in order. `body` only when needed. */
  takes(head: Head, body: () => Body): boolean
}

/**
 * What a reader skips under read_committed: control batches, and from `aborted`, which the broker gives with
 * the batches, the transactions that were taken back (KIP-98, "Consumer"; in Java's client CompletedFetch).
 */
export function readCommitted(view: DataView, aborted: readonly Aborted[]): ReadCommitted {
  const waiting = aborted.toSorted((a, b) => b.firstOffset - a.firstOffset)
  const open = new Set<bigint>()
  return {
    takes: (head, body) => {
      const isControl = (head.attributes & CONTROL) !== 0
      if (aborted.length === 0) return !isControl
      for (let one = waiting.at(-1); one !== undefined; one = waiting.at(-1)) {
        if (one.firstOffset >= head.next) break
        open.add(one.producerId)
        waiting.pop()
      }
      const producerId = view.getBigInt64(head.at + FIELD.producerId)
      if (!isControl) return (head.attributes & TRANSACTIONAL) === 0 || !open.has(producerId)
      if (open.has(producerId) && head.count > 0 && isAbort(body())) open.delete(producerId)
      return false
    },
  }
}

/** The type stands in the key of the control batch's only record. */
function isAbort({ bytes, at, end }: Body): boolean {
  const offsetDelta = skipVarint(bytes, skipVarint(bytes, at) + 1)
  const key = skipVarint(bytes, offsetDelta)
  const type = skipVarint(bytes, key) + 2
  if (type + 2 > end || readVarint(bytes, key) < 4) return false
  return viewOf(bytes).getInt16(type) === CONTROL_ABORT
}
