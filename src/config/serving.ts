import { isFault } from '../flow/fault.ts'
import type { Answer, Query } from '../query/query.ts'
import type { LakeSources, Sources } from '../serve/sources.ts'
import { openQuery } from './asking.ts'
import { openQueryApart } from './asking-apart.ts'
import { openLakesToRead, type Parts } from './components.ts'
import { catalogText, lakeText } from './lake-places.ts'

/** What the routes ask, each opened when it is first needed. */
export type Serving = AsyncDisposable &
  Pick<Sources, 'market' | 'asked' | 'lakes'> & {
    /** What was opened ends once nobody reads from it any more; the next question opens it anew. */
    readonly renew: () => void
  }

/** `began` is told of each query, and what it gives is called when that query is over. */
export function openServing(parts: Parts, began: () => () => void): Serving {
  const market = renewable(() => openQuery(parts), began)
  const asked = renewable(() => openQueryApart(parts), began)
  let lakes: Promise<LakeSources & AsyncDisposable> | null = null
  const openLakes = async () => {
    const { records, feedLog, store, ...rest } = await openLakesToRead(parts, null)
    const { places } = parts
    const where = { location: lakeText(places), catalog: catalogText(places) }
    return { records, feedLog, store, ...where, [Symbol.asyncDispose]: rest[Symbol.asyncDispose] }
  }
  return {
    market: market.get,
    asked: asked.get,
    lakes: async () => {
      lakes ??= openLakes()
      try {
        return await lakes
      } catch (error) {
        lakes = null
        throw error
      }
    },
    renew: () => {
      market.renew()
      asked.renew()
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([market.close(), asked.close()])
      await lakes?.then(
        (opened) => opened[Symbol.asyncDispose](),
        () => undefined,
      )
    },
  }
}

type Opened = { readonly query: Promise<Query>; running: number; over: boolean }

/** A query that is opened at first use, and anew after `renew` or damage; answers under way are read to their end. */
function renewable(open: () => Promise<Query>, began: () => () => void) {
  let current: Opened | null = null
  const closing = new Set<Promise<void>>()
  const close = (opened: Opened) => {
    const closed = opened.query
      .then((query) => query[Symbol.asyncDispose]())
      .catch(() => undefined)
      .finally(() => closing.delete(closed))
    closing.add(closed)
  }
  const leave = (opened: Opened) => {
    opened.running -= 1
    if (opened.over && opened.running === 0) close(opened)
  }
  const renew = () => {
    if (current === null) return
    current.over = true
    if (current.running === 0) close(current)
    current = null
  }
  const get = async (): Promise<Query> => {
    current ??= { query: open(), running: 0, over: false }
    const mine = current
    try {
      const query = await mine.query
      const damaged = () => {
        if (current === mine) renew()
      }
      return counted(query, {
        enter: () => {
          mine.running += 1
          const ended = began()
          return () => {
            ended()
            leave(mine)
          }
        },
        damaged,
      })
    } catch (error) {
      if (current === mine) current = null
      throw error
    }
  }
  return {
    get,
    renew,
    close: async () => {
      renew()
      await Promise.all(closing)
    },
  }
}

type Counting = { readonly enter: () => () => void; readonly damaged: () => void }

/** Closing it closes nothing: it is shared. */
const counted = (query: Query, { enter, damaged }: Counting): Query => ({
  covers: query.covers,
  run: async (sql, limits, signal) => {
    const left = enter()
    try {
      const answer = await query.run(sql, limits, signal)
      return { ...answer, batches: untilRead(answer.batches, left) }
    } catch (error) {
      left()
      if (isFault(error, 'corrupt')) damaged()
      throw error
    }
  },
  ...(query.check && { check: query.check }),
  [Symbol.asyncDispose]: async () => undefined,
})

async function* untilRead(batches: Answer['batches'], left: () => void): Answer['batches'] {
  try {
    yield* batches
  } finally {
    left()
  }
}
