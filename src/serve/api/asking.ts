import type { Context } from 'hono'
import { Fault } from '../../flow/fault.ts'
import { isoOf, parseTime } from '../../market/times.ts'
import type { AsOf, Query } from '../../query/query.ts'
import type { Bounds } from '../../query/rows.ts'
import { ApiError, type Reach } from '../contract/common.ts'
import type { Sources } from '../sources.ts'
import type { z } from 'zod'

/** A question of ticklake's own: over which query, and its bounds; it ends when whoever asked goes away. */
export type Asking = { readonly query: Query; readonly bounds: Bounds }

export async function askingOf({ market, millisMax }: Sources, context: Context): Promise<Asking> {
  const { signal } = context.req.raw
  return { query: await market(), bounds: { millisMax, signal } }
}

export const reachOf = ({ receivedMs, covers, degraded }: AsOf): z.infer<typeof Reach> => ({
  as_of: receivedMs === null ? null : isoOf(receivedMs),
  covers,
  degraded,
})

/** A time of a request, in ms; null: there is none. Faults: `invalid`, naming the parameter. */
export function momentOf(
  name: string,
  text: string | undefined,
  { zone }: Pick<Sources, 'zone'>,
): number | null {
  if (text === undefined) return null
  try {
    return parseTime(text, zone, Date.now())
  } catch (cause) {
    if (!(cause instanceof Fault)) throw cause
    const { kind, message, remedy } = cause
    throw new Fault(kind, `${name}: ${message}`, { remedy, cause })
  }
}

const failure = (description: string) => ({
  content: { 'application/json': { schema: ApiError } },
  description,
})

/** What a question may be answered with instead, for `responses` of a route. */
export const FAILURES = {
  400: failure('The request is wrong'),
  503: failure('Not now: try again'),
} as const

/** The answer of a route as OpenAPI describes it. */
export const answered = <T extends z.ZodType>(schema: T, description: string) => ({
  content: { 'application/json': { schema } },
  description,
})
