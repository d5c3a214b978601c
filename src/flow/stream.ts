/** A stage turns one stream of batches into another; back pressure is the `await` at the end. */
export type Stage<A, B> = (input: AsyncIterable<A>) => AsyncIterable<B>
export type Sink<A> = (input: AsyncIterable<A>) => Promise<void>

export type Flow<A> = {
  through<B>(stage: Stage<A, B>): Flow<B>
  into(sink: Sink<A>): Promise<void>
}

/** `from(source).through(stage).into(sink)`: nothing runs until `into`. */
export const from = <A>(source: AsyncIterable<A>): Flow<A> => ({
  through: (stage) => from(stage(source)),
  into: (sink) => sink(source),
})

/** A sink that awaits `act` on one item before it takes the next. */
export const each =
  <A>(act: (item: A) => Promise<void> | void): Sink<A> =>
  async (input) => {
    for await (const item of input) await act(item)
  }

/** A stage that maps one item to one. */
export const map = <A, B>(turn: (item: A) => B | Promise<B>): Stage<A, B> =>
  async function* mapped(input) {
    for await (const item of input) yield await turn(item)
  }

/** A bounded stage that works up to `depth` items ahead of its reader; order is kept. */
export const ahead = <A>(depth: number): Stage<A, A> =>
  async function* readAhead(input) {
    const source = input[Symbol.asyncIterator]()
    const waiting: Promise<IteratorResult<A>>[] = []
    const pull = () => {
      const last = waiting.at(-1)
      const next = last === undefined ? source.next() : last.then(() => source.next())
      next.catch(() => undefined) // the reader meets it in turn
      waiting.push(next)
    }
    try {
      while (true) {
        while (waiting.length < depth) pull()
        const result = await waiting.shift()
        if (result === undefined || result.done === true) return
        yield result.value
      }
    } finally {
      await Promise.allSettled(waiting)
      await source.return?.()
    }
  }
