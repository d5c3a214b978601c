import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { isFault, type Fault, type FaultKind } from '../../flow/fault.ts'
import type { Logger } from '../../flow/log.ts'
import type { ApiError } from '../contract/common.ts'

type Status = 400 | 413 | 500 | 503

const STATUS: Readonly<Record<FaultKind, Status>> = {
  invalid: 400,
  unavailable: 503,
  conflict: 503,
  corrupt: 500,
  closed: 503,
  bug: 500,
}

/** The answer to a request that failed: a Fault in its own words, of anything else only that it is in the log. */
export function failed(context: Context, error: unknown, log: Logger): Response {
  const { path } = context.req
  if (error instanceof HTTPException && error.status < 500)
    return failure(context, error.status === 413 ? 413 : 400, {
      kind: 'invalid',
      message: error.message === '' ? 'the request cannot be read' : error.message,
      remedy: 'Correct the request; /api/openapi.json says what each route takes.',
    })
  if (!isFault(error)) {
    log('error', 'a request failed', { path, error: String(error) })
    return failure(context, 500, {
      kind: 'bug',
      message: 'the server failed',
      remedy: 'See the log of serve, and report what it says.',
    })
  }
  const status = STATUS[error.kind]
  const { message, remedy } = error
  if (status === 500) log('error', `a request failed: ${message}`, { path, remedy })
  return failure(context, status, said(error))
}

/** A Fault as an answer says it. */
export const said = ({ kind, message, remedy, position }: Fault): ApiError['error'] => ({
  kind,
  message,
  remedy,
  ...(position !== null && { position }),
})

/** The answer to a request that does not fit its schema. */
export function misfit(
  context: Context,
  issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[],
): Response {
  const misfits = issues.map(({ path, message }) => `${path.map(String).join('.')}: ${message}`)
  return failure(context, 400, {
    kind: 'invalid',
    message: misfits.join('; '),
    remedy: 'Correct the request; /api/openapi.json says what each route takes.',
  })
}

export function failure(
  context: Context,
  status: Status | 401 | 403 | 404 | 405 | 415 | 421,
  error: ApiError['error'],
): Response {
  const body: ApiError = { error }
  return context.json(body, status)
}
