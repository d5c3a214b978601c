import { createRoute } from '@hono/zod-openapi'
import { Fault } from '../../flow/fault.ts'
import { candleObject, candlesOf, widthMs } from '../../query/candles.ts'
import { CandlesAnswer, CandlesQuery, type Bar } from '../contract/market.ts'
import { answered, askingOf, FAILURES, momentOf, reachOf } from './asking.ts'
import type { Routes } from './routes.ts'

const route = createRoute({
  method: 'get',
  path: '/api/candles',
  summary: 'Bars of a symbol, by the right condition rules',
  description:
    'Oldest first, each of one session, as `ticklake candles --json` writes them. A bar without an eligible ' +
    'trade has volume and no prices.',
  tags: ['Market'],
  request: { query: CandlesQuery },
  responses: {
    200: answered(CandlesAnswer, 'The last `limit` bars of what was asked'),
    ...FAILURES,
  },
})

export const candlesRoutes: Routes = (api, sources) => {
  api.openapi(route, async (context) => {
    const { symbol, interval, from, to, session, limit } = context.req.valid('query')
    if (widthMs(interval) === null)
      throw new Fault('invalid', `interval: no width of a bar: ${interval}`, {
        remedy: 'Write a number of s, m or h, as in 30s, 1m, 5m, 1h, or 1d.',
      })
    const [fromMs, toMs] = [momentOf('from', from, sources), momentOf('to', to, sources)]
    const { zone } = sources
    const asked = { symbol, width: interval, session, fromMs, toMs, zone, limit }
    const { query, bounds } = await askingOf(sources, context)
    const { asOf, bars } = await candlesOf(query, asked, bounds)
    const shown = bars.map((bar): Bar => candleObject(symbol, bar))
    return context.json({ ...reachOf(asOf), symbol, interval, bars: shown }, 200)
  })
}
