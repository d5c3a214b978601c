import { createRoute, type RouteConfig, type z } from '@hono/zod-openapi'
import { isFault } from '../../flow/fault.ts'
import type { Answer, Value } from '../../query/query.ts'
import { valueJson } from '../../query/row-text.ts'
import {
  CheckAnswer,
  CheckQuery,
  SqlLine,
  SqlQuery,
  type SqlLine as Line,
} from '../contract/sql.ts'
import { leave, pulled } from '../pulled.ts'
import { createTurns } from '../turns.ts'
import { answered, FAILURES, reachOf } from './asking.ts'
import { said } from './failures.ts'
import type { Routes } from './routes.ts'

/** Of all pages together: each takes two threads of the engine, and the fifth would only slow the others. */
const RUNNING = { runningMax: 4, waitingMax: 16, waitMsMax: 5000, what: 'statements' } as const
/** A statement is looked at as it is typed, so these are many and short. */
const CHECKING = { runningMax: 2, waitingMax: 32, waitMsMax: 5000, what: 'checks' } as const
/** A line holds about this many characters: the page shows the first rows while the next come. */
const LINE_CHARS = 256 * 1024

const json = <T extends z.ZodType>(schema: T) => ({
  content: { 'application/json': { schema } },
  required: true,
})

// As a type of its own: the checked types of answers know JSON and text alone.
const LINES: RouteConfig['responses'][string] = {
  content: { 'application/x-ndjson': { schema: SqlLine } },
  description: 'One line each',
}

const run = createRoute({
  method: 'post',
  path: '/api/sql',
  summary: 'Run a statement that only reads',
  description:
    "DuckDB's SQL over lake and tape. The answer is NDJSON: a `head` with the columns, lines of `rows`, then " +
    '`end`, or `error` where it failed on the way. Whole numbers of 64 bits and decimals of more than 15 digits ' +
    'are text, so that no digit is lost; so are NaN and infinities. Going away cancels it.',
  tags: ['SQL'],
  request: { body: json(SqlQuery) },
  responses: {
    200: LINES,
    ...FAILURES,
  },
})

const check = createRoute({
  method: 'post',
  path: '/api/sql/check',
  summary: 'What a statement would give, without running it',
  description: 'Its columns; or what is wrong with it and where.',
  tags: ['SQL'],
  request: { body: json(CheckQuery) },
  responses: { 200: answered(CheckAnswer, 'Its columns, or what is wrong'), ...FAILURES },
})

export const sqlRoutes: Routes = (api, sources) => {
  const running = createTurns(RUNNING)
  const checking = createTurns(CHECKING)
  api.openapi(run, async (context) => {
    const { sql, rows_max: rowsMax } = context.req.valid('json')
    const { signal, end } = await running.take(context.req.raw.signal)
    try {
      const begunMs = performance.now()
      const query = await sources.asked()
      const answer = await query.run(sql, { rowsMax, millisMax: sources.millisMax }, signal)
      const ended = () => {
        end()
        void leave(answer)
      }
      const body = pulled(linesOf(answer, begunMs), { ended })
      return new Response(body, { headers: LINES_HEADERS })
    } catch (error) {
      end()
      throw error
    }
  })
  api.openapi(check, async (context) => {
    const { sql } = context.req.valid('json')
    const { end } = await checking.take(context.req.raw.signal)
    try {
      const query = await sources.asked()
      const columns = (await query.check?.(sql)) ?? []
      return context.json({ columns: [...columns], error: null }, 200)
    } catch (error) {
      if (!isFault(error, 'invalid')) throw error
      return context.json({ columns: [], error: said(error) }, 200)
    } finally {
      end()
    }
  })
}

const LINES_HEADERS = { 'content-type': 'application/x-ndjson; charset=utf-8' }

const lineOf = (line: Exclude<Line, { kind: 'rows' }>): string => `${JSON.stringify(line)}\n`

/** An answer as the lines of POST /api/sql; what fails on the way is the last of them. */
async function* linesOf(answer: Answer, begunMs: number): AsyncGenerator<string> {
  const { asOf, columns, planned = null } = answer
  yield lineOf({ kind: 'head', ...reachOf(asOf), columns: [...columns], planned })
  let rows = 0
  try {
    for await (const batch of answer.batches) {
      rows += batch.length
      for (const line of rowLines(batch)) yield line
    }
  } catch (error) {
    if (!isFault(error)) throw error
    const { kind, message, remedy, position } = error
    yield lineOf({ kind: 'error', error: { kind, message, remedy, position } })
    return
  }
  const millis = Math.round(performance.now() - begunMs)
  yield lineOf({ kind: 'end', rows, truncated: answer.truncated(), millis })
}

function* rowLines(batch: readonly (readonly Value[])[]): Generator<string> {
  let texts: string[] = []
  let length = 0
  for (const row of batch) {
    const text = `[${row.map(cellJson).join(',')}]`
    texts.push(text)
    length += text.length
    if (length < LINE_CHARS) continue
    yield `{"kind":"rows","rows":[${texts.join(',')}]}\n`
    texts = []
    length = 0
  }
  if (texts.length > 0) yield `{"kind":"rows","rows":[${texts.join(',')}]}\n`
}

/** Every digit: a bigint as text, since a page's numbers end at 2^53; inside a list or struct too. */
function cellJson(value: Value): string {
  return valueJson(exact(value))
}

function exact(value: Value): Value {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item: Value) => exact(item))
  return Object.fromEntries(
    Object.entries(value).map(([name, item]: [string, Value]) => [name, exact(item)]),
  )
}
