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

/**
 * A bounded stage that works up to `depth` items ahead of its reader; order is kept. A reader that leaves
 * waits for what is under way: end the source first where that may take for ever (see `breaker`).
 */
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
      pull()
      while (true) {
        const result = await waiting.shift()
        if (result === undefined || result.done === true) return
        while (waiting.length < depth) pull() // before the reader gets this one: while it works, these come
        yield result.value
      }
    } finally {
      await Promise.allSettled(waiting)
      await source.return?.()
    }
  }

/**
 * Joins a stream's end to its beginning: when an act that `guard` wraps fails, the input of `stage` fails with
 * the same error, also while it waits for a source that has nothing to give. The source is then not waited for.
 */
export function breaker<A>(): {
  readonly stage: Stage<A, A>
  readonly guard: <B, C>(act: (item: B) => Promise<C>) => (item: B) => Promise<C>
} {
  let broken: { error: unknown } | null = null
  let wake = () => undefined as void
  return {
    guard: (act) => async (item) => {
      try {
        return await act(item)
      } catch (error) {
        broken = { error }
        wake()
        throw error
      }
    },
    stage: async function* unlessBroken(input) {
      const source = input[Symbol.asyncIterator]()
      const next = () =>
        new Promise<IteratorResult<A>>((resolve, reject) => {
          wake = () => reject(broken?.error)
          source.next().then(resolve, reject)
          if (broken !== null) wake()
        })
      try {
        while (true) {
          const result = await next()
          if (result.done === true) return
          yield result.value
        }
      } finally {
        const returned = source.return?.()
        if (broken === null) await returned
        else returned?.catch(() => undefined)
      }
    },
  }
}
