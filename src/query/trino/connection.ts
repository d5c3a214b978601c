import type { Clock } from '../../flow/clock.ts'
import { Fault } from '../../flow/fault.ts'
import type { Random } from '../../flow/random.ts'
import { backoffMs } from '../../flow/retry.ts'
import type { TrinoAddress } from './address.ts'
import { parsePage, type Page } from './page.ts'

// A server that drains, restarts or throttles is back within this many tries: about half a minute.
const TRIES_MAX = 8
const BACKOFF = { baseMs: 100, capMs: 10_000 }
/** Trino holds a request back for a second at most; what takes this long is lost. */
const ANSWER_MS_MAX = 60_000
const CANCEL_MS_MAX = 5000
/** The protocol's "try again": https://trino.io/docs/current/develop/client-protocol.html */
const PASSING: readonly number[] = [429, 502, 503, 504]

export type TrinoOptions = {
  readonly address: TrinoAddress
  /** Reveals the password; null: none is sent. */
  readonly password: (() => string) | null
  readonly clock: Clock
  readonly random: Random
}

/**
 * Trino's HTTP protocol. Faults: `invalid` (refused: who asks, or the address), `unavailable` (not reached,
 * or not for a while; the query may run on until Trino sees that nobody reads it), `closed` (aborted).
 */
export type TrinoConnection = {
  /** Sends a statement; never aborted, so that what was begun can be cancelled. */
  begin(sql: string): Promise<Page>
  next(uri: string, signal: AbortSignal): Promise<Page>
  /** Ends the query that has its next page at `uri`; failing that is no error. */
  cancel(uri: string): Promise<void>
}

export function trinoConnection(options: TrinoOptions): TrinoConnection {
  const headers = headersOf(options)
  const { server } = options.address
  const { signal: never } = new AbortController()
  const send = (uri: string, init: RequestInit, signal: AbortSignal) =>
    asked(options, { uri, init: { ...init, headers, redirect: 'manual' }, signal })
  return {
    begin: (sql) => send(`${server}/v1/statement`, { method: 'POST', body: sql }, never),
    next: (uri, signal) => send(own(uri, server), {}, signal),
    cancel: async (uri) => {
      const signal = AbortSignal.timeout(CANCEL_MS_MAX)
      const init = { method: 'DELETE', headers, redirect: 'manual', signal } as const
      await fetch(own(uri, server), init).then(
        (answer) => answer.body?.cancel(),
        () => undefined,
      )
    },
  }
}

function headersOf({ address, password }: TrinoOptions): Readonly<Record<string, string>> {
  const { user, catalog, schema } = address
  const secret = password === null ? null : Buffer.from(`${user}:${password()}`).toString('base64')
  return {
    'X-Trino-User': user,
    'X-Trino-Source': 'ticklake',
    'X-Trino-Catalog': catalog,
    'X-Trino-Schema': schema,
    'X-Trino-Time-Zone': 'UTC',
    // Without it every timestamp is cut to milliseconds.
    'X-Trino-Client-Capabilities': 'PARAMETRIC_DATETIME',
    ...(secret !== null && { Authorization: `Basic ${secret}` }),
  }
}

/** The next page is asked for where the query was, so that a password goes nowhere else. */
function own(uri: string, server: string): string {
  if (URL.canParse(uri) && new URL(uri).origin === server) return uri
  throw new Fault('invalid', `Trino sends on to another address than ${server}`, {
    remedy:
      'Behind a proxy, set http-server.process-forwarded=true in Trino; else name the server as it names itself.',
  })
}

type Asked = {
  readonly uri: string
  readonly init: RequestInit
  readonly signal: AbortSignal
}

async function asked(options: TrinoOptions, { uri, init, signal }: Asked): Promise<Page> {
  const { clock, random } = options
  for (let attempt = 0; ; attempt++) {
    const isLast = attempt + 1 >= TRIES_MAX
    const outcome = await once(uri, init, signal)
    if (typeof outcome === 'string') return parsePage(outcome)
    if (signal.aborted) throw new Fault('closed', 'the query was stopped', { remedy: 'Ask again.' })
    // A statement that may have arrived is not sent again; a page may be.
    const again = outcome.passing && (outcome.answered || init.method !== 'POST')
    if (isLast || !again) throw outcome.fault
    await clock.sleep(backoffMs(BACKOFF, attempt, random), signal)
  }
}

type Refusal = { readonly passing: boolean; readonly answered: boolean; readonly fault: Fault }

async function once(
  uri: string,
  init: RequestInit,
  signal: AbortSignal,
): Promise<string | Refusal> {
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS_MAX)])
    const answer = await fetch(uri, { ...init, signal: limit })
    const text = await answer.text()
    if (answer.status === 200) return text
    const passing = PASSING.includes(answer.status)
    return { passing, answered: true, fault: refused(answer.status, text) }
  } catch (cause) {
    const why = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
    const { host, protocol } = new URL(uri)
    if (protocol === 'https:' && speaksNoTls(why))
      return { passing: false, answered: false, fault: plainPort(host, cause) }
    const words = (why instanceof Error ? why.message : String(why)).trim()
    const fault = new Fault('unavailable', `Trino at ${host} cannot be reached: ${words}`, {
      remedy: 'Check that it runs, and trino.url.',
      cause,
    })
    return { passing: true, answered: false, fault }
  }
}

/** As OpenSSL names an answer that is no TLS record. */
const speaksNoTls = (why: unknown): boolean =>
  why instanceof Error &&
  ('code' in why ? String(why.code) : '').match(
    /^(EPROTO|ERR_SSL_WRONG_VERSION_NUMBER|ERR_SSL_PACKET_LENGTH_TOO_LONG)$/,
  ) !== null &&
  /wrong version number|packet length too long|http request/i.test(why.message)

const plainPort = (host: string, cause: unknown): Fault =>
  new Fault('invalid', `Trino at ${host} speaks no TLS on that port`, {
    remedy: 'Write http:// in trino.url, or name the port of its https.',
    cause,
  })

const WORDS_MAX = 200

function refused(status: number, text: string): Fault {
  const words = /^[^<{]/.test(text) ? `: ${text.trim().slice(0, WORDS_MAX)}` : ''
  const message = `Trino answers ${status}${words}`
  if (status === 401 || status === 403)
    return new Fault('invalid', message, {
      remedy: 'Check the user in trino.url, and TICKLAKE_TRINO_PASSWORD.',
    })
  if (status === 404 || status === 410)
    return new Fault('unavailable', message, {
      remedy:
        'The query is gone: Trino was started again, or nobody read on for minutes. Ask again.',
    })
  if (status >= 300 && status < 500)
    return new Fault('invalid', message, { remedy: 'Check trino.url, with http or https.' })
  return new Fault('unavailable', message, {
    remedy: 'Wait for Trino to be up, or look into its log.',
  })
}
