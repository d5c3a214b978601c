import type { LakeSources, Sources } from '../serve/sources.ts'
import { openQuery } from './asking.ts'
import { openQueryApart } from './asking-apart.ts'
import { openLakesToRead, type Parts } from './components.ts'
import { catalogText, lakeText } from './lake-places.ts'
import { renewable } from './renewable.ts'

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
