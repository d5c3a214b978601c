import { WebSocket } from 'ws'
import type { Asked, Told } from '../../src/serve/contract/live.ts'

/** What a page reads, without a page: one connection to the live stream, counted. */
export type LiveClient = AsyncDisposable & {
  say(asked: Asked): void
  /** Since the last call: messages, trades, and how old each batch's newest trade was when it came, ms. */
  taken(): Taken
  readonly closed: () => boolean
}
export type Taken = {
  readonly messages: number
  readonly trades: number
  readonly behind: number
  readonly bytes: number
  readonly ageMs: readonly number[]
}

/** Connects as a page of the server itself does. Rejects with the status when it is refused. */
export async function liveClient(page: string, origin = new URL(page).origin): Promise<LiveClient> {
  const address = new URL('/api/live', page)
  address.protocol = 'ws:'
  const socket = new WebSocket(address, { origin })
  let messages = 0
  let trades = 0
  let behind = 0
  let bytes = 0
  let ageMs: number[] = []
  socket.on('message', (text: Buffer) => {
    const told = JSON.parse(text.toString()) as Told
    messages += 1
    bytes += text.length
    if (told.kind === 'behind') behind += told.dropped
    if (told.kind !== 'trades') return
    trades += told.trades.length
    const newest = told.trades.at(-1)
    if (newest !== undefined) ageMs.push(Date.now() - Date.parse(newest.received_at))
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
    socket.once('unexpected-response', (_request, { statusCode }) =>
      reject(new Error(`refused with ${statusCode}`)),
    )
  })
  socket.on('error', () => undefined)
  return {
    say: (asked) => socket.send(JSON.stringify(asked)),
    taken: () => {
      const taken = { messages, trades, behind, bytes, ageMs }
      messages = trades = behind = bytes = 0
      ageMs = []
      return taken
    },
    closed: () => socket.readyState === socket.CLOSED,
    [Symbol.asyncDispose]: async () => {
      if (socket.readyState === socket.CLOSED) return
      const gone = new Promise((resolve) => socket.once('close', resolve))
      socket.terminate()
      await gone
    },
  }
}
