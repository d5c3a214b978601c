/** One frame as the feed would send it, verbatim, and when: ms on the recording's own clock; null: right after the one before. */
export type ReplayFrame = {
  readonly atMs: number | null
  readonly bytes: Uint8Array
  /** The distinct symbols inside, when the source knows them; null: for everybody. Absent: the server looks. */
  readonly symbols?: readonly string[] | null
  /** How many trades are inside, when the source knows. */
  readonly trades?: number
}

/** Frames in order of time. Iterated again for each pass (loop, or from the start for each connection). */
export type ReplaySource = AsyncIterable<ReplayFrame>

/** What a server may do wrong on purpose. All but `stall`, `close`, `cut` and `429` leave the connection as it is. */
export const FAULT_KINDS = [
  'drop', // the frame is never sent
  'stall', // from here on the connection stays open and silent, pings included
  'duplicate', // the frame is sent twice
  'garbage', // a frame that is no JSON is sent before it
  'half', // only the first half of the frame's text is sent
  'big', // a frame of 20 MB is sent before it
  'close', // the connection is closed
  'cut', // the socket is reset in the middle of the frame
  '429', // the connection is closed and the next handshake is refused with 429
] as const
export type ReplayFault = (typeof FAULT_KINDS)[number]

/** Seeded faults: the chance of each kind per frame sent, in [0, 1]. The same seed repeats the same faults. */
export type Faults = {
  readonly seed: number
  readonly chances: Readonly<Partial<Record<ReplayFault, number>>>
}

/** What was handed to sockets so far, faults' own frames and pings not counted. */
export type Sent = { readonly frames: number; readonly trades: number; readonly faults: number }

/** A WebSocket server that speaks the feed's own protocol; disposing closes every connection and the port. */
export type ReplayServer = AsyncDisposable & {
  /** ws://host:port, what a feed's `url` option takes. */
  readonly url: string
  readonly port: number
  /** Connections open now, and the most that were open at one time. */
  connections(): number
  connectionsMax(): number
  /** WebSocket handshakes seen, refused ones included. */
  handshakes(): number
  /** The distinct symbols that open connections are subscribed to. */
  subscribed(): readonly string[]
  sent(): Sent
  /** Resolves when the source was sent to its end (never with `loop` or from-start-on-connect). */
  readonly ended: Promise<void>
  /** Sends one more frame now, to every connection that subscribed to something in it. */
  send(frame: Uint8Array | string): Promise<void>
  /** Ends every open connection: politely with a WebSocket close code, or `cut`: the socket is reset. */
  disconnect(how: number | 'cut'): void
  /** From here on, open connections stay open and get nothing, pings included. */
  stall(): void
}
