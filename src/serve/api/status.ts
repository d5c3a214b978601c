import { createRoute } from '@hono/zod-openapi'
import { Status } from '../contract/status.ts'
import { answered, FAILURES } from './asking.ts'
import type { Routes } from './routes.ts'

const route = createRoute({
  method: 'get',
  path: '/api/status',
  summary: 'How the recorder is: what the strip of the page shows',
  tags: ['Status'],
  responses: { 200: answered(Status, 'Now'), ...FAILURES },
})

export const statusRoutes: Routes = (api, { overview }) => {
  api.openapi(route, async (context) => context.json(await overview.status(), 200))
}
