import { z } from 'zod'
import type { Bar, SymbolRow, Trade } from './market.ts'
import type { Status } from './status.ts'

/**
 * What the page says on the socket `/api/live`. Each kind replaces what it said before of that kind; a null
 * symbol ends it.
 */
export const Asked = z.discriminatedUnion('kind', [
  /** The chart: bars of one symbol and width. */
  z.object({
    kind: z.literal('bars'),
    symbol: z.string().min(1).max(200).nullable(),
    interval: z.string().max(12),
  }),
  /** The trade tape: of one symbol, or '' for all. */
  z.object({ kind: z.literal('trades'), symbol: z.string().max(200).nullable() }),
  /** The lines of the watch list in view. */
  z.object({ kind: z.literal('list'), symbols: z.array(z.string().max(200)).max(200) }),
])
export type Asked = z.infer<typeof Asked>

/** What the server says; one JSON text a message, at most ten batches a second. */
export type Told =
  /** Once a second, and as soon as the state changes. */
  | { readonly kind: 'status'; readonly status: Status }
  /**
   * Whole bars, each replacing the one of its bucket and session. `since`: from this bucket on the stream tells
   * everything; what lies before is asked by /api/candles. `first` is true in the first message of a subscription,
   * which holds every bar since `since`.
   */
  | {
      readonly kind: 'bars'
      readonly symbol: string
      readonly interval: string
      readonly first: boolean
      readonly since: string
      readonly bars: readonly Bar[]
    }
  /** Late trades changed bars before `since`: ask /api/candles for [from, to) again. */
  | {
      readonly kind: 'stale'
      readonly symbol: string
      readonly interval: string
      readonly from: string
      readonly to: string
    }
  /** Oldest first; `skipped` came too before the first of them, which a page could not show. */
  | {
      readonly kind: 'trades'
      readonly symbol: string
      readonly trades: readonly Trade[]
      readonly skipped: number
    }
  /** Lines that changed, whole. */
  | { readonly kind: 'list'; readonly rows: readonly SymbolRow[] }
  /** This page took too long to read: `dropped` batches were not sent; ask for what is shown again. */
  | { readonly kind: 'behind'; readonly dropped: number }
