import { Fault, isFault } from '../flow/fault.ts'
import type { Key, Store } from '../lake/store.ts'
import { MAGIC, readFooter, type Footer } from './parquet-footer.ts'

const TAIL_BYTES = 65_536 // nearly every footer of ours is in it: one read
const FOOTER_BYTES_MAX = 33_554_432 // far above any that a sane writer makes
const KEPT_MAX = 200 // about 5 KB each
const END_BYTES = 8 // a length and the magic

export type FooterOf = { readonly key: Key; readonly location: string; readonly bytes: number }

/**
 * Footers of Parquet files in a store, of which only the end is read. What was read is kept, for files never change;
 * one is read at a time. Faults: those of the store; `corrupt` where it is no Parquet file of that size.
 */
export type Footers = { read(store: Store, file: FooterOf): Promise<Footer> }

export function createFooters(dir?: string): Footers {
  const kept = new Map<string, Footer>()
  let last: Promise<unknown> = Promise.resolve()
  const readNew = async (store: Store, file: FooterOf): Promise<Footer> => {
    const known = kept.get(file.location)
    const footer = known ?? (await decoded(file, await footerBytes(store, file), dir))
    kept.delete(file.location)
    kept.set(file.location, footer)
    for (const oldest of kept.keys()) {
      if (kept.size <= KEPT_MAX) break
      kept.delete(oldest)
    }
    return footer
  }
  return {
    read: (store, file) => {
      const mine = last.then(() => readNew(store, file))
      last = mine.catch(() => undefined)
      return mine
    },
  }
}

async function footerBytes(store: Store, file: FooterOf): Promise<Uint8Array> {
  const next = file.bytes
  const tail = await store.read(file.key, { first: Math.max(0, next - TAIL_BYTES), next })
  const end = Buffer.from(tail.buffer, tail.byteOffset, tail.byteLength)
  const isWhole = end.length === Math.min(next, TAIL_BYTES) && end.length >= END_BYTES
  if (!isWhole || !end.subarray(-MAGIC.length).equals(MAGIC)) throw damaged(file)
  const length = end.readUInt32LE(end.length - END_BYTES) + END_BYTES
  if (length > FOOTER_BYTES_MAX || length + MAGIC.length > next) throw damaged(file)
  return length <= end.length
    ? end.subarray(-length)
    : await store.read(file.key, { first: next - length, next })
}

async function decoded(file: FooterOf, bytes: Uint8Array, dir?: string): Promise<Footer> {
  try {
    return await readFooter(bytes, dir)
  } catch (error) {
    if (isFault(error, 'invalid') || isFault(error, 'unavailable')) throw damaged(file, error)
    throw error
  }
}

const damaged = ({ location }: FooterOf, cause?: unknown): Fault =>
  new Fault('corrupt', `${location} has no footer of a Parquet file at its end`, {
    remedy: 'The file is damaged: run `ticklake verify`, and bring it back from a copy.',
    cause,
  })
