import { isFault, type Fault } from '../../flow/fault.ts'
import { offset, type Offset, type Run } from '../../market/records.ts'
import type { Place } from '../block.ts'
import { gatherRecords } from './batch-records.ts'
import { COMPRESSIONS, type Codecs } from './compression.ts'
import { closeRun, nextOf, openGathered, settle } from './gathered.ts'
import {
  COMPRESSION_BITS,
  corrupt,
  FIELD,
  flawOf,
  HEAD_BYTES,
  headAt,
  viewOf,
  type Head,
} from './record-batch.ts'
import { readCommitted, type Aborted, type Body } from './transactions.ts'

export type { Aborted }

/** Offsets that are wanted, [from, until); the first run begins at `first`, at or before `from`. */
export type Stretch = { readonly first: Offset; readonly from: Offset; readonly until: Offset }
/** `aborted` comes with the blob, in any order; none for a reader that wants open transactions too. */
export type Means = { readonly aborted: readonly Aborted[]; readonly codecs: Codecs }

export type Decoded = {
  readonly runs: readonly Run[]
  /** The next offset to fetch. */
  readonly next: Offset
}

/**
 * The records of `blob` (what one partition of a Fetch response holds: whole batches, the last one maybe cut)
 * with offsets in [from, until), as runs that are contiguous from `first`: each begins where the one before
 * ended and is at most RUN_BYTES_MAX of records or one larger record. `next`, where the last run ends, is
 * behind all that the whole batches cover, at most `until`; it may move where there is no record. A null value
 * is an empty record. Damage, and Kafka's old formats, are answered as a Fault `corrupt` beside the runs before
 * it, which a reader gives first; `next` is then where it begins. Null: none.
 */
export function decodeBlob(
  blob: Uint8Array,
  place: Place,
  { first, from, until, aborted, codecs }: Stretch & Means,
): Decoded & { readonly damage: Fault | null } {
  const view = viewOf(blob)
  const committed = readCommitted(view, aborted)
  const gathered = openGathered(place, first)
  let next: number = from
  let damage: Fault | null = null
  try {
    let behind = 0
    for (let head = headAt(view, 0); head !== null; head = headAt(view, head.end)) {
      const { at, end } = head
      const flaw = flawOf(head, behind)
      if (flaw !== null) throw corrupt(place, head.first, flaw)
      if (head.first >= until) {
        next = until // nothing lies between the batch before and this one
        break
      }
      if (
        codecs.crc32c(blob.subarray(at + FIELD.attributes, end)) !== view.getUint32(at + FIELD.crc)
      )
        throw corrupt(place, head.first, { flaw: 'its checksum is another' })
      const body = () => bodyOf(blob, head, { place, codecs })
      if (committed.takes(head, body) && head.next > from)
        gatherRecords(gathered, { head, body: body() }, { from, until })
      behind = head.next
      next = Math.max(next, behind)
    }
  } catch (error) {
    if (!isFault(error, 'corrupt')) throw error
    damage = error
    next = Math.max(next, nextOf(gathered))
  }
  next = Math.min(next, until)
  closeRun(gathered, next)
  settle(gathered)
  return { runs: gathered.runs, next: offset(next), damage }
}

/**
 * The offset behind the last whole batch, by the heads only, so that the next fetch can start before this one
 * is decoded. Null: not one whole batch is there (it is larger than what was asked for). A batch whose head
 * makes no sense counts as ending where it begins: decoding says what is wrong with it.
 */
export function nextAfter(blob: Uint8Array): Offset | null {
  const view = viewOf(blob)
  let next: number | null = null
  for (let head = headAt(view, 0); head !== null; head = headAt(view, head.end)) {
    if (flawOf(head, next ?? 0) !== null) {
      next ??= Number.isSafeInteger(head.first) ? Math.max(0, head.first) : 0
      break
    }
    next = head.next
  }
  return next === null ? null : offset(next)
}

function bodyOf(
  blob: Uint8Array,
  { at, end, first, attributes }: Head,
  { place, codecs }: { readonly place: Place; readonly codecs: Codecs },
): Body {
  const number = attributes & COMPRESSION_BITS
  const compression = COMPRESSIONS[number]
  if (compression === undefined)
    throw corrupt(place, first, { flaw: `it is compressed in an unknown way, ${number}` })
  const start = at + HEAD_BYTES
  if (compression === 'none' || start === end) return { bytes: blob, at: start, end }
  try {
    const bytes = codecs.decompress(compression, blob.subarray(start, end))
    return { bytes, at: 0, end: bytes.length }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw corrupt(place, first, { flaw: `its ${compression} bytes do not unpack: ${why}`, cause })
  }
}
