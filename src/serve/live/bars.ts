import { isoOf } from '../../market/times.ts'
import { bucketOf, createCandles, type Bar, type BarWidth } from '../../market/candles.ts'
import { listingOf } from '../../market/sessions.ts'
import { latestTrades } from '../../query/latest-trades.ts'
import type { Query } from '../../query/query.ts'
import type { Bounds } from '../../query/rows.ts'
import type { Told } from '../contract/live.ts'
import { barSeed, lengthMs, sinceOf, type BarSeed } from './bar-seed.ts'
import { seenUntil } from './seen.ts'
import { createSeeding, type Asker } from './seeding.ts'
import { offsetOf, type Fresh, type TradeTopic } from './topic.ts'

/** Buckets that the fold keeps: ten minutes of seconds. Past that it goes on with half of them. */
const BUCKETS_MAX = 600
/** Late trades are told so often, ms: each makes the page ask for bars again. */
const STALE_EVERY_MS = 1000

export type BarsOptions = {
  readonly symbol: string
  readonly interval: string
  readonly width: BarWidth
  readonly asker: Asker
}

/** Bars of one symbol and width from `since` on, as SQL has them, trade by trade. */
export function createBars(options: BarsOptions): TradeTopic {
  const { symbol, width, asker } = options
  const say = sayingOf(options)
  const late = createLate(options)
  let folded: Folded | null = null
  /** What the pages were told to be `since`; null: the next message is a first one. */
  let toldMs: number | null = null

  const seeding = createSeeding<BarSeed & { readonly sinceMs: number }>(asker, {
    what: `the bars of ${symbol}`,
    ask: async (query, bounds) => {
      const { asOf, sinceMs } = await sinceOfSymbol(query, { symbol, width, bounds })
      if (sinceMs === 0) return { asOf, sinceMs, states: [], seen: new Map() }
      return { ...(await barSeed(query, { symbol, width, sinceMs }, bounds)), sinceMs }
    },
    begin: (seed) => {
      folded = createFolded(options, seed)
      late.clear()
      toldMs = null
    },
    take: (fresh) => folded?.take(fresh, late.add),
  })
  const sayBars = ({ candles, sinceMs, moveOn }: Folded): readonly string[] => {
    const since = sinceMs()
    const changed = candles.takeChanged()
    const isFirst = toldMs === null
    const isDue = isFirst || changed.length > 0 || toldMs !== since
    toldMs = since
    const said = isDue ? [say(isFirst ? candles.bars() : changed, isFirst, since)] : []
    moveOn() // what changed has been told before it is let go
    return said
  }
  return {
    take: seeding.take,
    reset: seeding.again,
    whole: () => (folded === null ? [] : [say(folded.candles.bars(), true, folded.sinceMs())]),
    batch: () => (folded === null ? [] : [...sayBars(folded), ...late.batch()]),
    [Symbol.dispose]: () => seeding[Symbol.dispose](),
  }
}

const sayingOf =
  ({ symbol, interval }: BarsOptions) =>
  (bars: readonly Bar[], first: boolean, sinceMs: number): string => {
    const since = isoOf(sinceMs)
    const told = bars.filter(({ startMs }) => startMs >= sinceMs).map(shown)
    return JSON.stringify({
      kind: 'bars',
      symbol,
      interval,
      first,
      since,
      bars: told,
    } satisfies Told)
  }

/** The fold and how far back it goes. */
type Folded = ReturnType<typeof createFolded>

function createFolded(
  { symbol, width }: BarsOptions,
  { sinceMs: seedMs, states, seen }: BarSeed & { readonly sinceMs: number },
) {
  const candles = createCandles(width)
  candles.restore(symbol, states)
  const listing = listingOf(symbol)
  const length = lengthMs(width)
  let sinceMs = seedMs
  let newestMs = states.reduce((most, { startMs }) => Math.max(most, startMs), seedMs)
  return {
    candles,
    sinceMs: () => sinceMs,
    take: ({ trades, rows }: Fresh, late: (bucketMs: number) => void) => {
      const until = seenUntil(seen, trades)
      for (const row of rows) {
        if (offsetOf(trades, row) <= until) continue
        const bucket = bucketOf(width, listing, trades.timeMs[row] ?? 0)
        if (bucket < sinceMs) late(bucket)
        else candles.addRow(trades, row)
        newestMs = Math.max(newestMs, bucket)
      }
    },
    moveOn: () => {
      if ((newestMs - sinceMs) / length <= BUCKETS_MAX) return
      sinceMs = newestMs - (BUCKETS_MAX / 2) * length
      candles.forget(sinceMs)
    },
  }
}

/** Late trades of bars that the stream does not have: from the first to past the last of them. */
function createLate({ symbol, interval, width, asker: { clock } }: BarsOptions) {
  let stretch: { readonly fromMs: number; readonly toMs: number } | null = null
  let toldMs = Number.NEGATIVE_INFINITY
  return {
    add: (bucketMs: number) => {
      const fromMs = Math.min(stretch?.fromMs ?? bucketMs, bucketMs)
      stretch = { fromMs, toMs: Math.max(stretch?.toMs ?? 0, bucketMs + lengthMs(width)) }
    },
    clear: () => void (stretch = null),
    batch: (): readonly string[] => {
      const nowMs = clock.monotonic()
      if (stretch === null || nowMs - toldMs < STALE_EVERY_MS) return []
      const [from, to] = [isoOf(stretch.fromMs), isoOf(stretch.toMs)]
      toldMs = nowMs
      stretch = null
      return [JSON.stringify({ kind: 'stale', symbol, interval, from, to } satisfies Told)]
    },
  }
}

type Looking = { readonly symbol: string; readonly width: BarWidth; readonly bounds: Bounds }

/** By the newest trade, not by the clock: a replayed tape has times of long ago. 0: there is no trade. */
async function sinceOfSymbol(query: Query, { symbol, width, bounds }: Looking) {
  const { asOf, found } = await latestTrades(query, { symbol, before: null, limit: 1 }, bounds)
  const [newest] = found
  if (newest === undefined) return { asOf, sinceMs: 0 }
  const bucket = bucketOf(width, listingOf(symbol), newest.tsMs)
  return { asOf, sinceMs: sinceOf(width, bucket, newest.tsMs) }
}

const shown = ({ symbol, startMs, session, ...prices }: Bar) => ({
  symbol,
  bucket: isoOf(startMs),
  session,
  ...prices,
})
