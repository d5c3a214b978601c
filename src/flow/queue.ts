/**
 * A queue between a source that cannot wait and a stream that may: bounded by the items' size.
 * `push` answers false, and keeps nothing, when the item would not fit.
 */
export type Queue<A> = AsyncIterable<A> & {
  push(item: A, size: number): boolean
  /** As `push`, but never refused: for the few items that must not be lost (session events). */
  force(item: A, size: number): void
  /** No more will come: the reader drains what is there, then ends. */
  end(): void
  /** The reader drains what is there, then meets `error`. */
  fail(error: unknown): void
  readonly size: number
}

export function boundedQueue<A>(sizeMax: number): Queue<A> {
  const items: { item: A; size: number }[] = []
  let head = 0
  let size = 0
  let ended = false
  let failure: { error: unknown } | undefined
  let wake: (() => void) | undefined
  const stir = () => {
    wake?.()
    wake = undefined
  }
  const force = (item: A, itemSize: number) => {
    items.push({ item, size: itemSize })
    size += itemSize
    stir()
  }
  const take = (): { item: A; size: number } | undefined => {
    const entry = items[head]
    if (entry === undefined) return undefined
    head += 1
    size -= entry.size
    if (head > 1024 && head * 2 > items.length) {
      items.splice(0, head)
      head = 0
    }
    return entry
  }
  return {
    get size() {
      return size
    },
    force,
    push: (item, itemSize) => {
      if (ended || (size > 0 && size + itemSize > sizeMax)) return false
      force(item, itemSize)
      return true
    },
    end: () => {
      ended = true
      stir()
    },
    fail: (error) => {
      failure ??= { error }
      ended = true
      stir()
    },
    async *[Symbol.asyncIterator]() {
      while (true) {
        const entry = take()
        if (entry !== undefined) yield entry.item
        else if (failure !== undefined) throw failure.error
        else if (ended) return
        else await new Promise<void>((resolve) => (wake = resolve))
      }
    },
  }
}
