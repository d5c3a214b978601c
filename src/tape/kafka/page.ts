import { viewOf } from './record-batch.ts'
import { writeVarint } from './varint.ts'

/** Slices up to here are copied eight bytes at a time (9 ns for a trade), longer ones by `set` (25 ns for any). */
const EIGHTS_BYTES_MAX = 256
/** What copying by eights may write behind the end. */
const OVERRUN_BYTES = 8

/** Bytes put one behind the other, `size` of them so far, in room that is used again. */
export type Page = {
  bytes: Uint8Array
  view: DataView
  size: number
  /** What slices are copied from. */
  source: Uint8Array
  sourceView: DataView
}

const NOTHING = new Uint8Array(0)

export const openPage = (room: number): Page => {
  const bytes = new Uint8Array(room + OVERRUN_BYTES)
  const nothing = viewOf(NOTHING)
  return { bytes, view: viewOf(bytes), size: 0, source: NOTHING, sourceView: nothing }
}

/** Empties it, forgets the source, and gives back room beyond `room`. */
export function clear(page: Page, room: number): void {
  page.size = 0
  setSource(page, NOTHING)
  if (page.bytes.length > room + OVERRUN_BYTES) setBytes(page, new Uint8Array(room + OVERRUN_BYTES))
}

/** Makes room for `bytes` more; what is put must fit what was reserved. */
export function reserve(page: Page, bytes: number): void {
  const needed = page.size + bytes + OVERRUN_BYTES
  if (needed <= page.bytes.length) return
  const larger = new Uint8Array(Math.max(needed, 2 * page.bytes.length))
  larger.set(page.bytes.subarray(0, page.size))
  setBytes(page, larger)
}

export function setSource(page: Page, source: Uint8Array): void {
  if (page.source === source) return
  page.source = source
  page.sourceView = viewOf(source)
}

/** Puts the source's bytes [from, to). */
export function putSlice(page: Page, from: number, to: number): void {
  const { bytes, view, size, source, sourceView } = page
  page.size = size + to - from
  if (to - from > EIGHTS_BYTES_MAX || to + OVERRUN_BYTES > source.length) {
    bytes.set(source.subarray(from, to), size)
    return
  }
  for (let i = 0; from + i < to; i += 8)
    view.setBigInt64(size + i, sourceView.getBigInt64(from + i, true), true)
}

export function putByte(page: Page, byte: number): void {
  page.bytes[page.size++] = byte
}

export function putVarint(page: Page, value: number): void {
  page.size = writeVarint(page.bytes, page.size, value)
}

/** For few bytes: keys and names. */
export function putBytes(page: Page, source: Uint8Array): void {
  const { bytes, size } = page
  for (let i = 0; i < source.length; i++) bytes[size + i] = source[i] ?? 0
  page.size = size + source.length
}

function setBytes(page: Page, bytes: Uint8Array): void {
  page.bytes = bytes
  page.view = viewOf(bytes)
}
