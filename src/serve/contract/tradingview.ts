import { z } from 'zod'

/** Of /udf/history, with the width of the bars that each asks for. */
export const RESOLUTIONS = {
  '1S': '1s',
  '5S': '5s',
  '1': '1m',
  '5': '5m',
  '15': '15m',
  '60': '1h',
  '1D': '1d',
} as const
export const SYMBOL_TYPES = ['stock', 'continuous'] as const

export const UdfError = z
  .object({ s: z.literal('error'), errmsg: z.string() })
  .describe('Why there is no answer, as the protocol says it')

export const UdfConfig = z.object({
  supported_resolutions: z.array(z.string()),
  supports_search: z.boolean(),
  supports_group_request: z.boolean(),
  supports_marks: z.boolean(),
  supports_timescale_marks: z.boolean(),
  supports_time: z.boolean(),
  exchanges: z.array(z.object({ value: z.string(), name: z.string(), desc: z.string() })),
  symbols_types: z.array(z.object({ name: z.string(), value: z.string() })),
})

export const UdfSymbolQuery = z.object({ symbol: z.string().min(1).max(200) })
/** The library's LibrarySymbolInfo, as far as it says anything here. */
export const UdfSymbol = z.object({
  name: z.string(),
  ticker: z.string().describe('What /udf/history takes'),
  full_name: z.string(),
  description: z.string(),
  type: z.enum(SYMBOL_TYPES),
  exchange: z.string(),
  listed_exchange: z.string(),
  timezone: z.string(),
  session: z.string(),
  session_holidays: z.string().describe('20261126,20261225'),
  corrections: z.string().describe('Days that end early, as in 0930-1300:20261127'),
  format: z.literal('price'),
  minmov: z.number().int(),
  pricescale: z.number().int(),
  volume_precision: z.number().int(),
  has_intraday: z.boolean(),
  has_seconds: z.boolean(),
  has_daily: z.boolean(),
  has_weekly_and_monthly: z.boolean(),
  intraday_multipliers: z.array(z.string()),
  seconds_multipliers: z.array(z.string()),
  supported_resolutions: z.array(z.string()),
  data_status: z.literal('streaming'),
})
export type UdfSymbol = z.infer<typeof UdfSymbol>

export const UdfSearchQuery = z.object({
  query: z.string().max(200).default(''),
  type: z.string().max(100).default(''),
  exchange: z.string().max(100).default(''),
  limit: z.coerce.number().int().min(1).max(1000).default(30),
})
export const UdfFound = z.array(
  z.object({
    symbol: z.string(),
    full_name: z.string(),
    description: z.string(),
    exchange: z.string(),
    ticker: z.string(),
    type: z.enum(SYMBOL_TYPES),
  }),
)

/** 0001-01-01 to 9999-12-31. */
const seconds = () => z.coerce.number().int().min(-62_135_596_800).max(253_402_300_799)
export const UdfHistoryQuery = z.object({
  symbol: z.string().min(1).max(200),
  resolution: z.string().max(12).describe(Object.keys(RESOLUTIONS).join(', ')),
  from: seconds().optional().describe('Seconds since 1970 UTC; not heeded beside countback'),
  to: seconds().describe('Before this, seconds since 1970 UTC'),
  countback: z.coerce.number().int().min(1).optional().describe('So many bars before `to`'),
})
const column = () => z.array(z.number())
export const UdfHistory = z.discriminatedUnion('s', [
  z.object({
    s: z.literal('ok'),
    t: column().describe('Seconds since 1970 UTC; of a day its date at midnight UTC'),
    o: column(),
    h: column(),
    l: column(),
    c: column(),
    v: column(),
  }),
  z.object({
    s: z.literal('no_data'),
    nextTime: z.number().optional().describe('The last bar before `from`, where there is one'),
  }),
])
export type UdfHistory = z.infer<typeof UdfHistory>
