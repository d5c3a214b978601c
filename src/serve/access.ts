import { createHmac, timingSafeEqual } from 'node:crypto'
import { hostname } from 'node:os'
import { isIP } from 'node:net'
import { Fault } from '../flow/fault.ts'

/** Shorter ones could be guessed by trying. */
export const TOKEN_LENGTH_MIN = 16
/** The cookie of a browser that has signed in. */
export const COOKIE = 'ticklake-session'

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '::1', '[::1]'])
export const isLoopback = (host: string): boolean =>
  LOOPBACK.has(host.toLowerCase()) || /^127(\.\d{1,3}){3}$/.test(host)

/** Who may ask, and under which names. */
export type Access = {
  /** What every request has to show; null: nothing. */
  readonly token: string | null
  /** Whether `name`, a Host header without its port, is this server and no other page's name for it. */
  readonly knows: (name: string) => boolean
}

/**
 * On loopback only names of this machine are known, so that a page of somebody else cannot reach it by DNS
 * rebinding. Faults: `invalid` where it listens off loopback without a token, or with one that is too short.
 */
export function accessOf(options: {
  readonly host: string
  readonly hosts: readonly string[]
  readonly token: string | null
}): Access {
  const { host, hosts, token } = options
  const abroad = !isLoopback(host)
  if (abroad && token === null)
    throw new Fault('invalid', `the page would listen on ${host} for everybody on that network`, {
      remedy:
        'Set TICKLAKE_SERVE_TOKEN (or serve.token_file) to what the page then asks for, or keep to --host 127.0.0.1.',
    })
  if (token !== null && token.length < TOKEN_LENGTH_MIN)
    throw new Fault('invalid', `serve.token is shorter than ${TOKEN_LENGTH_MIN} characters`, {
      remedy: 'Make a longer one, as with `openssl rand -hex 24`.',
    })
  const names = new Set([...hosts, ...(abroad ? [host, hostname()] : [])].map(lowered))
  return {
    token,
    // An address was typed by a person: rebinding needs a name.
    knows: (name) =>
      LOOPBACK.has(lowered(name)) ||
      names.has(lowered(name)) ||
      (abroad && isIP(name.replace(/^\[|\]$/g, '')) !== 0),
  }
}

const lowered = (text: string): string => text.toLowerCase()

/** A request as far as access goes. */
export type Asking = {
  readonly method: string
  readonly path: string
  /** By its name in lower case. */
  readonly header: (name: string) => string | undefined
}

export type Refusal = {
  readonly status: 401 | 403 | 405 | 415 | 421
  readonly message: string
  readonly remedy: string
}

/** Paths that say only that the server is there, for a supervisor that has no token. */
const OPEN: ReadonlySet<string> = new Set(['/healthz', '/readyz'])
export const SIGN_IN = '/sign-in'

/** Why a request is not answered; null: it is. */
export function refusalOf(access: Access, asking: Asking): Refusal | null {
  return (
    wrongName(access, asking) ??
    foreign(asking) ??
    wrongMethod(asking) ??
    (OPEN.has(asking.path) || asking.path === SIGN_IN || isKnown(access, asking)
      ? null
      : {
          status: 401,
          message: 'this server asks for its token',
          remedy: 'Sign in on the page, or send the header Authorization: Bearer TOKEN.',
        })
  )
}

/** The name in a Host header, without the port. */
const nameIn = (host: string): string => host.replace(/:\d+$/, '')

function wrongName({ knows }: Access, { header }: Asking): Refusal | null {
  const host = header('host')
  if (host !== undefined && knows(nameIn(host))) return null
  return {
    status: 421,
    message: `this server does not answer under the name ${JSON.stringify(nameIn(host ?? ''))}`,
    remedy: 'Ask for it as localhost, or add the name to serve.hosts.',
  }
}

/** Another site's page asks: by its Origin, or, where a browser sends none, by what it says of the site. */
function foreign({ path, header }: Asking): Refusal | null {
  const refused = {
    status: 403,
    message: 'pages of other sites may not ask this server',
    remedy: 'Open the page of this server itself.',
  } as const
  const origin = header('origin')
  if (origin !== undefined) return isOwn(origin, header('host')) ? null : refused
  const site = header('sec-fetch-site')
  if (site === undefined || site === 'same-origin' || site === 'none') return null
  // Somebody follows a link to the page: it gets to see the page, and the site with the link nothing.
  const followed =
    header('sec-fetch-mode') === 'navigate' && header('sec-fetch-dest') === 'document'
  return followed && !/^\/(api|udf|metrics)\b/.test(path) ? null : refused
}

function isOwn(origin: string, host: string | undefined): boolean {
  const url = URL.parse(origin)
  return url !== null && /^https?:$/.test(url.protocol) && url.host === host?.toLowerCase()
}

/** A form of another site cannot send JSON without being asked first. */
function wrongMethod({ method, path, header }: Asking): Refusal | null {
  if (method === 'GET' || method === 'HEAD') return null
  if (method !== 'POST')
    return {
      status: 405,
      message: `no ${method} here`,
      remedy: 'Use GET, or POST where it says so.',
    }
  const type = header('content-type')?.split(';', 1)[0]?.trim().toLowerCase()
  const wanted = path === SIGN_IN ? 'application/x-www-form-urlencoded' : 'application/json'
  if (type === wanted) return null
  return {
    status: 415,
    message: `POST takes ${wanted}`,
    remedy: `Send the header Content-Type: ${wanted}.`,
  }
}

function isKnown({ token }: Access, { header }: Asking): boolean {
  if (token === null) return true
  const [, bearer] = /^Bearer (.+)$/i.exec(header('authorization') ?? '') ?? []
  if (bearer !== undefined) return isSame(bearer, token)
  const cookies = (header('cookie') ?? '').split(/;\s*/)
  return cookies.some((cookie) => isSame(cookie, `${COOKIE}=${sessionOf(token)}`))
}

/** What the cookie holds: it proves that the token was known, and does not give it away. */
export const sessionOf = (token: string): string =>
  createHmac('sha256', token).update('ticklake page session').digest('base64url')

/** Whether two texts are the same, in a time that does not tell where they differ. */
export function isSame(one: string, other: string): boolean {
  const digest = (text: string) => createHmac('sha256', 'compare').update(text).digest()
  return timingSafeEqual(digest(one), digest(other))
}
