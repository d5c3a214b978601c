import { createRoute, z } from '@hono/zod-openapi'
import { CONDITIONS } from '../../market/conditions.ts'
import { Condition } from '../contract/market.ts'
import { answered } from './asking.ts'
import type { Routes } from './routes.ts'

const route = createRoute({
  method: 'get',
  path: '/api/conditions',
  summary: 'What each trade condition means, and what it lets a trade update',
  tags: ['Market'],
  responses: {
    200: answered(z.object({ conditions: z.array(Condition) }), 'Every code that the feed sends'),
  },
})

/** `last`: yes, no, or 'only' where nothing else in the bar counts for last. */
const conditions = CONDITIONS.map(({ code, name, rule: { last, highLow, volume } }) => ({
  code,
  name,
  updates: { last, high_low: highLow, volume },
}))

export const conditionsRoutes: Routes = (api) => {
  api.openapi(route, (context) => context.json({ conditions }, 200))
}
