import type { SymbolRow } from '../contract/market.ts'
import { createLines } from './lines.ts'
import { askToday, lookBack, type LookBack, type Today } from './look-back.ts'
import { seenUntil, type Seen } from './seen.ts'
import { createSeeding, type Asker } from './seeding.ts'
import { offsetOf, type Fresh, type Topic } from './topic.ts'

/** Lists are told so often, in batches: twice a second. */
const EVERY_BATCHES = 5

export type Watch = Disposable & {
  take(fresh: Fresh): void
  reset(): void
  /** Every line, the most traded first. */
  symbols(): readonly SymbolRow[]
  /** The lines of these symbols, for one or more pages. */
  list(symbols: readonly string[]): Topic
  /** To be called with each batch, before the lists are asked for theirs. */
  turn(): void
}

/** The watch list of every symbol on the tape, seeded by SQL and kept by the stream. */
export function createWatch(asker: Asker): Watch {
  const lines = createLines(asker.clock)
  let seen: Seen = new Map()
  let before: LookBack | null = null
  let batches = 0

  const take = ({ trades, rows }: Fresh) => {
    const until = seenUntil(seen, trades)
    for (const row of rows) {
      lines.arrived(trades, row)
      if (offsetOf(trades, row) > until && before?.keeps(trades, row) !== true)
        lines.add(trades, row)
    }
  }
  const seeding = createSeeding<Today>(asker, {
    what: 'the watch list',
    ask: askToday,
    partly: true,
    begin: (answer) => {
      before?.[Symbol.dispose]()
      before = null
      seen = answer.seen
      lines.clear()
      lines.addSeed(answer)
      const { todayMs } = answer
      const { all, addSeed, add } = lines
      if (todayMs !== null)
        before = lookBack(asker, { todayMs, lines: all, add: addSeed, take: add })
    },
    take,
  })
  return {
    take: seeding.take,
    reset: seeding.again,
    symbols: lines.rows,
    list: (symbols) => {
      let told = 0
      return {
        whole: () => lines.say(symbols, 0),
        batch: () => {
          if (batches % EVERY_BATCHES !== 0) return []
          const since = told
          told = lines.changes()
          return lines.say(symbols, since)
        },
        [Symbol.dispose]: () => undefined,
      }
    },
    turn: () => {
      batches += 1
      if (batches % EVERY_BATCHES === 0) lines.slowDown()
    },
    [Symbol.dispose]: () => {
      seeding[Symbol.dispose]()
      before?.[Symbol.dispose]()
    },
  }
}
