import { createRoute } from '@hono/zod-openapi'
import { isoOf } from '../../market/times.ts'
import { latestTrades, type TradePlace, type TradeRow } from '../../query/latest-trades.ts'
import { TradesAnswer, TradesQuery, type Trade } from '../contract/market.ts'
import type { Sources } from '../sources.ts'
import { answered, askingOf, FAILURES, momentOf, reachOf } from './asking.ts'
import type { Routes } from './routes.ts'

const route = createRoute({
  method: 'get',
  path: '/api/trades',
  summary: 'Trades, newest first',
  description:
    'By time, and within a moment by their place on the tape. Many trades share a moment: to go on without ' +
    'missing one, give `next` of the answer as `before`.',
  tags: ['Market'],
  request: { query: TradesQuery },
  responses: { 200: answered(TradesAnswer, 'At most `limit` trades'), ...FAILURES },
})

export const tradesRoutes: Routes = (api, sources) => {
  api.openapi(route, async (context) => {
    const { symbol = null, before, limit } = context.req.valid('query')
    const asked = { symbol, before: beforeOf(before, sources), limit }
    const { query, bounds } = await askingOf(sources, context)
    const { asOf, found } = await latestTrades(query, asked, bounds)
    const last = found.length < limit ? undefined : found.at(-1)
    const next = last === undefined ? null : `${isoOf(last.tsMs)}/${idOf(last)}/${last.tape}`
    return context.json({ ...reachOf(asOf), trades: found.map(trade), next }, 200)
  })
}

/** Moment, partition, offset, tape. */
const PLACE = /^([^/]+)\/(\d{1,9}):(\d{1,18})\/(.*)$/

/** A moment, or the place of a trade as `next` writes it. */
function beforeOf(text: string | undefined, sources: Sources): number | TradePlace | null {
  const [, moment, partition, offset, tape] = PLACE.exec(text ?? '') ?? []
  const tsMs = momentOf('before', moment ?? text, sources)
  if (tsMs === null || tape === undefined) return tsMs
  return { tsMs, partition: Number(partition), offset: BigInt(offset ?? 0), tape }
}

const idOf = ({ partition, offset }: TradePlace): string => `${partition}:${offset}`

const trade = (row: TradeRow): Trade => ({
  id: idOf(row),
  symbol: row.symbol,
  price: row.price,
  volume: row.volume,
  conditions: row.conditions,
  session: row.session,
  ts: isoOf(row.tsMs),
  received_at: isoOf(row.receivedMs),
})
