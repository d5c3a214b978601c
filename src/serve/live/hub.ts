import type { WebSocket } from 'ws'
import type { Clock } from '../../flow/clock.ts'
import type { Logger } from '../../flow/log.ts'
import type { Metrics } from '../../flow/metrics.ts'
import type { Run } from '../../market/records.ts'
import type { Trades } from '../../market/trades.ts'
import type { Query } from '../../query/query.ts'
import type { SymbolRow } from '../contract/market.ts'
import type { Status } from '../contract/status.ts'
import { createReaders, type Reader } from './readers.ts'
import { createAsker } from './seeding.ts'
import { createContinuity } from './seen.ts'
import { createStrip } from './strip.ts'
import { createTopics } from './topics.ts'
import { createWatch } from './watch.ts'

/** Ten batches a second, at most. */
const BATCH_MS = 100

/** The live stream of the page: what the tape says, told to every page that asks, ten times a second at most. */
export type Hub = AsyncDisposable & {
  /** Runs of the trade log as they are read; some may be read again. */
  takeTrades(run: Run): void
  /** Takes a page that was let in; it is told what it asks for until it goes. */
  connect(socket: WebSocket): void
  /** The watch list: every symbol that is known, the most traded first. */
  symbols(): readonly SymbolRow[]
}

export type HubOptions = {
  readonly clock: Clock
  readonly decode: (run: Run) => Trades
  /** For ticklake's own statements, over lake and tape. */
  readonly market: () => Promise<Query>
  readonly status: () => Promise<Status>
  readonly metrics: Metrics
  readonly log: Logger
}

export function createHub(options: HubOptions): Hub {
  const { clock, decode, log } = options
  const over = new AbortController()
  const asker = createAsker(options)
  const watch = createWatch(asker)
  const topics = createTopics<Reader>({ asker, watch })
  const readers = createReaders({ ...options, topics, strip: createStrip(options) })
  const continuity = createContinuity()
  const beat = async () => {
    for (let batch = 1; ; batch++) {
      await clock.sleep(BATCH_MS, over.signal)
      if (over.signal.aborted) return
      try {
        watch.turn()
        readers.turn(batch)
      } catch (error) {
        log('error', `a batch of the live stream could not be made: ${String(error)}`)
        readers.close(1011, 'the live stream failed; it begins anew')
      }
    }
  }
  const beating = beat()
  return {
    symbols: watch.symbols,
    connect: readers.connect,
    takeTrades: (run) => {
      const { first, broken } = continuity.admit(run)
      if (broken) {
        watch.reset()
        topics.reset()
      }
      const trades = decode(run)
      const fresh = { trades, rows: tradeRows(trades, first) }
      watch.take(fresh)
      topics.take(fresh)
    },
    [Symbol.asyncDispose]: async () => {
      over.abort()
      readers.close(1001, 'the server stops')
      topics[Symbol.dispose]()
      watch[Symbol.dispose]()
      await Promise.all([beating, asker.settled()])
    },
  }
}

/** Those of a run that are trades and were not sent before. */
function tradeRows({ run, defect }: Trades, first: number): readonly number[] {
  const rows: number[] = []
  for (let row = first; row < run.count; row++)
    if (defect[row] === 0 && run.redelivered[row] === 0) rows.push(row)
  return rows
}
