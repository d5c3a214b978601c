import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

const HOST = '127.0.0.1'

/** A TCP proxy on a port of 127.0.0.1 that loses connections when told. */
export type CuttingProxy = AsyncDisposable & {
  readonly port: number
  /** How many clients are connected now. */
  readonly connections: number
  /** Destroys all present connections, in both directions; new ones are accepted. */
  cut(): void
  /** While true, a client that connects is disconnected at once; present connections stay. */
  refuse(on: boolean): void
  /**
   * While true, clients are accepted and stay connected, and not one byte is forwarded either way.
   */
  freeze(on: boolean): void
}

export type CuttingProxyOptions = {
  readonly target: { readonly host: string; readonly port: number }
  /** Cuts all connections so often, in milliseconds; null: only when told. */
  readonly cutEveryMs: number | null
  /** The port to listen on; by default a free one. */
  readonly port?: number
}

/** One client and its way on to the target. */
type Pair = { readonly client: Socket; readonly target: Socket }

/** A proxy that listens. A client whose target is away is disconnected. */
export async function cuttingProxy(options: CuttingProxyOptions): Promise<CuttingProxy> {
  const pairs = new Set<Pair>()
  let refusing = false
  let frozen = false
  const destroy = (pair: Pair) => {
    pairs.delete(pair)
    pair.client.destroy()
    pair.target.destroy()
  }
  const cut = () => {
    for (const pair of pairs) destroy(pair)
  }
  const flow = ({ client, target }: Pair) => {
    client.pipe(target)
    target.pipe(client)
  }
  const hold = ({ client, target }: Pair) => {
    for (const socket of [client, target]) {
      socket.unpipe()
      socket.pause()
    }
  }
  const server = createServer({ noDelay: true }, (client) => {
    if (refusing) {
      client.destroy()
      return
    }
    const target = connect({ ...options.target, noDelay: true })
    const pair = { client, target }
    pairs.add(pair)
    for (const [socket, other] of [[client, target] as const, [target, client] as const]) {
      socket.on('error', () => destroy(pair))
      socket.on('close', () => {
        if (other.destroyed) pairs.delete(pair)
        else other.end() // what was read before the orderly end still goes on
      })
    }
    if (!frozen) flow(pair)
  })
  server.listen(options.port ?? 0, HOST)
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const timer = options.cutEveryMs === null ? null : setInterval(cut, options.cutEveryMs)
  return {
    port,
    get connections() {
      return pairs.size
    },
    cut,
    refuse: (on) => {
      refusing = on
    },
    freeze: (on) => {
      if (on === frozen) return
      frozen = on
      for (const pair of pairs) (on ? hold : flow)(pair)
    },
    [Symbol.asyncDispose]: async () => {
      if (timer !== null) clearInterval(timer)
      const closed = once(server, 'close')
      server.close()
      cut()
      await closed
    },
  }
}
