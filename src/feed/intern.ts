import { assert } from '../flow/fault.ts'

/**
 * Strings by id, found straight from their UTF-8 bytes: a known one costs a hash and a comparison and
 * makes no object. `values` only grows, so an id keeps its meaning for as long as the dictionary lives.
 */
export type Dictionary<First extends string | null> = {
  /** values[id]; id 0 is the `first` that the dictionary was made with. */
  readonly values: readonly (string | First)[]
  /** The id of bytes[first, next), which must be well-formed UTF-8. */
  idOf(bytes: Uint8Array, first: number, next: number): number
  idOfText(text: string): number
}

const SLOTS_FIRST = 1024 // doubled when half full; a free-plan session has 50 symbols
const ARENA_BYTES_FIRST = 4096

const FNV_OFFSET = 0x811c9dc5 | 0
const FNV_PRIME = 0x01000193

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

function hashOf(bytes: Uint8Array, first: number, next: number): number {
  let hash = FNV_OFFSET
  for (let i = first; i < next; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), FNV_PRIME)
  return hash ^ (hash >>> 15)
}

/** A dictionary whose id 0 is `first`; ids are below 2^32 by its bounds elsewhere. */
export function createDictionary<First extends string | null>(first: First): Dictionary<First> {
  const values: (string | First)[] = [first]
  let slots = new Uint32Array(SLOTS_FIRST) // 0: free, for id 0 is never looked up here
  let hashes = new Int32Array(SLOTS_FIRST)
  let nexts = new Uint32Array(SLOTS_FIRST) // value id is arena[nexts[id - 1], nexts[id])
  let arena = new Uint8Array(ARENA_BYTES_FIRST)

  const grow = () => {
    const mask = slots.length * 2 - 1
    const wider = new Uint32Array(mask + 1)
    for (let id = 1; id < values.length; id++) {
      let slot = (hashes[id] ?? 0) & mask
      while (wider[slot] !== 0) slot = (slot + 1) & mask
      wider[slot] = id
    }
    slots = wider
    const [oldHashes, oldNexts] = [hashes, nexts]
    hashes = new Int32Array(mask + 1)
    hashes.set(oldHashes)
    nexts = new Uint32Array(mask + 1)
    nexts.set(oldNexts)
  }

  const add = (span: Uint8Array, hash: number): number => {
    const id = values.length
    const start = nexts[id - 1] ?? 0
    assert(start + span.length < 2 ** 31, 'a dictionary grew past 2 GB: it is never replaced')
    if (start + span.length > arena.length) {
      const wider = new Uint8Array(Math.max(arena.length * 2, start + span.length))
      wider.set(arena)
      arena = wider
    }
    arena.set(span, start)
    values.push(utf8.decode(span))
    hashes[id] = hash
    nexts[id] = start + span.length
    return id
  }

  const idOf = (bytes: Uint8Array, first: number, next: number): number => {
    const hash = hashOf(bytes, first, next)
    const mask = slots.length - 1
    let slot = hash & mask
    search: for (; ; slot = (slot + 1) & mask) {
      const id = slots[slot] ?? 0
      if (id === 0) break
      const start = nexts[id - 1] ?? 0
      if (hashes[id] !== hash || (nexts[id] ?? 0) - start !== next - first) continue
      for (let i = first, j = start; i < next; i++, j++) if (bytes[i] !== arena[j]) continue search
      return id
    }
    const id = add(bytes.subarray(first, next), hash)
    slots[slot] = id
    if (values.length * 2 > slots.length) grow()
    return id
  }

  return {
    values,
    idOf,
    idOfText: (text) => {
      const bytes = encoder.encode(text)
      return idOf(bytes, 0, bytes.length)
    },
  }
}
