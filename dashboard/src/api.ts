import { signal, type ReadonlySignal } from '@preact/signals'
import { faultOf, unreachable, unreadable } from './fault.ts'
import { linesOf } from './lines.ts'

export { ApiFault } from './fault.ts'

const out = signal(false)
/** The server has asked for its token: nothing is answered until the page is loaded again. */
export const signedOut: ReadonlySignal<boolean> = out

type Params = Readonly<Record<string, string | number | undefined>>

/** The path with its parameters; those of undefined are left out. */
export function pathWith(path: string, params: Params = {}): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(params))
    if (value !== undefined) search.set(name, String(value))
  return search.size === 0 ? path : `${path}?${search.toString()}`
}

/**
 * GET, or POST with a body; the answer is of the shape that the contract gives it. Throws ApiFault; where `signal`
 * aborts, its reason.
 */
export async function ask<T>(
  path: string,
  options: { params?: Params; body?: unknown; signal?: AbortSignal } = {},
): Promise<T> {
  const response = await answer(pathWith(path, options.params), options)
  return parsed(await orFault(options.signal, response.text())) as T
}

/**
 * POST; the lines of the answer as they come. Throws ApiFault, also amid the lines; where `signal` aborts, its reason.
 * Whoever stops reading early lets the server stop too.
 */
export async function* askLines<T>(
  path: string,
  options: { body: unknown; signal: AbortSignal },
): AsyncIterable<T> {
  const { body } = await answer(path, options)
  if (body === null) return
  const lines = linesOf(body)
  try {
    for (;;) {
      const next = await orFault(options.signal, lines.next())
      if (next.done === true) return
      yield parsed(next.value) as T
    }
  } finally {
    await lines.return(undefined)
  }
}

type Options = { readonly body?: unknown; readonly signal?: AbortSignal }

async function answer(path: string, { body, signal }: Options): Promise<Response> {
  const posted = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }
  const request = { ...(body === undefined ? {} : posted), ...(signal ? { signal } : {}) }
  const response = await orFault(signal, fetch(path, request))
  if (response.ok) return response
  if (response.status === 401) out.value = true
  throw faultOf(response.status, await orFault(signal, response.text()))
}

/** What fetch and its streams throw is an abort, or that the answer does not come. */
async function orFault<T>(signal: AbortSignal | undefined, coming: Promise<T>): Promise<T> {
  try {
    return await coming
  } catch {
    signal?.throwIfAborted()
    throw unreachable()
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw unreadable()
  }
}
