import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Fault } from '../flow/fault.ts'
import type { Logger } from '../flow/log.ts'
import { loadAssets, type Asset } from './assets.ts'
import { prometheusText, type Sample } from './metrics.ts'

/** The page is for this machine: what is on another one goes through the operator's own proxy. */
const HOST = '127.0.0.1'
/** Names under which a browser on this machine may ask; any other is a page of somebody else (DNS rebinding). */
const HOST_NAMES = new Set(['127.0.0.1', 'localhost', '[::1]'])

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
}

/** What the server answers from; each is asked when a request comes. */
export type Answers = {
  /** The page's numbers, JSON. */
  readonly summary: () => Promise<unknown>
  /** Null: ready; else why not yet. */
  readonly unready: () => Promise<string | null>
  readonly samples: () => Promise<readonly Sample[]>
}

export type Server = AsyncDisposable & { readonly url: string; readonly port: number }

/**
 * Serves page, API and metrics on 127.0.0.1; port 0 takes any free one. Faults: `unavailable` when the port is
 * taken.
 */
export async function startServer(options: {
  readonly port: number
  readonly answers: Answers
  readonly log: Logger
}): Promise<Server> {
  const { answers, log } = options
  const assets = await loadAssets()
  const server = createServer((request, response) => {
    route({ request, response, answers, assets }).catch((error: unknown) => {
      log('error', 'a request failed', { path: request.url, error: String(error) })
      if (!response.headersSent) reply(response, 500, json({ error: 'see the log of serve' }))
      else response.destroy()
    })
  })
  server.headersTimeout = 10_000
  server.requestTimeout = 30_000
  await listen(server, options.port)
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : options.port
  return {
    url: `http://${HOST}:${port}/`,
    port,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function listen(server: ReturnType<typeof createServer>, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const taken = cause.code === 'EADDRINUSE'
      const message = taken
        ? `port ${port} on ${HOST} is taken`
        : `port ${port} on ${HOST} cannot be used: ${cause.message}`
      const remedy = 'Stop the program that has it, choose another --port, or --port 0 for any.'
      reject(new Fault('unavailable', message, { remedy, cause }))
    })
    server.listen(port, HOST, () => resolve())
  })
}

type Reply = { readonly type: string; readonly body: string | Uint8Array }
const json = (value: unknown): Reply => ({
  type: 'application/json; charset=utf-8',
  body: `${JSON.stringify(value)}\n`,
})
const text = (body: string): Reply => ({ type: 'text/plain; charset=utf-8', body })

async function route(exchange: {
  request: IncomingMessage
  response: ServerResponse
  answers: Answers
  assets: ReadonlyMap<string, Asset>
}): Promise<void> {
  const { request, response, answers, assets } = exchange
  const { method = 'GET', headers } = request
  if (!isOurs(headers.host))
    return reply(response, 421, text('This server answers for localhost only.\n'))
  if (method !== 'GET' && method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD')
    return reply(response, 405, text('Only GET.\n'))
  }
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/'
  const asset = assets.get(path)
  if (asset !== undefined) return reply(response, 200, asset)
  switch (path) {
    case '/healthz':
      return reply(response, 200, text('ok\n'))
    case '/readyz': {
      const reason = await answers.unready()
      return reply(response, reason === null ? 200 : 503, text(`${reason ?? 'ready'}\n`))
    }
    case '/metrics': {
      const body = prometheusText(await answers.samples())
      return reply(response, 200, { type: 'text/plain; version=0.0.4; charset=utf-8', body })
    }
    case '/api/summary':
      return reply(response, 200, json(await answers.summary()))
    default:
      return reply(response, 404, text('Not found.\n'))
  }
}

/** The Host header without its port names this machine. */
function isOurs(host: string | undefined): boolean {
  return host !== undefined && HOST_NAMES.has(host.replace(/:\d+$/, '').toLowerCase())
}

function reply(response: ServerResponse, status: number, { type, body }: Reply): void {
  response.writeHead(status, { ...HEADERS, 'content-type': type })
  response.end(body)
}
