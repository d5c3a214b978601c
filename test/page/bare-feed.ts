import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'

/** A feed without rules: it says to whoever is connected what nobody subscribed to, which our replay would not. */
export type BareFeed = Disposable & {
  readonly url: string
  /** Resolves once a recorder has connected. */
  readonly connected: Promise<unknown>
  send(text: string): void
}

export async function startBareFeed(): Promise<BareFeed> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `ws://127.0.0.1:${port}`,
    connected: once(server, 'connection'),
    send: (text) => {
      for (const client of server.clients) client.send(text)
    },
    [Symbol.dispose]: () => server.close(),
  }
}
