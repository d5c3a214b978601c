import { createRoute } from '@hono/zod-openapi'
import { SymbolsAnswer, SymbolsQuery, type SymbolRow } from '../contract/market.ts'
import { answered, FAILURES } from './asking.ts'
import type { Routes } from './routes.ts'

const route = createRoute({
  method: 'get',
  path: '/api/symbols',
  summary: 'The watch list',
  description:
    'The most traded first. `search` is a part of the name, in any case; names that begin with it come first.',
  tags: ['Market'],
  request: { query: SymbolsQuery },
  responses: { 200: answered(SymbolsAnswer, 'At most `limit` symbols'), ...FAILURES },
})

export const symbolsRoutes: Routes = (api, sources) => {
  api.openapi(route, (context) => {
    const { search = '', limit } = context.req.valid('query')
    const found = searched(sources.symbols(), search)
    return context.json({ symbols: found.slice(0, limit), total: found.length }, 200)
  })
}

/** Those whose name has `part` in it, in any case: who begins with it first, else in the order in which they came. */
export function searched(rows: readonly SymbolRow[], part: string): SymbolRow[] {
  const wanted = part.trim().toUpperCase()
  const places = rows.map((row) => ({ row, at: row.symbol.toUpperCase().indexOf(wanted) }))
  const begin = places.filter(({ at }) => at === 0)
  const within = places.filter(({ at }) => at > 0)
  return [...begin, ...within].map(({ row }) => row)
}
