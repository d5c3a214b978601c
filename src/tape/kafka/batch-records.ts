import { RUN_BYTES_MAX } from '../block.ts'
import { DELTA_MAX, makeRoom, RUN_RECORDS_MAX, type Gathered } from './gathered.ts'
import { putSlice, setSource } from './page.ts'
import { APPEND_TIME, corrupt, REDELIVERED, type Head } from './record-batch.ts'
import type { Body } from './transactions.ts'
import { readVarint, skipVarint } from './varint.ts'

/** Offsets [from, until). */
export type Range = { readonly from: number; readonly until: number }

const UNFIT = -1

/**
 * Gathers the records of one batch that lie in `range`. Every length is checked before what it measures is
 * read; offsets must grow. Throws `corrupt`; the records before the flaw are gathered then.
 */
export function gatherRecords(
  gathered: Gathered,
  { head, body }: { readonly head: Head; readonly body: Body },
  { from, until }: Range,
): void {
  const { bytes, end } = body
  const { page, ends, receivedMs, redelivered, delta } = gathered
  const isAppendTime = (head.attributes & APPEND_TIME) !== 0
  setSource(page, bytes)
  let at = body.at
  let offset = head.first - 1
  for (let i = 0; i < head.count; i++) {
    const before = offset
    const length = readVarint(bytes, at)
    at = skipVarint(bytes, at)
    const stop = at + length
    at += 1 // attributes: none are defined
    const msDelta = readVarint(bytes, at)
    at = skipVarint(bytes, at)
    offset = head.first + readVarint(bytes, at)
    at = skipVarint(bytes, at)
    at = skipVarint(bytes, at) + Math.max(0, readVarint(bytes, at))
    const valueBytes = Math.max(0, readVarint(bytes, at))
    const value = skipVarint(bytes, at)
    at = value + valueBytes
    const mark = at + 1 === stop && bytes[at] === 0 ? 0 : markOf(bytes, at, stop)
    if (mark === UNFIT || stop > end) throw unfit(gathered, before + 1, 'is not as long as it says')
    if (offset <= before || offset >= head.next)
      throw unfit(gathered, before + 1, 'has an offset out of order')
    at = stop
    if (offset < from) continue
    if (offset >= until) return
    const isFull = gathered.count === RUN_RECORDS_MAX || page.size + valueBytes > RUN_BYTES_MAX
    if (isFull || offset - gathered.first > DELTA_MAX) makeRoom(gathered, valueBytes, offset)
    const row = gathered.count
    putSlice(page, value, value + valueBytes)
    ends[row] = page.size
    receivedMs[row] = isAppendTime ? head.maxMs : head.firstMs + msDelta
    redelivered[row] = mark
    delta[row] = offset - gathered.first
    gathered.count = row + 1
  }
  if (at !== end) throw unfit(gathered, offset, 'is not the last one')
}

const unfit = ({ place }: Gathered, offset: number, what: string) =>
  corrupt(place, offset, { flaw: `a record ${what}` })

/** 1: the headers [at, stop) hold the mark of a record that was sent before, 0: they do not, UNFIT: they are none. */
function markOf(bytes: Uint8Array, at: number, stop: number): number {
  const count = readVarint(bytes, at)
  let mark = 0
  at = skipVarint(bytes, at)
  for (let i = 0; i < count; i++) {
    if (at >= stop) return UNFIT
    const keyBytes = readVarint(bytes, at)
    const key = skipVarint(bytes, at)
    if (keyBytes < 0 || key + keyBytes > stop) return UNFIT
    if (isMark(bytes, key, keyBytes)) mark = 1
    at = key + keyBytes
    at = skipVarint(bytes, at) + Math.max(0, readVarint(bytes, at))
  }
  return at === stop && count >= 0 ? mark : UNFIT
}

const isMark = (bytes: Uint8Array, key: number, keyBytes: number): boolean =>
  keyBytes === REDELIVERED.length && REDELIVERED.every((byte, i) => bytes[key + i] === byte)
