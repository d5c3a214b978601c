import type { Answer } from '../query/query.ts'

/** A reader that takes nothing for so long is gone or stuck: what it holds is given back. */
const STALL_MS_MAX = 30_000

export type Pulling = {
  /** Called once, whichever way it ends: read to the end, failed, or left by the reader. */
  readonly ended: () => void
  readonly stallMsMax?: number
}

/**
 * Pieces, text as UTF-8, as a body that makes the next piece only when the last was taken. A reader that goes away, or
 * that stalls, ends `pieces`; what `pieces` throws breaks the body off, so that it cannot look whole.
 */
export function pulled(
  pieces: AsyncIterable<string | Uint8Array>,
  { ended, stallMsMax = STALL_MS_MAX }: Pulling,
): ReadableStream<Uint8Array> {
  const iterator = pieces[Symbol.asyncIterator]()
  const encoder = new TextEncoder()
  let stalled: NodeJS.Timeout | undefined
  const end = async () => {
    clearTimeout(stalled)
    ended()
    await iterator.return?.().catch(() => undefined)
  }
  const waitFor = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    stalled = setTimeout(() => {
      controller.error(new Error(`nothing was read for ${stallMsMax} ms`))
      void end()
    }, stallMsMax)
    stalled.unref()
  }
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => waitFor(controller),
      pull: async (controller) => {
        clearTimeout(stalled)
        try {
          const { done, value } = await iterator.next()
          if (done === true) {
            controller.close()
            await end()
            return
          }
          controller.enqueue(typeof value === 'string' ? encoder.encode(value) : value)
        } catch (error) {
          controller.error(error)
          await end()
          return
        }
        waitFor(controller)
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  )
}

/** Leaves an answer whose signal was aborted, also one of which nothing was read yet, so that it gives back what it holds. */
export async function leave({ batches }: Pick<Answer, 'batches'>): Promise<void> {
  const iterator = batches[Symbol.asyncIterator]()
  await iterator.next().catch(() => undefined) // a generator that never began would not run its end
  await iterator.return?.().catch(() => undefined)
}
