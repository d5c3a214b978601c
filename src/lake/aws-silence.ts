/** So many requests without an answer, one after the other, and the next ones are not sent for a while. */
const SILENCES_MAX = 2

export type Silence = {
  /** As in `127.0.0.1:9000`. */
  readonly host: string
  /** How long what was not answered is taken for gone, ms. */
  readonly restMs: number
}

/** Sends a request, or fails as the one before it did. */
export type Heard = <T>(send: () => Promise<T>) => Promise<T>

/**
 * Sees to it that a server which takes requests and answers none is not waited for again and again, by every
 * caller that tries again: after two of them the next fail at once, until it has rested. Errors bear `host`, for messages.
 */
export function listening({ host, restMs }: Silence): Heard {
  let silences = 0
  let last: { readonly error: unknown; readonly atMs: number } | null = null
  return async (send) => {
    const isResting = last !== null && performance.now() - last.atMs < restMs
    if (last !== null && silences >= SILENCES_MAX && isResting) throw last.error
    try {
      const answer = await send()
      silences = 0
      return answer
    } catch (error) {
      const named = error instanceof Error ? Object.assign(error, { host }) : error
      silences = isSilence(error) ? silences + 1 : 0
      last = { error: named, atMs: performance.now() }
      throw named
    }
  }
}

/** The SDK's name of a connection that was not made, or an answer that did not come, in time. */
const isSilence = (error: unknown): boolean =>
  error instanceof Error && error.name === 'TimeoutError'
