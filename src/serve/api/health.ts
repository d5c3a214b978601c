import { prometheusText } from '../metrics.ts'
import type { Routes } from './routes.ts'

/** For supervisors and Prometheus: plain text. */
export const healthRoutes: Routes = (api, { overview }) => {
  api.get('/healthz', (context) => context.text('ok\n'))
  api.get('/readyz', async (context) => {
    const reason = await overview.unready()
    return context.text(`${reason ?? 'ready'}\n`, reason === null ? 200 : 503)
  })
  api.get('/metrics', async (context) =>
    context.body(prometheusText(await overview.samples()), 200, {
      'content-type': 'text/plain; version=0.0.4; charset=utf-8',
    }),
  )
}
