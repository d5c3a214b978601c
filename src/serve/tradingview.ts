import { createRoute, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { Fault } from '../flow/fault.ts'
import { listingOf } from '../market/sessions.ts'
import { answered, askingOf } from './api/asking.ts'
import { searched } from './api/symbols.ts'
import type { Routes } from './api/routes.ts'
import {
  UdfConfig,
  UdfError,
  UdfFound,
  UdfHistory,
  UdfHistoryQuery,
  UdfSearchQuery,
  UdfSymbol,
  UdfSymbolQuery,
} from './contract/tradingview.ts'
import { CONFIG, exchangeOf, historyOf, symbolOf, typeOf } from './udf.ts'

/*
 * TradingView's UDF protocol (tradingview.com/charting-library-docs, Connecting data, UDF), so that its charts and
 * others can draw from the lake. Failures are told in the protocol's words.
 */

const failures = {
  400: answered(UdfError, 'The request is wrong'),
  404: answered(UdfError, 'There is no such symbol'),
  503: answered(UdfError, 'Not now: try again'),
}
const tags = ['UDF']

const config = createRoute({
  method: 'get',
  path: '/udf/config',
  summary: 'What this datafeed can do',
  tags,
  responses: { 200: answered(UdfConfig, 'The datafeed’s configuration') },
})

const symbols = createRoute({
  method: 'get',
  path: '/udf/symbols',
  summary: 'A symbol: its hours, its decimals, its resolutions',
  tags,
  request: { query: UdfSymbolQuery },
  responses: { 200: answered(UdfSymbol, 'The symbol'), ...failures },
})

const search = createRoute({
  method: 'get',
  path: '/udf/search',
  summary: 'Symbols with these letters in their name',
  tags,
  request: { query: UdfSearchQuery },
  responses: { 200: answered(UdfFound, 'The symbols, the most traded first'), ...failures },
})

const history = createRoute({
  method: 'get',
  path: '/udf/history',
  summary: 'Bars of the regular session, of symbols without hours of all day',
  tags,
  request: { query: UdfHistoryQuery },
  responses: { 200: answered(UdfHistory, 'The bars, oldest first, as columns'), ...failures },
})

const time = createRoute({
  method: 'get',
  path: '/udf/time',
  summary: "The server's clock",
  tags,
  responses: {
    200: {
      content: { 'text/plain': { schema: z.string() } },
      description: 'Seconds since 1970 UTC',
    },
  },
})

export const tradingviewRoutes: Routes = (api, sources) => {
  api.openapi(config, (context) => context.json(CONFIG, 200))
  api.openapi(time, (context) => context.text(String(Math.floor(Date.now() / 1000)), 200))
  api.openapi(
    symbols,
    (context) =>
      answering(context, async () => {
        const { symbol } = context.req.valid('query')
        const found = await symbolOf(await askingOf(sources, context), symbol)
        if (found === null)
          return context.json(udfError(`no trades of ${symbol} are recorded`), 404)
        return context.json(found, 200)
      }),
    refuse,
  )
  api.openapi(
    search,
    (context) => {
      const { query, type, exchange, limit } = context.req.valid('query')
      const found = searched(sources.symbols(), query)
        .filter(({ symbol }) => type === '' || typeOf(listingOf(symbol)) === type)
        .filter(({ symbol }) => exchange === '' || exchangeOf(symbol) === exchange)
        .slice(0, limit)
        .map(({ symbol, listing }) => ({
          symbol,
          full_name: symbol,
          description: symbol,
          exchange: exchangeOf(symbol),
          ticker: symbol,
          type: typeOf(listing),
        }))
      return context.json(found, 200)
    },
    refuse,
  )
  api.openapi(
    history,
    (context) =>
      answering(context, async () => {
        const asked = context.req.valid('query')
        return context.json(await historyOf(await askingOf(sources, context), asked), 200)
      }),
    refuse,
  )
}

const udfError = (errmsg: string) => ({ s: 'error' as const, errmsg })

/** A Fault in the protocol's own words: its charts show `errmsg`. */
async function answering<T>(context: Context, answer: () => Promise<T>) {
  try {
    return await answer()
  } catch (error) {
    if (!(error instanceof Fault) || error.kind === 'bug') throw error
    const text = udfError(`${error.message}. ${error.remedy}`)
    return context.json(text, error.kind === 'invalid' ? 400 : 503)
  }
}

/** The same for parameters that are wrong. */
function refuse(
  result: { readonly success: boolean; readonly error?: z.ZodError },
  context: Context,
) {
  if (result.success || result.error === undefined) return undefined
  const [issue] = result.error.issues
  const text = `${issue?.path.join('.') ?? 'request'}: ${issue?.message ?? 'wrong'}`
  return context.json(udfError(text), 400)
}
