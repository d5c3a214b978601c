import { z } from 'zod'
import { moment, Reach } from './common.ts'

/** Widths that the page offers; the API takes any number of s, m or h, and 1d. */
export const INTERVALS = ['1s', '5s', '1m', '5m', '15m', '1h', '1d'] as const
export type Interval = (typeof INTERVALS)[number]
export const SESSION_CHOICES = ['regular', 'extended', 'all'] as const

/** A bar as `ticklake candles --json` writes it. Prices are null where no trade of it may set them. */
export const Bar = z.object({
  symbol: z.string(),
  bucket: moment().describe("The bucket's start; of a day its date at midnight UTC"),
  session: z.enum(['pre', 'regular', 'post', 'continuous']),
  open: z.number().nullable(),
  high: z.number().nullable(),
  low: z.number().nullable(),
  close: z.number().nullable(),
  volume: z.number(),
  trades: z.number().int(),
  vwap: z.number().nullable(),
})
export type Bar = z.infer<typeof Bar>

export const CandlesQuery = z.object({
  symbol: z.string().min(1).max(200),
  interval: z.string().default('1m').describe('30s, 1m, 5m, 1h, 1d'),
  from: z.string().optional().describe('First bar; RFC 3339, 2026-11-20, -2h, today'),
  to: z.string().optional().describe('Before this'),
  session: z.enum(SESSION_CHOICES).default('regular'),
  limit: z.coerce.number().int().min(1).max(10_000).default(500).describe('The last so many'),
})
export const CandlesAnswer = Reach.extend({
  symbol: z.string(),
  interval: z.string(),
  bars: z.array(Bar).describe('Oldest first'),
})
export type CandlesAnswer = z.infer<typeof CandlesAnswer>

/** One trade as the page shows it. */
export const Trade = z.object({
  id: z.string().describe('Its place on the tape: partition:offset'),
  symbol: z.string(),
  price: z.number(),
  volume: z.number(),
  conditions: z.string().nullable().describe('Codes in wire order, by commas'),
  session: z.enum(['pre', 'regular', 'post', 'continuous']),
  ts: moment(),
  received_at: moment(),
})
export type Trade = z.infer<typeof Trade>

export const TradesQuery = z.object({
  symbol: z.string().max(200).optional(),
  before: z.string().optional().describe('Trades before this moment, or `next` of an answer'),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
})
export const TradesAnswer = Reach.extend({
  trades: z.array(Trade).describe('Newest first'),
  next: z.string().nullable().describe('Give it as `before` to go on; null: there are no more'),
})
export type TradesAnswer = z.infer<typeof TradesAnswer>

/** A stretch of which trades may be missing. */
export const Gap = z.object({
  symbols: z.array(z.string()).describe('Empty: of all symbols'),
  from: moment(),
  to: moment().describe('Of an open one: now'),
  cause: z.string(),
  open: z.boolean(),
})
export type Gap = z.infer<typeof Gap>
export const GapsQuery = z.object({
  symbol: z.string().max(200).optional(),
  from: z.string().optional(),
  to: z.string().optional(),
})
export const GapsAnswer = z.object({ gaps: z.array(Gap).describe('Oldest first') })
export type GapsAnswer = z.infer<typeof GapsAnswer>

/** A line of the watch list. `change` is against the last close of the regular session before its trading day. */
export const SymbolRow = z.object({
  symbol: z.string(),
  listing: z.enum(['us', 'continuous']),
  last: z.number().nullable(),
  last_at: moment().nullable(),
  previous_close: z.number().nullable(),
  change: z.number().nullable(),
  change_percent: z.number().nullable(),
  volume: z.number().describe('Of the trading day, all sessions'),
  trades: z.number().int().describe('Of the trading day'),
  trades_per_second: z.number(),
  spark: z
    .array(z.number())
    .describe('Closes of the last minutes that had trades, at most 60, oldest first'),
})
export type SymbolRow = z.infer<typeof SymbolRow>
export const SymbolsQuery = z.object({
  search: z.string().max(200).optional().describe('Part of the name'),
  limit: z.coerce.number().int().min(1).max(1000).default(50),
})
export const SymbolsAnswer = z.object({
  symbols: z.array(SymbolRow).describe('The most traded first'),
  total: z.number().int().describe('That match'),
})
export type SymbolsAnswer = z.infer<typeof SymbolsAnswer>

/** What a trade condition means, by market/conditions.ts. */
export const Condition = z.object({
  code: z.string(),
  name: z.string(),
  updates: z.object({ last: z.string(), high_low: z.boolean(), volume: z.boolean() }),
})
export type Condition = z.infer<typeof Condition>
