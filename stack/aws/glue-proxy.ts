import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { bodyOf, giveBack, passOn, serveHttp, type HttpServer } from './http.ts'
import { createMishaps, type Fate, type Mishaps } from './mishaps.ts'

/** What can befall a request to Glue. */
export const GLUE_MISHAPS = [
  'conflict', // 400 ConcurrentModificationException, nothing applied
  'throttled', // 400 ThrottlingException, nothing applied
  'failed', // 500 InternalServiceException, nothing applied
  'applied-then-500',
  'applied-then-cut', // the connection is lost before an answer
  'cut', // the connection is lost, nothing applied
  'hang', // no answer, nothing applied
  'delay', // passed on later; what others do meanwhile comes first
] as const
export type GlueMishap = (typeof GLUE_MISHAPS)[number]
export type GlueMishaps = Mishaps<GlueMishap, string>

export type GlueProxy = HttpServer & { readonly mishaps: GlueMishaps }

type Kind = Fate<GlueMishap>['kind']
type Refusal = { readonly status: number; readonly type: string; readonly message: string }
type Call = {
  readonly request: IncomingMessage
  readonly operation: string
  readonly body: Buffer
  readonly input: GlueInput
}

/** What the proxy reads of a request's JSON. */
type GlueInput = {
  readonly DatabaseName?: string
  readonly Name?: string
  readonly VersionId?: string
  readonly TableInput?: { readonly Name?: string }
}

const REFUSALS: Readonly<Partial<Record<GlueMishap, Refusal>>> = {
  conflict: stale(),
  throttled: { status: 400, type: 'ThrottlingException', message: 'Rate exceeded' },
  failed: { status: 500, type: 'InternalServiceException', message: 'injected' },
}
const READS = /^(Get|BatchGet|List|Search)/

/**
 * A proxy before moto's Glue that adds what moto lacks and AWS has: an UpdateTable with a stale
 * VersionId is refused (AWS Glue API, UpdateTable: "the version ID at which to update the table
 * contents"), one without a VersionId is applied. Writes come one after the other.
 */
export async function glueProxy(moto: string, seed: number): Promise<GlueProxy> {
  const mishaps = createMishaps<GlueMishap, string>(seed)
  let writes: Promise<unknown> = Promise.resolve()
  const server = await serveHttp(async (request, response) => {
    const body = await bodyOf(request)
    const call = { request, body, operation: operationOf(request), input: inputOf(body) }
    const agent = request.headers['user-agent'] ?? ''
    const { kind, delayMs } = mishaps.befall({ ...call, agent, resource: tableOf(call.input) })
    if (delayMs > 0) await delay(delayMs)
    if (READS.test(call.operation)) return answer(call, kind, { moto, response })
    const write = writes.then(() => answer(call, kind, { moto, response }))
    writes = write.catch(() => undefined)
    await write
  })
  return Object.assign(server, { mishaps })
}

async function answer(
  call: Call,
  kind: Kind,
  { moto, response }: { readonly moto: string; readonly response: ServerResponse },
): Promise<void> {
  if (kind === 'hang') return
  if (kind === 'cut') throw new Error('cut')
  const refusal = kind === null ? undefined : REFUSALS[kind]
  if (refusal !== undefined) return refuse(response, refusal)
  if (await isStale(call, moto)) return refuse(response, stale())
  const answered = await passOn(call.request, moto, call.body)
  if (kind === null) return giveBack(answered, response)
  await bodyOf(answered)
  if (kind === 'applied-then-cut') throw new Error('cut')
  refuse(response, { status: 500, type: 'InternalServiceException', message: 'injected' })
}

/** Whether an UpdateTable names a version that is not the table's. */
async function isStale({ operation, input, request }: Call, moto: string): Promise<boolean> {
  if (operation !== 'UpdateTable' || input.VersionId === undefined) return false
  const response = await fetch(moto, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'AWSGlue.GetTable',
      authorization: request.headers.authorization ?? '',
    },
    body: JSON.stringify({ DatabaseName: input.DatabaseName, Name: input.TableInput?.Name }),
  })
  if (!response.ok) return false // moto itself says what is wrong
  const { Table } = (await response.json()) as { readonly Table: { readonly VersionId: string } }
  return Table.VersionId !== input.VersionId
}

function refuse(response: ServerResponse, { status, type, message }: Refusal): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' })
  response.end(JSON.stringify({ __type: type, Message: message }))
}

function stale(): Refusal {
  const message = 'Update table failed due to concurrent modifications.'
  return { status: 400, type: 'ConcurrentModificationException', message }
}

const operationOf = ({ headers }: IncomingMessage): string =>
  String(headers['x-amz-target'] ?? '').replace(/^AWSGlue\./, '')

function inputOf(body: Buffer): GlueInput {
  try {
    return JSON.parse(body.toString()) as GlueInput
  } catch {
    return {} // moto itself says what is wrong
  }
}

const tableOf = ({ DatabaseName = '', Name, TableInput }: GlueInput): string =>
  `${DatabaseName}.${TableInput?.Name ?? Name ?? ''}`
