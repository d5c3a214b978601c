import { isFault } from '../flow/fault.ts'
import type { Query } from '../query/query.ts'
import { untilRead } from '../query/until-read.ts'

type Opened = { readonly query: Promise<Query>; users: number; over: boolean }

/** A query that several ask, opened at first use and anew after `renew`. */
export type Renewable = {
  /** Its `run` and `check` use what is open when they are called; closing it closes nothing. */
  readonly get: () => Promise<Query>
  /** What is open ends once its answers are read; the next question opens it anew. */
  readonly renew: () => void
  readonly close: () => Promise<void>
}

/** Hands over what is open; `left` says that it is not needed any more. */
type Using = <T>(use: (query: Query, left: () => void) => Promise<T>) => Promise<T>

/** `began` is told of each statement, and what it gives is called when that is over. A damaged query is renewed. */
export function renewable(open: () => Promise<Query>, began: () => () => void): Renewable {
  let current: Opened | null = null
  const closing = new Set<Promise<void>>()
  const close = (opened: Opened) => {
    const closed = opened.query
      .then((query) => query[Symbol.asyncDispose]())
      .catch(() => undefined)
      .finally(() => closing.delete(closed))
    closing.add(closed)
  }
  // Taken before anything is awaited: what is in use is never closed under a statement that is about to run.
  const take = (): Opened => {
    current ??= { query: open(), users: 0, over: false }
    current.users += 1
    return current
  }
  const leave = (opened: Opened) => {
    opened.users -= 1
    if (opened.over && opened.users === 0) close(opened)
  }
  const renew = (opened: Opened | null = current) => {
    if (opened === null || opened.over) return
    opened.over = true
    if (opened.users === 0) close(opened)
    if (current === opened) current = null
  }
  const using: Using = async (use) => {
    const opened = take()
    const left = once(() => leave(opened))
    try {
      return await use(await opened.query, left)
    } catch (error) {
      left()
      const isOpen = await opened.query.then(
        () => true,
        () => false,
      )
      if (!isOpen || isFault(error, 'corrupt')) renew(opened)
      throw error
    }
  }
  return {
    get: () =>
      using(async (query, left) => {
        left()
        return sharing(query, using, began)
      }),
    renew: () => renew(),
    close: async () => {
      renew()
      await Promise.all(closing)
    },
  }
}

/** A query over whatever is open when it is asked. */
const sharing = ({ covers, check }: Query, using: Using, began: () => () => void): Query => ({
  covers,
  run: (sql, limits, signal) => {
    const ended = once(began())
    return using(async (query, left) => {
      const answer = await query.run(sql, limits, signal)
      const over = () => {
        ended()
        left()
      }
      return { ...answer, batches: untilRead(answer.batches, over) }
    }).catch((error: unknown) => {
      ended()
      throw error
    })
  },
  ...(check && {
    check: (sql: string) =>
      using(async (query, left) => {
        const columns = (await query.check?.(sql)) ?? []
        left()
        return columns
      }),
  }),
  [Symbol.asyncDispose]: async () => undefined,
})

function once(act: () => void): () => void {
  let done = false
  return () => {
    if (done) return
    done = true
    act()
  }
}
