import { once } from 'node:events'
import {
  createServer,
  request as openRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import { pipeline } from 'node:stream/promises'
import { HOST, freePorts } from '../ports.ts'

/** An HTTP server on 127.0.0.1. Disposing frees its port, whatever its requests wait for. */
export type HttpServer = AsyncDisposable & { readonly url: string; readonly port: number }

// Longer than clients keep an idle connection: one closed by a server just as a client writes to it
// would look like a mishap that nobody ordered.
const KEEP_ALIVE_MS = 120_000
const OF_THE_CONNECTION = new Set(['connection', 'keep-alive', 'proxy-connection'])

/** Serves each request by `answer`; when it rejects, the connection is lost. */
export async function serveHttp(
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<HttpServer> {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0 })
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    answer(request, response).catch(() => response.destroy())
  })
  const [port = 0] = await freePorts(1, [])
  server.listen(port, HOST)
  await once(server, 'listening')
  return {
    url: `http://${HOST}:${port}`,
    port,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

/**
 * Sends a request on to a server, with the headers as they came, Host among them: signatures stay
 * right. Resolves with the answer's head. Rejects when either side is lost before it.
 */
export async function passOn(
  request: IncomingMessage,
  target: string,
  body: Buffer | null = null,
): Promise<IncomingMessage> {
  const { hostname, port } = new URL(target)
  const { method, url, rawHeaders } = request
  const upstream = openRequest({
    hostname,
    port,
    method,
    path: url,
    headers: headersOf(rawHeaders),
    agent: false, // a kept connection that the server closes would look like a mishap
  })
  upstream.on('error', () => undefined) // also after the answer's head, whose body then tells
  const answered = once(upstream, 'response') as Promise<[IncomingMessage]>
  const sent =
    body === null ? pipeline(request, upstream) : Promise.resolve(void upstream.end(body))
  // A server may answer before it has read all, and then close.
  const [answer] = await Promise.race([answered, sent.then(() => answered)])
  sent.catch(() => undefined)
  return answer
}

/** Gives an answer of the target to the client. */
export async function giveBack(answer: IncomingMessage, response: ServerResponse): Promise<void> {
  response.writeHead(answer.statusCode ?? 500, headersOf(answer.rawHeaders, 'transfer-encoding'))
  await pipeline(answer, response)
}

/** The body of a message. Rejects when it is cut short. */
export async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** Raw headers without those of one connection, and without `besides`. */
function headersOf(raw: readonly string[], besides = ''): string[] {
  const headers: string[] = []
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const [name = '', value = ''] = raw.slice(at, at + 2)
    const lower = name.toLowerCase()
    if (!OF_THE_CONNECTION.has(lower) && lower !== besides) headers.push(name, value)
  }
  return headers
}
