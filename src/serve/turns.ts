import { Fault } from '../flow/fault.ts'
import type { Query } from '../query/query.ts'
import { untilRead } from '../query/until-read.ts'

export type TurnOptions = {
  /** So many at once. */
  readonly runningMax: number
  /** So many more wait for one of them to end, and no longer than `waitMsMax`. */
  readonly waitingMax: number
  readonly waitMsMax: number
  /** What it is that takes turns, in words, as in `statements`. */
  readonly what: string
}

/** `signal` is aborted when whoever asked goes away, and when the turn ends. */
export type Turn = {
  readonly signal: AbortSignal
  /** Ends the turn; further calls do nothing. */
  readonly end: () => void
}

/**
 * `take` waits for a turn for whoever goes away by `gone`. Faults: `unavailable` where too many wait or none
 * ended in time, `closed` where they went away meanwhile.
 */
export type Turns = { readonly take: (gone: AbortSignal) => Promise<Turn> }

export function createTurns({ runningMax, waitingMax, waitMsMax, what }: TurnOptions): Turns {
  let running = 0
  const waiting = new Set<() => void>()
  const busy = () =>
    new Fault('unavailable', `${runningMax} ${what} are running already`, {
      remedy: 'Wait for one of them to end, or cancel one, and try again.',
    })
  const turn = (gone: AbortSignal): Turn => {
    running += 1
    const over = new AbortController()
    const end = () => {
      if (over.signal.aborted) return
      over.abort()
      running -= 1
      const [next] = waiting
      next?.()
    }
    return { signal: AbortSignal.any([gone, over.signal]), end }
  }
  return {
    take: async (gone) => {
      if (gone.aborted) throw left()
      if (running < runningMax) return turn(gone)
      if (waiting.size >= waitingMax) throw busy()
      return await new Promise((resolve, reject) => {
        const leave = () => {
          waiting.delete(enter)
          clearTimeout(timer)
          gone.removeEventListener('abort', abort)
        }
        const enter = () => {
          leave()
          resolve(turn(gone))
        }
        const abort = () => {
          leave()
          reject(left())
        }
        const timer = setTimeout(() => {
          leave()
          reject(busy())
        }, waitMsMax)
        gone.addEventListener('abort', abort)
        waiting.add(enter)
      })
    },
  }
}

/** The same query, each statement of which waits for its turn, and holds it until its answer is read. */
export const inTurns = (query: Query, turns: Turns): Query => ({
  ...query,
  run: async (sql, limits, gone) => {
    const { signal, end } = await turns.take(gone)
    try {
      const answer = await query.run(sql, limits, signal)
      return { ...answer, batches: untilRead(answer.batches, end) }
    } catch (error) {
      end()
      throw error
    }
  },
})

const left = (): Fault =>
  new Fault('closed', 'whoever asked went away', { remedy: 'Ask again if it was not meant.' })
