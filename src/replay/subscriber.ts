import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import type { ReplayFault, ReplayFrame } from './replay.ts'
import { bigFrame, garbage, halfOf, tornFrame, type Mischief } from './faults.ts'
import { errorFrame, frameFor } from './frame.ts'

const UNSENT_BYTES_MAX = 1024 * 1024 // above this the server waits for the socket, so memory stays flat
const SYMBOL = /^[A-Z0-9][A-Z0-9 .:_/^=-]{0,39}$/i

export type SubscriberRules = {
  /** Symbols one connection may have; one more gets the feed's error frame, which names none. */
  readonly symbolsMax: number
  readonly mischief: Mischief | null
  /** Symbols that are well-formed and still refused. */
  readonly unknown: (symbol: string) => boolean
  readonly onSubscribe: (symbol: string) => void
  readonly onFault: (fault: ReplayFault) => void
}

/** What went out whole, and how often (twice where a duplicate struck). */
export type Offered = {
  readonly bytes: Uint8Array
  readonly whole: boolean
  readonly times: number
}

/** One connection: its subscriptions, and what is sent to it. */
export type Subscriber = {
  readonly symbols: ReadonlySet<string>
  /** Sends this connection its part of a frame; resolves when the socket has room again. Null: nothing whole was sent. */
  offer(frame: ReplayFrame): Promise<Offered | null>
  /** Sends to it whatever it subscribed to. */
  send(bytes: Uint8Array): Promise<void>
  end(how: number | 'cut'): void
  stall(): void
  readonly gone: Promise<void>
}

export function subscriber(ws: WebSocket, socket: Socket, rules: SubscriberRules): Subscriber {
  const symbols = new Set<string>()
  let silent = false
  const gone = new Promise<void>((resolve) => ws.once('close', () => resolve()))
  const waiting = new Set<() => void>() // sends that wait for room; nobody may wait on a closed socket
  void gone.then(() => waiting.forEach((resume) => resume()))
  ws.on('error', () => ws.terminate()) // a client that breaks the protocol is dropped
  ws.on('message', (message: Buffer) => {
    const refusal = apply(message, symbols, rules)
    if (refusal !== null) void send(errorFrame(refusal))
  })

  const send = async (bytes: Uint8Array): Promise<void> => {
    if (silent || ws.readyState !== ws.OPEN) return
    await new Promise<void>((resolve) => {
      const resume = () => {
        waiting.delete(resume)
        resolve()
      }
      waiting.add(resume)
      ws.send(bytes, { binary: false, compress: false }, resume)
      if (ws.bufferedAmount <= UNSENT_BYTES_MAX) resume()
    })
  }
  const end = (how: number | 'cut') => {
    if (how !== 'cut') ws.close(how)
    if (how === 'cut') socket.resetAndDestroy()
  }
  /** How often the frame was sent whole all the same. */
  const strike = async (fault: ReplayFault, bytes: Uint8Array): Promise<number> => {
    rules.onFault(fault)
    if (fault === 'stall') silent = true
    else if (fault === 'garbage') await send(garbage())
    else if (fault === 'big') await send(bigFrame())
    else if (fault === 'half') await send(halfOf(bytes))
    else if (fault === 'close' || fault === '429') end(1001)
    else if (fault === 'cut') socket.write(tornFrame(bytes), () => end('cut'))
    const survives = fault === 'duplicate' || fault === 'garbage' || fault === 'big'
    if (!survives) return 0
    if (fault === 'duplicate') await send(bytes)
    await send(bytes)
    return fault === 'duplicate' ? 2 : 1
  }
  return {
    symbols,
    gone,
    send,
    end,
    offer: async (frame) => {
      const own = symbols.size === 0 ? null : frameFor(frame, symbols)
      if (own === null || silent || ws.readyState !== ws.OPEN) return null
      const fault = rules.mischief?.next() ?? null
      let times = 1
      if (fault === null) await send(own.bytes)
      else times = await strike(fault, own.bytes)
      return times === 0 ? null : { ...own, times }
    },
    stall: () => {
      silent = true
    },
  }
}

/** Applies one message of a client to its subscriptions; the words of the error frame if it is refused. */
function apply(message: Buffer, symbols: Set<string>, rules: SubscriberRules): string | null {
  let request: { type?: unknown; symbol?: unknown } | null
  try {
    request = JSON.parse(message.toString()) as typeof request
  } catch {
    return 'Invalid message'
  }
  const { type, symbol } = request ?? {}
  if (type !== 'subscribe' && type !== 'unsubscribe') return 'Invalid message type'
  if (typeof symbol !== 'string' || !SYMBOL.test(symbol) || rules.unknown(symbol))
    return `Invalid symbol ${String(symbol)}`
  if (type === 'unsubscribe') {
    symbols.delete(symbol)
    return null
  }
  if (!symbols.has(symbol) && symbols.size >= rules.symbolsMax)
    return 'Subscribing to too many symbols'
  symbols.add(symbol)
  rules.onSubscribe(symbol)
  return null
}
