import { createRoute } from '@hono/zod-openapi'
import { isoOf } from '../../market/times.ts'
import { gapRows, joinedGaps } from '../../query/gap-list.ts'
import { GapsAnswer, GapsQuery } from '../contract/market.ts'
import { answered, askingOf, FAILURES, momentOf } from './asking.ts'
import type { Routes } from './routes.ts'

const route = createRoute({
  method: 'get',
  path: '/api/gaps',
  summary: 'What was missed, when and why',
  description:
    'Gaps that reach into [from, to), oldest first. With `symbol` those of that symbol and of all. The same ' +
    'stretch of several symbols is one gap.',
  tags: ['Market'],
  request: { query: GapsQuery },
  responses: { 200: answered(GapsAnswer, 'The gaps'), ...FAILURES },
})

export const gapsRoutes: Routes = (api, sources) => {
  api.openapi(route, async (context) => {
    const { symbol, from, to } = context.req.valid('query')
    const [fromMs, toMs] = [momentOf('from', from, sources), momentOf('to', to, sources)]
    const { query, bounds } = await askingOf(sources, context)
    const symbols = symbol === undefined ? null : [symbol]
    const rows = await gapRows(query, { symbols, fromMs, toMs, lengthMsMin: 0 }, bounds)
    const gaps = joinedGaps(rows).map((gap) => ({
      symbols: [...gap.symbols],
      from: isoOf(gap.from),
      to: isoOf(gap.to),
      cause: gap.cause,
      open: gap.open,
    }))
    return context.json({ gaps }, 200)
  })
}
