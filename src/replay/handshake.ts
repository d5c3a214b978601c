import { STATUS_CODES, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

/** An HTTP status to refuse with, `hang`: the handshake is never answered. */
export type Refusal = number | 'hang'

/** Answers an upgrade request with a plain HTTP refusal. `date` is the Date header. */
export function refuse(socket: Duplex, refusal: Refusal, date: string): void {
  socket.on('error', () => socket.destroy()) // the client may be gone already
  if (refusal === 'hang') return
  const body = STATUS_CODES[refusal] ?? 'Refused'
  const lines = [
    `HTTP/1.1 ${refusal} ${body}`,
    `Date: ${date}`,
    'Connection: close',
    'Content-Type: text/plain',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(refusal === 429 ? ['Retry-After: 60'] : []),
  ]
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`)
}

/** The key that a client shows: `?token=KEY` or the header `X-Finnhub-Token`; empty: none. */
export function shownKey(request: IncomingMessage): string {
  const header = request.headers['x-finnhub-token']
  const query = new URL(request.url ?? '/', 'ws://localhost').searchParams.get('token')
  return query ?? (typeof header === 'string' ? header : '')
}
