import type { IncomingMessage, Server as HttpServer } from 'node:http'
import type { Duplex } from 'node:stream'
import { createAdaptorServer } from '@hono/node-server'
import { Hono, type MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { WebSocketServer, type WebSocket } from 'ws'
import { Fault } from '../flow/fault.ts'
import type { Logger } from '../flow/log.ts'
import { refusalOf, type Access } from './access.ts'
import { failed, failure } from './api/failures.ts'
import { createApp } from './app.ts'
import { loadAssets } from './assets.ts'
import { HEADERS, NO_PAGE } from './headers.ts'
import { pageRoutes, signInHeaders, signInPage, signInRoutes } from './page.ts'
import type { Sources } from './sources.ts'
import { closeUnread } from './unread.ts'

const LIVE = '/api/live'
/** A statement may be long; nothing else that is sent here is. */
const BODY_BYTES_MAX = 1_000_000
/** What a page may say on the live stream at once: the lines of the watch list that it shows. */
const SAID_BYTES_MAX = 64 * 1024
/** Whoever sends slower than this holds a connection that others need, ms. */
const HEADERS_MS_MAX = 10_000
const REQUEST_MS_MAX = 30_000
/** Whoever takes no whole answer in so long will not, ms: the largest is a megabyte or two. */
const UNREAD_MS_MAX = 120_000
/** More are a flood: pages are two hundred at most, with some connections each. */
const CONNECTIONS_MAX = 2000
/** A page is given so long to close its socket when the server stops, ms. */
const GOODBYE_MS_MAX = 1000

export type Server = AsyncDisposable & { readonly url: string; readonly port: number }

export type ServerOptions = {
  /** Port 0: any free one. */
  readonly listen: { readonly host: string; readonly port: number }
  readonly access: Access
  readonly sources: Sources
  /** The live stream: it gets the socket of each page. */
  readonly connect: (socket: WebSocket) => void
  readonly log: Logger
}

/** Serves page, API, live stream and metrics. Faults: `unavailable` where the port is taken. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { listen, access, connect, log } = options
  const app = await appOf(options)
  const server = createAdaptorServer({
    fetch: app.fetch,
    overrideGlobalObjects: false,
  }) as HttpServer
  server.headersTimeout = HEADERS_MS_MAX
  server.requestTimeout = REQUEST_MS_MAX
  server.maxConnections = CONNECTIONS_MAX
  closeUnread(server, UNREAD_MS_MAX)
  const pages = new WebSocketServer({ noServer: true, maxPayload: SAID_BYTES_MAX })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', (error) => log('debug', 'a page went away', { error: error.message }))
    const status = upgradeStatus(access, request)
    if (status === 101) pages.handleUpgrade(request, socket, head, connect)
    else {
      // An upgraded socket is nobody's: one whose other end stays open would stay, and keep us from stopping.
      socket.once('finish', () => socket.destroy())
      socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
    }
  })
  await listening(server, listen)
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : listen.port
  return {
    url: `http://${shownHost(listen.host)}:${port}/`,
    port,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        for (const page of pages.clients) page.close(1001, 'the server stops')
        // A page that does not answer, as a suspended one, is not waited for.
        const late = setTimeout(() => {
          for (const page of pages.clients) page.terminate()
        }, GOODBYE_MS_MAX)
        server.close(() => {
          clearTimeout(late)
          resolve()
        })
        server.closeAllConnections()
      }),
  }
}

async function appOf({ access, sources, log }: ServerOptions): Promise<Hono> {
  const app = new Hono()
  app.use(guarded(access))
  signInRoutes(app, access)
  app.use(
    bodyLimit({
      maxSize: BODY_BYTES_MAX,
      onError: (context) =>
        failure(context, 413, {
          kind: 'invalid',
          message: `the request is larger than ${BODY_BYTES_MAX} bytes`,
          remedy: 'Send less at once.',
        }),
    }),
  )
  pageRoutes(app, await loadAssets())
  app.route('/', createApp(sources))
  app.onError((error, context) => failed(context, error, log))
  app.notFound((context) =>
    failure(context, 404, {
      kind: 'invalid',
      message: `there is no ${context.req.path}`,
      remedy: '/api/openapi.json says what there is.',
    }),
  )
  return app
}

/** Refuses whoever may not ask, and puts the headers on every answer. */
const guarded =
  (access: Access): MiddlewareHandler =>
  async (context, next) => {
    const { method, path } = context.req
    const refused = refusalOf(access, { method, path, header: (name) => context.req.header(name) })
    if (refused === null) await next()
    else if (refused.status === 401 && context.req.header('accept')?.includes('text/html'))
      context.res = context.html(signInPage(), 401, signInHeaders())
    else {
      const { status, message, remedy } = refused
      context.res = failure(context, status, { kind: 'invalid', message, remedy })
    }
    const { headers } = context.res
    for (const [name, value] of Object.entries(HEADERS)) headers.set(name, value)
    if (!headers.has('content-security-policy')) headers.set('content-security-policy', NO_PAGE)
    if (!headers.has('cache-control')) headers.set('cache-control', 'no-store')
  }

/** A browser lets any page open a socket anywhere: the same rules, and an Origin where a browser asks. */
function upgradeStatus(access: Access, { headers, url = '' }: IncomingMessage): number {
  const path = url.split('?', 1)[0] ?? ''
  const header = (name: string) => {
    const value = headers[name]
    return Array.isArray(value) ? value[0] : value
  }
  const refused = refusalOf(access, { method: 'GET', path, header })
  if (refused !== null) return refused.status
  return path === LIVE ? 101 : 404
}

/** As it is written in a URL; of all addresses the one that this machine has for itself. */
const shownHost = (host: string): string => {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}

function listening(server: HttpServer, { host, port }: ServerOptions['listen']): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const taken = cause.code === 'EADDRINUSE'
      const message = taken
        ? `port ${port} on ${host} is taken`
        : `${host} port ${port} cannot be used: ${cause.message}`
      const remedy = taken
        ? 'Stop the program that has it, choose another --port, or --port 0 for any.'
        : 'Choose another --port, or a --host that is an address of this machine.'
      reject(new Fault('unavailable', message, { remedy, cause }))
    })
    server.listen(port, host, () => resolve())
  })
}
