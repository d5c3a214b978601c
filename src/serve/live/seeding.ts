import type { Clock } from '../../flow/clock.ts'
import { isFault } from '../../flow/fault.ts'
import type { Logger } from '../../flow/log.ts'
import type { AsOf, Query } from '../../query/query.ts'
import type { Bounds } from '../../query/rows.ts'
import type { Fresh } from './topic.ts'

/** A statement of the stream's own takes no longer, ms. */
const ASK_MS_MAX = 60_000
/** After one that failed, or that did not reach the tape's end: first so long, then twice as long, up to, ms. */
const AGAIN_MS = 2000
const AGAIN_MS_MAX = 60_000
/** Records that wait for an answer: a minute of the busiest feed. More, and the question is asked again. */
const WAITING_MAX = 1_000_000

/** Statements at once: after a restart every page asks at the same time, and so does whoever looks at candles. */
const ASKED_MAX = 3

/** Who answers the stream's own questions. */
export type Asker = {
  readonly clock: Clock
  readonly log: Logger
  readonly ask: <A>(
    question: (query: Query, bounds: Bounds) => Promise<A>,
    signal: AbortSignal,
  ) => Promise<A>
  /** Once nothing is asked any more: the query may be closed. */
  readonly settled: () => Promise<void>
}

export function createAsker({
  clock,
  log,
  market,
}: Pick<Asker, 'clock' | 'log'> & { readonly market: () => Promise<Query> }): Asker {
  const waiting: (() => void)[] = []
  const running = new Set<Promise<unknown>>()
  let asked = 0
  const turn = async () => {
    if (asked >= ASKED_MAX) await new Promise<void>((resolve) => waiting.push(resolve))
    else asked += 1
  }
  const pass = () => {
    const next = waiting.shift()
    if (next === undefined) asked -= 1
    else next()
  }
  return {
    clock,
    log,
    settled: async () => void (await Promise.allSettled(running)),
    ask: async (question, signal) => {
      await turn()
      const asking = (async () => {
        signal.throwIfAborted()
        return await question(await market(), { millisMax: ASK_MS_MAX, signal })
      })()
      running.add(asking)
      try {
        return await asking
      } finally {
        running.delete(asking)
        pass()
      }
    },
  }
}

type Answered = { readonly asOf: AsOf }
export type SeedingOptions<Answer extends Answered> = {
  /** In words, for the log. */
  readonly what: string
  readonly ask: (query: Query, bounds: Bounds) => Promise<Answer>
  /** The answer is there: what was known before is void. */
  readonly begin: (answer: Answer) => void
  /** Trades that came after the question began; the answer may have seen the first of them. */
  readonly take: (fresh: Fresh) => void
  /** Better an answer with a hole than none, until there is one without. */
  readonly partly?: boolean
}

/**
 * Joins an answer of SQL and the trades that come after it: those that come while it is asked wait for it. An
 * answer that does not reach the tape's end leaves a hole, so it is asked for again.
 */
export type Seeding = Disposable & {
  take(fresh: Fresh): void
  /** Asks anew. */
  again(): void
}

export function createSeeding<A extends Answered>(
  { clock, log, ask: put }: Asker,
  { what, ask, begin, take, partly = false }: SeedingOptions<A>,
): Seeding {
  const over = new AbortController()
  let waiting: Fresh[] | null = []
  let waitingRecords = 0
  let asking = new AbortController()

  const attempt = async (signal: AbortSignal): Promise<boolean> => {
    waiting = []
    waitingRecords = 0
    try {
      const answer = await put(ask, signal)
      const { degraded } = answer.asOf
      if (signal.aborted || waitingRecords > WAITING_MAX || (degraded && !partly)) return false
      const came = waiting
      waiting = null
      begin(answer)
      for (const fresh of came) take(fresh)
      return !degraded
    } catch (error) {
      if (signal.aborted) return false
      if (!isFault(error)) throw error
      log('debug', `${what} cannot be asked for: ${error.message}`)
      return false
    }
  }
  const run = async (signal: AbortSignal) => {
    for (let waitMs = AGAIN_MS; !signal.aborted && !(await attempt(signal));) {
      await clock.sleep(waitMs, signal)
      waitMs = Math.min(AGAIN_MS_MAX, waitMs * 2)
    }
  }
  const start = () => {
    asking.abort()
    asking = new AbortController()
    const signal = AbortSignal.any([over.signal, asking.signal])
    run(signal).catch((error: unknown) => log('error', `${what}: ${String(error)}`))
  }
  start()
  return {
    take: (fresh) => {
      if (waiting === null) return take(fresh)
      waitingRecords += fresh.trades.run.count
      if (waitingRecords > WAITING_MAX) waiting = []
      else waiting.push(fresh)
    },
    again: start,
    [Symbol.dispose]: () => over.abort(),
  }
}
