import { OpenAPIHono } from '@hono/zod-openapi'
import { candlesRoutes } from './api/candles.ts'
import { conditionsRoutes } from './api/conditions.ts'
import { exportsRoutes } from './api/exports.ts'
import { failed, misfit } from './api/failures.ts'
import { gapsRoutes } from './api/gaps.ts'
import { healthRoutes } from './api/health.ts'
import { lakeRoutes } from './api/lake.ts'
import { openapiRoutes } from './api/openapi.ts'
import type { Api } from './api/routes.ts'
import { schemaRoutes } from './api/schema.ts'
import { sqlRoutes } from './api/sql.ts'
import { statusRoutes } from './api/status.ts'
import { symbolsRoutes } from './api/symbols.ts'
import { tradesRoutes } from './api/trades.ts'
import type { Sources } from './sources.ts'
import { tradingviewRoutes } from './tradingview.ts'
import { createTurns, inTurns } from './turns.ts'

/** Our own statements for all who ask: two cores answer no more at once, and what waits longer has been given up. */
const MARKET = { runningMax: 4, waitingMax: 64, waitMsMax: 5000, what: 'market questions' } as const

/** Every route, over what it answers from. A Fault that a route throws becomes an answer of its kind. */
export function createApp(given: Sources): Api {
  const turns = createTurns(MARKET)
  const market = async () => inTurns(await given.market(), turns)
  const sources: Sources = { ...given, market }
  const api: Api = new OpenAPIHono({
    defaultHook: (result, context) =>
      result.success ? undefined : misfit(context, result.error.issues),
  })
  const all = [
    statusRoutes,
    candlesRoutes,
    tradesRoutes,
    gapsRoutes,
    symbolsRoutes,
    conditionsRoutes,
    sqlRoutes,
    exportsRoutes,
    schemaRoutes,
    lakeRoutes,
    tradingviewRoutes,
    healthRoutes,
    openapiRoutes,
  ]
  for (const routes of all) routes(api, sources)
  api.onError((error, context) => failed(context, error, sources.log))
  return api
}
