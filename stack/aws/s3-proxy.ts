import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { bodyOf, giveBack, passOn, serveHttp, type HttpServer } from './http.ts'
import { createMishaps, type Fate, type Mishaps } from './mishaps.ts'

/** What can befall a request to S3. */
export const S3_MISHAPS = [
  'slow-down', // 503 SlowDown, nothing applied
  'failed', // 500 InternalError, nothing applied
  'conflict', // 409 ConditionalRequestConflict, nothing applied
  'applied-then-500',
  'applied-then-cut', // the connection is lost before an answer, or in the midst of what is got
  'cut', // the connection is lost, nothing applied
  'hang', // no answer, nothing applied
  'delay', // passed on later
] as const
export type S3Mishap = (typeof S3_MISHAPS)[number]

/** The operations of the S3 API that are told apart. */
export type S3Operation =
  | 'PutObject'
  | 'GetObject'
  | 'HeadObject'
  | 'DeleteObject'
  | 'DeleteObjects'
  | 'ListObjects'
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload'
  | 'other'
export type S3Mishaps = Mishaps<S3Mishap, S3Operation>

export type S3Proxy = HttpServer & { readonly mishaps: S3Mishaps }

type Kind = Fate<S3Mishap>['kind']
type Refusal = { readonly status: number; readonly code: string }

const REFUSALS: Readonly<Partial<Record<S3Mishap, Refusal>>> = {
  'slow-down': { status: 503, code: 'SlowDown' },
  failed: { status: 500, code: 'InternalError' },
  conflict: { status: 409, code: 'ConditionalRequestConflict' },
}

/** A proxy before an S3 store, by path-style addresses; bodies are passed on as they come. */
export async function s3Proxy(target: string, seed: number): Promise<S3Proxy> {
  const mishaps = createMishaps<S3Mishap, S3Operation>(seed)
  const server = await serveHttp(async (request, response) => {
    const operation = operationOf(request)
    const agent = request.headers['user-agent'] ?? ''
    const resource = decodeURIComponent(addressOf(request).pathname.slice(1))
    const { kind, delayMs } = mishaps.befall({ operation, agent, resource })
    if (delayMs > 0) await delay(delayMs)
    await answer(request, response, { kind, target })
  })
  return Object.assign(server, { mishaps })
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { kind, target }: { readonly kind: Kind; readonly target: string },
): Promise<void> {
  if (kind === 'hang') {
    request.resume()
    return
  }
  if (kind === 'cut') throw new Error('cut')
  const refusal = kind === null ? undefined : REFUSALS[kind]
  if (refusal !== undefined) {
    await bodyOf(request)
    return refuse(request, response, refusal)
  }
  const answered = await passOn(request, target)
  if (kind === null) return giveBack(answered, response)
  const body = await bodyOf(answered)
  if (kind === 'applied-then-500')
    return refuse(request, response, { status: 500, code: 'InternalError' })
  if (request.method === 'GET') {
    response.writeHead(answered.statusCode ?? 500, { 'content-length': body.length })
    const half = body.subarray(0, body.length >> 1)
    await new Promise((sent) => response.write(half, sent))
  }
  throw new Error('cut')
}

function refuse(
  { method }: IncomingMessage,
  response: ServerResponse,
  { status, code }: Refusal,
): void {
  response.writeHead(status, { 'content-type': 'application/xml' })
  const error = `<Error><Code>${code}</Code><Message>injected</Message></Error>`
  response.end(method === 'HEAD' ? '' : `<?xml version="1.0" encoding="UTF-8"?>${error}`)
}

const addressOf = ({ url = '/' }: IncomingMessage): URL => new URL(url, 'http://s3')

/** By method, path and query (Amazon S3 API reference). */
function operationOf(request: IncomingMessage): S3Operation {
  const { pathname, searchParams } = addressOf(request)
  const ofObject = /^\/[^/]+\/./.test(pathname)
  const ofUpload = searchParams.has('uploadId')
  switch (request.method ?? '') {
    case 'GET':
      if (!ofObject && !searchParams.has('location') && !searchParams.has('uploads'))
        return pathname === '/' ? 'other' : 'ListObjects'
      return ofObject && !ofUpload ? 'GetObject' : 'other'
    case 'HEAD':
      return ofObject ? 'HeadObject' : 'other'
    case 'PUT':
      if (ofUpload) return 'UploadPart'
      return ofObject ? 'PutObject' : 'other'
    case 'POST':
      if (searchParams.has('uploads')) return 'CreateMultipartUpload'
      if (ofUpload) return 'CompleteMultipartUpload'
      return searchParams.has('delete') ? 'DeleteObjects' : 'other'
    case 'DELETE':
      if (ofUpload) return 'AbortMultipartUpload'
      return ofObject ? 'DeleteObject' : 'other'
    default:
      return 'other'
  }
}
