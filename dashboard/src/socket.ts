import { batch, signal, type ReadonlySignal } from '@preact/signals'
import type { Asked, Told } from '../../src/serve/contract/live.ts'
import { ask, ApiFault } from './api.ts'
import { keepConnected, type Connected, type Ear, type Wire } from './connection.ts'

const current = signal<Connected>({ state: 'connecting', since: Date.now() })
/** `since`: since when; for lost the moment of the last message, of which all that is shown is. */
export const socket: ReadonlySignal<Connected> = current

const again = signal(0)
/** Grows by one with each reconnect: what came meanwhile is to be asked for then. */
export const reconnected: ReadonlySignal<number> = again

type Take = (message: Told) => void
const takes = new Map<Told['kind'], Set<Take>>()

/** Calls `take` with each message of the kind, until the function that it returns is called. */
export function told<K extends Told['kind']>(
  kind: K,
  take: (message: Extract<Told, { kind: K }>) => void,
): () => void {
  const mine = take as Take
  const all = takes.get(kind) ?? new Set()
  takes.set(kind, all)
  all.add(mine)
  return () => void all.delete(mine)
}

/** Says it now, or once the socket is open; the last of each kind is said again after a reconnect. */
export function say(message: Asked): void {
  connection.say(message.kind, JSON.stringify(message))
}

function dial(ear: Ear): Wire {
  const address = new URL('/api/live', location.href)
  address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:'
  const wire = new WebSocket(address)
  let opened = false
  wire.addEventListener('open', () => {
    opened = true
    ear.opened()
  })
  wire.addEventListener('message', ({ data }) => {
    if (typeof data === 'string') ear.message(data)
  })
  wire.addEventListener('close', () => {
    if (!opened) void lookWhy()
    ear.closed()
  })
  return { send: (text) => wire.send(text), close: () => wire.close() }
}

/** A browser does not say why a socket was refused; any other request does, and notes it where it is a sign-in. */
async function lookWhy(): Promise<void> {
  try {
    await ask('/api/status')
  } catch (error) {
    if (!(error instanceof ApiFault)) throw error
  }
}

function take(text: string): void {
  const message = JSON.parse(text) as Told
  batch(() => {
    for (const take of takes.get(message.kind) ?? []) take(message)
  })
}

const connection = keepConnected({
  dial,
  changed: (connected, isAgain) =>
    batch(() => {
      current.value = connected
      if (isAgain) again.value++
    }),
  message: take,
  chance: Math.random,
})
/** Connects at once instead of after the wait. */
export const connectNow = (): void => connection.hurry()

addEventListener('online', connectNow)
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') connectNow()
})
