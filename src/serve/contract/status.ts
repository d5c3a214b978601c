import { z } from 'zod'
import { moment } from './common.ts'
import { Gap } from './market.ts'

export const Percentiles = z.object({ p50: z.number(), p99: z.number() })
export type Percentiles = z.infer<typeof Percentiles>

/** What the strip shows. */
export const Status = z.object({
  version: z.string(),
  source: z.string(),
  simulated: z.boolean(),
  zone: z.string().describe('The time zone of the settings'),
  as_of: moment(),
  state: z.object({
    name: z.enum(['Live', 'Simulated', 'Market closed', 'Degraded', 'Stale', 'Disconnected']),
    sentence: z.string(),
  }),
  landing_stopped: z
    .object({ message: z.string(), remedy: z.string() })
    .nullable()
    .describe('Why landing waits for a person; null: it does not'),
  feed: z.object({
    connected: z.boolean().nullable().describe('null: no recorder has said anything yet'),
    symbols: z.number().int().describe('Subscribed'),
    trades_per_second: z.number(),
    latency_ms: Percentiles.nullable().describe(
      'From the trade to its arrival, of the last minute',
    ),
    last_trade_at: moment().nullable(),
  }),
  tape: z.object({
    records: z.number().int(),
    buffer_fill: z.number().nullable().describe('Of the queue before the tape, 0 to 1'),
    append_ms: Percentiles.nullable().describe(
      'From the arrival to its being seen here, of the last minute',
    ),
    dropped_today: z.number().int().describe('Gaps today by a queue that was full: lost'),
    marked_today: z
      .number()
      .int()
      .describe('Trades that the feed sent again since this server began: kept and marked'),
  }),
  lake: z.object({
    lag_records: z.number().int().nullable(),
    lag_seconds: z.number().nullable(),
    last_commit: z
      .object({ at: moment(), rows: z.number().int(), bytes: z.number().int().nullable() })
      .nullable(),
  }),
  query: z.object({
    running: z.number().int(),
    millis: Percentiles.nullable().describe('Of the last hundred queries'),
  }),
  gaps_today: z.object({
    count: z.number().int(),
    seconds: z.number(),
    latest: z.array(Gap).describe('Newest first'),
  }),
  parts: z.array(z.object({ part: z.string(), state: z.string(), pid: z.number().int() })),
})
export type Status = z.infer<typeof Status>
