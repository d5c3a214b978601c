import { createRoute, z, type RouteConfig } from '@hono/zod-openapi'
import { exportText, writeParquet, type ExportFormat } from '../../query/exporting.ts'
import type { Answer } from '../../query/query.ts'
import { ExportAnswer, ExportQuery } from '../contract/sql.ts'
import { charged, createBudget } from '../budget.ts'
import { openExportFiles, type ExportFiles } from '../export-file.ts'
import { leave, pulled } from '../pulled.ts'
import type { Sources } from '../sources.ts'
import { createTurns, type Turn } from '../turns.ts'
import { createWaitingExports, type Export } from '../waiting-exports.ts'
import { answered, FAILURES } from './asking.ts'
import { failure } from './failures.ts'
import type { Routes } from './routes.ts'

/** Of all pages together; an export lasts as long as its download. */
const RUNNING = { runningMax: 2, waitingMax: 4, waitMsMax: 10_000, what: 'exports' } as const

const wanted = createRoute({
  method: 'post',
  path: '/api/exports',
  summary: 'Ask for the whole answer of a statement as a file',
  description: 'Gives the address of the download, which is given once and within a minute.',
  tags: ['SQL'],
  request: {
    body: { content: { 'application/json': { schema: ExportQuery } }, required: true },
  },
  responses: { 200: answered(ExportAnswer, 'Where to get it'), ...FAILURES },
})

const TYPES: Readonly<Record<ExportFormat, string>> = {
  parquet: 'application/vnd.apache.parquet',
  csv: 'text/csv; charset=utf-8',
  ndjson: 'application/x-ndjson; charset=utf-8',
}

// As a type of its own: the checked types of answers know JSON and text alone.
const FILE: RouteConfig['responses'][string] = {
  content: Object.fromEntries(
    Object.values(TYPES).map((type) => [type.split(';', 1)[0], { schema: z.string() }]),
  ),
  description: 'The file; one that breaks off is not whole',
}

const download = createRoute({
  method: 'get',
  path: '/api/exports/{id}',
  summary: 'The file of an export, once',
  tags: ['SQL'],
  request: { params: z.object({ id: z.string().max(64) }) },
  responses: { 200: FILE, ...FAILURES },
})

export const exportsRoutes: Routes = (api, sources) => {
  const waiting = createWaitingExports(() => Date.now())
  const running = createTurns(RUNNING)
  const files = openExportFiles(sources.spillDir)
  api.openapi(wanted, async (context) => {
    const asked = context.req.valid('json')
    const query = await sources.asked()
    await query.check?.(asked.sql) // what is wrong is told here, not in a download that fails
    return context.json({ url: `/api/exports/${waiting.add(asked)}` }, 200)
  })
  api.openapi(download, async (context) => {
    if (context.req.method === 'HEAD') return failure(context, 405, ONCE)
    const asked = waiting.take(context.req.valid('param').id)
    if (asked === null) return failure(context, 404, GONE)
    const turn = await running.take(context.req.raw.signal)
    try {
      return await exported({ sources, files, turn }, asked)
    } catch (error) {
      turn.end()
      throw error
    }
  })
}

const ONCE = {
  kind: 'invalid',
  message: 'an export is given once',
  remedy: 'Use GET.',
} as const
const GONE = {
  kind: 'invalid',
  message: 'there is no such export any more',
  remedy: 'An export is given once, within a minute: ask for it again.',
} as const

type Exporting = {
  readonly sources: Sources
  readonly files: ExportFiles
  readonly turn: Turn
}

async function exported(exporting: Exporting, { sql, format }: Export): Promise<Response> {
  const { sources, files, turn } = exporting
  const budget = createBudget(sources.millisMax)
  const signal = AbortSignal.any([turn.signal, budget.signal])
  const query = await sources.asked()
  const begun = await budget.spend(() => query.run(sql, { rowsMax: null, millisMax: null }, signal))
  const ended = () => {
    turn.end()
    void leave(begun)
  }
  try {
    const answer = { ...begun, batches: charged(begun.batches, budget) }
    const { pieces, bytes } =
      format === 'parquet'
        ? await files.made((path) => writeParquet(answer, path))
        : { pieces: exportText(await primed(answer), format), bytes: null }
    return new Response(pulled(pieces, { ended }), { headers: headersOf(sql, format, bytes) })
  } catch (error) {
    ended()
    throw error
  }
}

const headersOf = (sql: string, format: ExportFormat, bytes: number | null) => ({
  'content-type': TYPES[format],
  'content-disposition': `attachment; filename="${fileName(sql, format)}"`,
  ...(bytes !== null && { 'content-length': String(bytes) }),
})

/** The same answer, its first batch made already: a statement that fails then has sent nothing yet. */
async function primed(answer: Answer): Promise<Answer> {
  const iterator = answer.batches[Symbol.asyncIterator]()
  const first = await iterator.next()
  const batches = async function* batches() {
    try {
      if (first.done === true) return
      yield first.value
      yield* { [Symbol.asyncIterator]: () => iterator }
    } finally {
      await iterator.return?.()
    }
  }
  return { ...answer, batches: batches() }
}

/** `ticklake-trades-2026-11-27T001530Z.csv`, by the first table that the statement names. */
function fileName(sql: string, format: ExportFormat): string {
  const [, table] = /\bFROM\s+([a-z][a-z0-9_]{0,30})\b/i.exec(sql) ?? []
  const moment = new Date().toISOString().replaceAll(':', '').replace(/\.\d+/, '')
  const parts = ['ticklake', ...(table === undefined ? [] : [table.toLowerCase()]), moment]
  return `${parts.join('-')}.${format}`
}
