import type { IncomingMessage } from 'node:http'
import type { WebSocket } from 'ws'
import type { Clock } from '../flow/clock.ts'
import { retryAfterMs, type SocketEnd } from './finnhub-handshake.ts'

/**
 * The largest message taken off the wire. It is far above what can be split, so that a frame of 20 MB is
 * one unreadable frame and the connection goes on; past it the connection is closed (code 1009), because
 * a message is held in memory whole.
 */
const MESSAGE_BYTES_MAX = 64 * 1024 * 1024
const FAREWELL_MS = 1_000 // for the server's half of the closing handshake; then the socket is cut

export type SocketHooks = {
  /** The handshake is done; its Date header, ms since 1970 UTC. Called before any frame. */
  opened(serverDateMs: number | null): void
  /** A data frame; the bytes may be used again after the call. */
  frame(bytes: Uint8Array): void
  /** A WebSocket ping or pong. */
  ping(): void
}

export type FeedSocket = {
  send(text: string): void
  /** Ends the connection for this cause, with a closing handshake or, when `abrupt`, at once. */
  close(cause: string, abrupt?: 'abrupt'): void
  readonly ended: Promise<SocketEnd>
}

/** Opens a socket; every way it can end comes out of `ended`, which never rejects. `redact` cleans foreign text. */
export function openSocket(
  { Socket, url, clock, redact }: SocketOptions,
  hooks: SocketHooks,
): FeedSocket {
  const ended = Promise.withResolvers<SocketEnd>()
  let opened = false
  let cause: string | null = null // ours; the first one stands
  let trouble: { cause: string; detail: string } | null = null
  const ws = new Socket(url, {
    maxPayload: MESSAGE_BYTES_MAX,
    perMessageDeflate: false, // a compressed message is bounded only after it was inflated
    skipUTF8Validation: true, // bytes are recorded as they came; the splitter judges them
  })
  let serverDateMs: number | null = null
  ws.on('upgrade', (response: IncomingMessage) => {
    serverDateMs = dateOf(response)
  })
  ws.on('open', () => {
    opened = true
    hooks.opened(serverDateMs)
  })
  ws.on('message', (bytes: Buffer) => hooks.frame(bytes))
  ws.on('ping', hooks.ping)
  ws.on('pong', hooks.ping)
  ws.on('unexpected-response', (_request, response) => {
    const wait = retryAfterMs(response.headers['retry-after'], clock.now())
    ended.resolve({ kind: 'refused', status: response.statusCode ?? 0, retryAfterMs: wait })
    response.resume()
    ws.terminate()
  })
  ws.on('error', (error) => {
    trouble ??= { cause: causeOf(error), detail: redact(error.message) }
  })
  ws.on('close', (code, reason) => {
    const detail = trouble?.detail ?? `code ${code} ${redact(reason.toString())}`.trim()
    const why = cause ?? trouble?.cause ?? (code === 1006 ? 'network' : 'server closed')
    if (opened) ended.resolve({ kind: 'closed', cause: why, detail: cause ?? detail })
    else ended.resolve({ kind: 'failed', detail: cause ?? detail })
  })
  return {
    ended: ended.promise,
    send: (text) => ws.send(text, () => undefined), // a failure shows as the end of the socket
    close: (why, abrupt) => {
      cause ??= why
      if (abrupt === 'abrupt' || !opened) return ws.terminate()
      ws.close(1000)
      const gone = new AbortController()
      void ended.promise.then(() => gone.abort())
      void clock.sleep(FAREWELL_MS, gone.signal).then(() => ws.terminate())
    },
  }
}

export type SocketOptions = {
  readonly Socket: typeof WebSocket
  readonly url: URL
  readonly clock: Clock
  readonly redact: (text: string) => string
}

const causeOf = (error: Error & { code?: unknown }): string => {
  if (error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') return 'frame too long'
  return typeof error.code === 'string' && error.code.startsWith('WS_ERR') ? 'protocol' : 'network'
}

function dateOf(response: IncomingMessage): number | null {
  const ms = Date.parse(response.headers.date ?? '')
  return Number.isNaN(ms) ? null : ms
}
