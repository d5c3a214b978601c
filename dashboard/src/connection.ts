/** First wait before connecting again; it doubles with each failure. */
const RETRY_MS_MIN = 250
/** Longest wait: a page left open shows within this time that the server is back. */
const RETRY_MS_MAX = 5000
/** The server tells its state each second: after this long without a word nobody is there. */
const SILENT_MS_MAX = 3000
/** How long an attempt may take. */
const CONNECT_MS_MAX = 5000
const LOOK_EVERY_MS = 500

export type Wire = { send(text: string): void; close(): void }
/** What a wire tells; `closed` at most once, after which it tells nothing. */
export type Ear = { opened(): void; message(text: string): void; closed(): void }

export type Connected = { readonly state: 'connecting' | 'open' | 'lost'; readonly since: number }

export type Connection = {
  /** Sends now, or once it is open; the last text of each kind is sent again after a reconnect. */
  say(kind: string, text: string): void
  /** Connects at once instead of after the wait, if it is lost. */
  hurry(): void
  end(): void
}

/** Wait before the attempt that follows so many failures, with jitter: pages must not all come back at one moment. */
export const retryMs = (failures: number, chance: number): number =>
  Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** failures) * (0.5 + chance / 2)

type Options = {
  readonly dial: (ear: Ear) => Wire
  readonly changed: (connected: Connected, again: boolean) => void
  readonly message: (text: string) => void
  readonly chance: () => number
}

/**
 * Keeps one wire open, for ever. It counts as open from its first message on; one that is silent for too long is given
 * up.
 */
export function keepConnected({ dial, changed, message, chance }: Options): Connection {
  const said = new Map<string, string>()
  let failures = 0
  let state: Connected['state'] = 'connecting'
  let isOpen = false
  let heardMs = Date.now()
  let aliveMs = Date.now()
  let wire: Wire | null = null
  let retry: ReturnType<typeof setTimeout> | undefined

  const connect = () => {
    clearTimeout(retry)
    retry = undefined
    aliveMs = Date.now()
    const mine = dial({
      opened: () => {
        if (wire !== mine) return
        isOpen = true
        aliveMs = Date.now()
        for (const text of said.values()) mine.send(text)
      },
      message: (text) => {
        if (wire !== mine) return
        heardMs = Date.now()
        aliveMs = heardMs
        failures = 0
        if (state !== 'open') become('open')
        message(text)
      },
      closed: () => {
        if (wire === mine) lose()
      },
    })
    wire = mine
  }
  const become = (next: 'open' | 'lost') => {
    changed({ state: next, since: heardMs }, next === 'open' && state === 'lost')
    state = next
  }
  /** What the wire still tells is not heard: it is not `wire` any more. */
  const drop = () => {
    const gone = wire
    wire = null
    isOpen = false
    gone?.close()
  }
  const lose = () => {
    drop()
    become('lost')
    retry = setTimeout(connect, retryMs(failures++, chance()))
  }
  const look = setInterval(() => {
    if (wire !== null && Date.now() - aliveMs > (isOpen ? SILENT_MS_MAX : CONNECT_MS_MAX)) lose()
  }, LOOK_EVERY_MS)
  connect()
  const end = () => {
    clearInterval(look)
    clearTimeout(retry)
    retry = undefined
    drop()
  }
  return {
    say: (kind, text) => {
      said.set(kind, text)
      if (isOpen) wire?.send(text)
    },
    hurry: () => void (retry !== undefined && connect()),
    end,
  }
}
