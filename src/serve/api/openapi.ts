import type { Routes } from './routes.ts'

/** The description of every route, made from the routes themselves. */
export const openapiRoutes: Routes = (api, { version }) => {
  api.doc31('/api/openapi.json', {
    openapi: '3.1.0',
    info: {
      title: 'ticklake',
      version,
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
      description:
        'Live trades, recorded once and queryable: bars, trades, gaps, the watch list, SQL and the lake. ' +
        'Beside it /healthz, /readyz and /metrics (plain text), the live stream at /api/live (WebSocket), and ' +
        '/udf for charting libraries. Where the server has a token: Authorization: Bearer TOKEN.',
    },
  })
}
