import type { Clock } from '../flow/clock.ts'
import { systemClock } from '../flow/clock.ts'
import { Fault } from '../flow/fault.ts'
import { silent, type Logger } from '../flow/log.ts'
import type { Faults, ReplayFrame, ReplayServer, ReplaySource } from './replay.ts'
import type { Refusal } from './handshake.ts'
import { play } from './player.ts'
import { rebased } from './rebase.ts'
import { startServer, type FeedServer } from './server.ts'
import type { Subscriber } from './subscriber.ts'

const SETTLE_MS = 200 // a client sends its subscriptions one by one: the play waits until they have come

export type ReplayOptions = {
  readonly source: ReplaySource
  /** 127.0.0.1 */
  readonly host?: string
  /** 0: any free port (the default). */
  readonly port?: number
  /** How many times faster than recorded, or 'max'; 1. */
  readonly speed?: number | 'max'
  readonly loop?: boolean
  /** Each connection gets the source from its beginning; else all share one play, which goes on without them. */
  readonly fromStartOnConnect?: boolean
  readonly faults?: Faults | null
  /** The one key that is accepted; null: any, or none. */
  readonly token?: string | null
  /** A second connection with the same key closes both; true. */
  readonly oneConnection?: boolean
  /** Symbols one connection may have; 50. */
  readonly symbolsMax?: number
  /** Well-formed symbols that are refused all the same; none. */
  readonly unknown?: (symbol: string) => boolean
  readonly onSubscribe?: (symbol: string) => void
  readonly refuse?: (handshake: number) => Refusal | null
  /** Answers handshakes with a Date header by `clock`; true. */
  readonly date?: boolean
  /** Shifts the trades' own times so that the first is now; the bytes are then no longer the recorded ones. */
  readonly rebase?: boolean
  /** The play starts when subscriptions have been quiet for this long, ms; 200. */
  readonly settleMs?: number
  readonly clock?: Clock
  readonly log?: Logger
}

/** Serves a source over the feed's protocol. The play starts with the first subscription. */
export async function startReplay(options: ReplayOptions): Promise<ReplayServer> {
  const { speed = 1, loop = false, clock = systemClock, host = '127.0.0.1' } = options
  if (speed !== 'max' && !(speed > 0 && Number.isFinite(speed)))
    throw new Fault('invalid', `a speed of ${speed} plays nothing`, {
      remedy: 'Give a number above 0, such as 1 or 60, or max.',
    })
  const source = options.rebase === true ? rebased(options.source, clock) : options.source
  const stopped = new AbortController()
  const ended = Promise.withResolvers<void>()
  const first = Promise.withResolvers<void>()
  let failure: unknown
  const begin = (to?: Subscriber) => {
    const over = to === undefined ? [stopped.signal] : [stopped.signal, aborted(to.gone)]
    const signal = AbortSignal.any(over)
    const offer = (frame: ReplayFrame) => server.offer(frame, to)
    const reader = () => subscribedTo(server, to, signal)
    return play(source, { speed, loop, clock, signal, offer, reader }).catch((error: unknown) => {
      failure ??= error
      options.log?.('error', 'replay: the source failed', { error: String(error) })
      throw error
    })
  }
  const settling = new Map<Subscriber, number>()
  const onSubscribe = (symbol: string, to: Subscriber) => {
    options.onSubscribe?.(symbol)
    const started = settling.has(to)
    settling.set(to, clock.monotonic())
    if (started) return
    void to.gone.then(() => settling.delete(to))
    void settle(to).then(async () => {
      first.resolve()
      if (options.fromStartOnConnect === true && !stopped.signal.aborted)
        await begin(to).catch(() => to.end(1011))
    })
  }
  const settle = async (to: Subscriber) => {
    const quietMs = options.settleMs ?? SETTLE_MS
    for (;;) {
      const leftMs = (settling.get(to) ?? -Infinity) + quietMs - clock.monotonic()
      if (leftMs <= 0 || stopped.signal.aborted) return
      await clock.sleep(leftMs, stopped.signal)
    }
  }
  const server = await startServer({
    host,
    port: options.port ?? 0,
    clock,
    log: options.log ?? silent,
    token: options.token ?? null,
    oneConnection: options.oneConnection ?? true,
    symbolsMax: options.symbolsMax ?? 50,
    unknown: options.unknown ?? (() => false),
    faults: options.faults ?? null,
    refuse: options.refuse ?? (() => null),
    date: options.date ?? true,
    onSubscribe,
  })
  ended.promise.catch(() => undefined) // who does not wait for the end need not hear of its failure
  if (options.fromStartOnConnect !== true)
    void first.promise.then(() => begin()).then(ended.resolve, ended.reject)
  return replayServer(server, { host, stopped, ended: ended.promise })
}

type Running = {
  readonly host: string
  readonly stopped: AbortController
  readonly ended: Promise<void>
}

const replayServer = (server: FeedServer, { host, stopped, ended }: Running): ReplayServer => ({
  url: `ws://${host.includes(':') ? `[${host}]` : host}:${server.port}`,
  port: server.port,
  connections: () => server.subscribers.size,
  connectionsMax: () => server.counts.connectionsMax,
  handshakes: () => server.counts.handshakes,
  subscribed: () => [...new Set([...server.subscribers].flatMap(({ symbols }) => [...symbols]))],
  sent: server.sent,
  ended,
  send: async (frame) => {
    const bytes = typeof frame === 'string' ? new TextEncoder().encode(frame) : frame
    await server.offer({ atMs: null, bytes })
  },
  disconnect: (how) => {
    for (const one of server.subscribers) one.end(how)
  },
  stall: () => {
    for (const one of server.subscribers) one.stall()
  },
  [Symbol.asyncDispose]: async () => {
    stopped.abort()
    await server[Symbol.asyncDispose]()
  },
})

function aborted(when: Promise<void>): AbortSignal {
  const controller = new AbortController()
  void when.then(() => controller.abort())
  return controller.signal
}

const RETRY_MS = 20 // how often a play at speed max looks for a reader while it has none

async function subscribedTo(
  server: FeedServer,
  to: Subscriber | undefined,
  signal: AbortSignal,
): Promise<void> {
  const found = () =>
    to !== undefined || [...server.subscribers].some(({ symbols }) => symbols.size > 0)
  while (!signal.aborted && !found()) await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
}
