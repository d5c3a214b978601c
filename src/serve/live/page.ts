import type { WebSocket } from 'ws'
import type { Clock } from '../../flow/clock.ts'

/** What a page has not read yet may be so much, bytes; beyond it is told nothing until it has read most of it. */
const UNREAD_MAX = 1_000_000
const UNREAD_LOW = 100_000
/** A page that reads nothing for so long is gone, ms. */
const STUCK_MS_MAX = 60_000

/** One connected page, told no more than it reads. */
export type Page = {
  /** Sends, or drops while the page is behind; true: it was sent. */
  tell(texts: readonly Buffer[]): boolean
  /**
   * Once before each batch. `again`: it has read what it was sent and `dropped` batches were not; now it is to be
   * told the newest state. `stuck`: it was ended.
   */
  look():
    | { readonly kind: 'well' | 'behind' | 'stuck' }
    | { readonly kind: 'again'; dropped: number }
  /** Ends it where it did not answer the last ping, and pings again. */
  ping(): void
  close(code: number, reason: string): void
}

export function createPage(socket: WebSocket, clock: Clock): Page {
  let dropped = 0
  let behindSince: number | null = null
  let answered = true
  socket.on('pong', () => void (answered = true))
  return {
    tell: (texts) => {
      if (socket.readyState !== socket.OPEN || texts.length === 0) return false
      if (behindSince !== null || socket.bufferedAmount > UNREAD_MAX) {
        behindSince ??= clock.monotonic()
        dropped += 1
        return false
      }
      for (const text of texts) socket.send(text, { binary: false })
      return true
    },
    look: () => {
      if (behindSince === null) return { kind: 'well' }
      if (socket.bufferedAmount <= UNREAD_LOW) {
        const missed = dropped
        behindSince = null
        dropped = 0
        return { kind: 'again', dropped: missed }
      }
      if (clock.monotonic() - behindSince <= STUCK_MS_MAX) return { kind: 'behind' }
      socket.terminate()
      return { kind: 'stuck' }
    },
    ping: () => {
      // What it has to read first keeps it from the ping.
      if (behindSince !== null || socket.readyState !== socket.OPEN) return
      if (!answered) return socket.terminate()
      answered = false
      socket.ping()
    },
    close: (code, reason) => socket.close(code, shortened(reason)),
  }
}

/** A reason is 123 bytes at most (RFC 6455, 5.5). */
function shortened(reason: string): string {
  const bytes = Buffer.from(reason)
  return bytes.length <= 123
    ? reason
    : `${bytes
        .subarray(0, 119)
        .toString()
        .replace(/\uFFFD$/, '')}…`
}
