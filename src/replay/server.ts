import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { Clock } from '../flow/clock.ts'
import { Fault } from '../flow/fault.ts'
import type { Logger } from '../flow/log.ts'
import type { Faults, ReplayFrame, Sent } from './replay.ts'
import { createMischief } from './faults.ts'
import { PING, tradeCount } from './frame.ts'
import { refuse, shownKey, type Refusal } from './handshake.ts'
import { subscriber, type Subscriber } from './subscriber.ts'

const PING_MS = 60_000 // as the feed does, about once a minute
const MESSAGE_BYTES_MAX = 64 * 1024 // a subscription is under 100 bytes

export type ServerOptions = {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  readonly clock: Clock
  readonly log: Logger
  /** The one key that is accepted, others get 401; null: any key, or none. */
  readonly token: string | null
  /** One connection a key: a second one is opened and then both are closed, as the feed does. */
  readonly oneConnection: boolean
  readonly symbolsMax: number
  readonly unknown: (symbol: string) => boolean
  readonly faults: Faults | null
  /** Refuses the nth handshake (from 0) with a status, or never answers it; null: lets it in. */
  readonly refuse: (handshake: number) => Refusal | null
  /** Sends a Date header with the handshake, by `clock`. */
  readonly date: boolean
  readonly onSubscribe: (symbol: string, to: Subscriber) => void
}

/** The listening half: handshakes, connections, pings. Who sends what when is the player's. */
export type FeedServer = AsyncDisposable & {
  readonly port: number
  readonly subscribers: ReadonlySet<Subscriber>
  readonly counts: { readonly handshakes: number; readonly connectionsMax: number }
  sent(): Sent
  /** Offers one frame to one subscriber, or to each; resolves when all have room for the next. */
  offer(frame: ReplayFrame, to?: Subscriber): Promise<void>
}

/** Opens the port; throws `invalid` when it cannot (in use, not allowed). */
export async function startServer(options: ServerOptions): Promise<FeedServer> {
  const roster = createRoster(options.oneConnection)
  const sent = { frames: 0, trades: 0, faults: 0 }
  const http = createServer((_request, response) => {
    response.writeHead(426, { 'Content-Type': 'text/plain' }).end('This is a WebSocket server.\n')
  })
  const open = new Set<Socket>()
  http.on('connection', (socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  acceptUpgrades(http, { options, roster, sent })
  await listen(http, options)
  const stopped = new AbortController()
  void pingForEver(options, roster.subscribers, stopped.signal)
  return {
    port: portOf(http),
    subscribers: roster.subscribers,
    counts: roster.counts,
    sent: () => ({ ...sent }),
    offer: async (frame, to) => {
      const targets = to === undefined ? [...roster.subscribers] : [to]
      await Promise.all(
        targets.map(async (target) => {
          const offered = await target.offer(frame)
          if (offered === null) return
          const known = offered.whole ? frame.trades : undefined
          sent.frames += offered.times
          sent.trades += offered.times * (known ?? tradeCount(offered.bytes))
        }),
      )
    },
    [Symbol.asyncDispose]: async () => {
      stopped.abort()
      const closed = new Promise<void>((resolve) => http.close(() => resolve()))
      for (const socket of open) socket.destroy() // handshakes that hang included
      await closed
    },
  }
}

type Roster = {
  readonly subscribers: Set<Subscriber>
  readonly counts: { handshakes: number; connectionsMax: number }
  admit(one: Subscriber, key: string): void
}

function createRoster(oneConnection: boolean): Roster {
  const subscribers = new Set<Subscriber>()
  const keys = new Map<string, Set<Subscriber>>()
  const counts = { handshakes: 0, connectionsMax: 0 }
  return {
    subscribers,
    counts,
    admit: (one, key) => {
      const rivals = keys.get(key) ?? new Set()
      keys.set(key, rivals.add(one))
      subscribers.add(one)
      counts.connectionsMax = Math.max(counts.connectionsMax, subscribers.size)
      void one.gone.then(() => {
        subscribers.delete(one)
        rivals.delete(one)
      })
      if (oneConnection && rivals.size > 1) for (const rival of rivals) rival.end(1008)
    },
  }
}

type Gate = {
  readonly options: ServerOptions
  readonly roster: Roster
  readonly sent: { faults: number }
}

function acceptUpgrades(http: Server, { options, roster, sent }: Gate): void {
  const { clock, log } = options
  const mischief = options.faults === null ? null : createMischief(options.faults)
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MESSAGE_BYTES_MAX,
    perMessageDeflate: false,
  })
  sockets.on('headers', (headers) => {
    if (options.date) headers.push(`Date: ${httpDate(clock)}`)
  })
  let refuseNext = false
  const verdict = (request: IncomingMessage): Refusal | null => {
    const first = refuseNext ? 429 : options.refuse(roster.counts.handshakes)
    refuseNext = false
    const denied = options.token !== null && shownKey(request) !== options.token ? 401 : null
    return first ?? denied
  }
  http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const refusal = verdict(request)
    roster.counts.handshakes += 1
    if (refusal !== null) {
      log('debug', 'replay: handshake refused', { status: refusal })
      return refuse(socket, refusal, httpDate(clock))
    }
    sockets.handleUpgrade(request, socket, head, (ws) => {
      const one = subscriber(ws, request.socket, {
        symbolsMax: options.symbolsMax,
        unknown: options.unknown,
        mischief,
        onSubscribe: (symbol) => options.onSubscribe(symbol, one),
        onFault: (fault) => {
          sent.faults += 1
          refuseNext ||= fault === '429'
        },
      })
      roster.admit(one, shownKey(request))
    })
  })
}

const httpDate = (clock: Clock): string => new Date(clock.now()).toUTCString()

async function pingForEver(
  { clock }: ServerOptions,
  subscribers: ReadonlySet<Subscriber>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(PING_MS, signal)
    if (!signal.aborted) for (const one of subscribers) void one.send(PING)
  }
}

async function listen(http: Server, { host, port }: ServerOptions): Promise<void> {
  http.listen(port, host)
  try {
    await once(http, 'listening')
  } catch (cause) {
    throw new Fault('unavailable', `cannot listen on ${host}:${port}`, {
      remedy: 'Choose another port (0 takes any free one) or stop what uses this one.',
      cause,
    })
  }
}

function portOf(http: Server): number {
  const address = http.address()
  return address !== null && typeof address === 'object' ? address.port : 0
}
