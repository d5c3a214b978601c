import { systemClock, type Clock } from '../flow/clock.ts'
import type { Stage } from '../flow/stream.ts'
import type { FeedEvent } from '../market/feed-events.ts'
import type { Keyed } from '../market/records.ts'

type Blocks = readonly FeedEvent[]

export type GatherLimits = {
  /** What may wait here, and about the most that one batch holds, bytes of records. */
  readonly bytesMax: number
  /** After the first block, wait this long for more, ms; 0: take what is there. */
  readonly waitMs?: number
  readonly clock?: Clock
}

const EVENT_BYTES = 512 // so that session events alone are bounded too

/**
 * Joins blocks that came while the reader was busy, so that one append carries many; an idle reader gets
 * each block at once. The order of records and events is kept; adjacent records become one block. A
 * failure of the input is met after everything before it. A reader that leaves does not wait for the input.
 */
export function createGather({
  bytesMax,
  waitMs = 0,
  clock = systemClock,
}: GatherLimits): Stage<Blocks, Blocks> {
  return async function* gather(input) {
    const shelf = createShelf(bytesMax)
    const source = input[Symbol.asyncIterator]()
    void shelf.fill(source)
    try {
      while (await shelf.arrival()) {
        if (waitMs > 0) await clock.sleep(waitMs)
        yield joined(shelf.take())
      }
    } finally {
      shelf.close()
      source.return?.().catch(() => undefined) // it may be waiting for the feed: nobody waits for that
    }
  }
}

/** Blocks between one filler and one taker, bounded in bytes. */
type Shelf = {
  fill(source: AsyncIterator<Blocks>): Promise<void>
  /** True when something waits; false at the end of the input; throws its failure. */
  arrival(): Promise<boolean>
  take(): Blocks
  close(): void
}

function createShelf(bytesMax: number): Shelf {
  let waiting: FeedEvent[] = []
  let bytes = 0
  let over = false
  let failure: { error: unknown } | null = null
  let changed = Promise.withResolvers<void>()
  const stir = () => {
    changed.resolve()
    changed = Promise.withResolvers()
  }
  const full = () => bytes >= bytesMax && !over
  const idle = () => waiting.length === 0 && !over
  const put = (blocks: Blocks) => {
    for (const block of blocks) {
      waiting.push(block)
      bytes += block.kind === 'records' ? block.records.bytes.byteLength : EVENT_BYTES
    }
    stir()
  }
  return {
    fill: async (source) => {
      try {
        for (;;) {
          const next = await source.next()
          if (next.done === true) break
          put(next.value)
          while (full()) await changed.promise
          if (over) break
        }
      } catch (error) {
        failure = { error }
      }
      over = true
      stir()
    },
    arrival: async () => {
      while (idle()) await changed.promise
      if (waiting.length > 0) return true
      if (failure !== null) throw failure.error
      return false
    },
    take: () => {
      const taken = waiting
      waiting = []
      bytes = 0
      stir()
      return taken
    },
    close: () => {
      over = true
      stir()
    },
  }
}

/** The same events with adjacent blocks of records made one. */
export function joined(events: Blocks): Blocks {
  const out: FeedEvent[] = []
  let run: Keyed[] = []
  const flush = () => {
    if (run.length > 0) out.push({ kind: 'records', records: concatenated(run) })
    run = []
  }
  for (const event of events) {
    if (event.kind === 'records') run.push(event.records)
    else {
      flush()
      out.push(event)
    }
  }
  flush()
  return out
}

/** Blocks of records as one, in order; dictionaries are merged. */
export function concatenated(blocks: readonly Keyed[]): Keyed {
  const [first] = blocks
  if (first !== undefined && blocks.length === 1) return first
  const count = blocks.reduce((sum, block) => sum + block.count, 0)
  const bytes = new Uint8Array(blocks.reduce((sum, block) => sum + block.bytes.byteLength, 0))
  const ends = new Uint32Array(count)
  const receivedMs = new Float64Array(count)
  const redelivered = new Uint8Array(count)
  const key = new Uint32Array(count)
  const sameKeys = blocks.every(({ keys }) => keys === first?.keys)
  const merged = new Map<string, number>()
  let row = 0
  let filled = 0
  for (const block of blocks) {
    bytes.set(block.bytes, filled)
    receivedMs.set(block.receivedMs, row)
    redelivered.set(block.redelivered, row)
    for (let i = 0; i < block.count; i++) {
      ends[row + i] = filled + (block.ends[i] ?? 0)
      const id = block.key[i] ?? 0
      key[row + i] = sameKeys ? id : idOf(merged, block.keys[id] ?? '')
    }
    row += block.count
    filled += block.bytes.byteLength
  }
  const keys = sameKeys ? (first?.keys ?? []) : [...merged.keys()]
  return { count, bytes, ends, receivedMs, redelivered, key, keys }
}

function idOf(ids: Map<string, number>, word: string): number {
  const known = ids.get(word)
  if (known !== undefined) return known
  ids.set(word, ids.size)
  return ids.size - 1
}
