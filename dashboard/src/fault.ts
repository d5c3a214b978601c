/** What an answer says when it is no answer: kind, message and remedy as the server's Faults have them. */
export class ApiFault extends Error {
  /** As the server says it; `unreachable`: no answer came; `signed out`: it asks for its token. */
  readonly kind: string
  readonly remedy: string
  /** Of a statement: where it is wrong, in UTF-16 units from its start. */
  readonly position: number | null
  constructor(said: { kind: string; message: string; remedy: string; position?: number | null }) {
    super(said.message)
    this.name = 'ApiFault'
    this.kind = said.kind
    this.remedy = said.remedy
    this.position = said.position ?? null
  }
}

export const unreachable = (): ApiFault =>
  new ApiFault({
    kind: 'unreachable',
    message: 'The server does not answer',
    remedy: 'See that ticklake still runs; the page tries again by itself.',
  })

export const unreadable = (): ApiFault =>
  new ApiFault({
    kind: 'corrupt',
    message: 'What the server answered cannot be read',
    remedy: 'Load the page again; if this happens again, report it with what the log says.',
  })

/** The fault in an answer of this status and body, whatever stands between may have made of it. */
export function faultOf(status: number, body: string): ApiFault {
  const said = errorIn(body)
  if (status === 401)
    return new ApiFault({
      kind: 'signed out',
      message: said?.message ?? 'this server asks for its token',
      remedy: 'Reload the page to sign in.',
    })
  if (said !== null) return new ApiFault(said)
  return new ApiFault({
    kind: status >= 500 ? 'unavailable' : 'invalid',
    message: `The server answered ${status}`,
    remedy: 'See what its log says.',
  })
}

type Said = { kind: string; message: string; remedy: string; position?: number | null }

function errorIn(body: string): Said | null {
  let read: unknown
  try {
    read = JSON.parse(body)
  } catch {
    return null
  }
  if (typeof read !== 'object' || read === null || !('error' in read)) return null
  const { error } = read
  return isSaid(error) ? error : null
}

const isSaid = (error: unknown): error is Said =>
  typeof error === 'object' &&
  error !== null &&
  'kind' in error &&
  typeof error.kind === 'string' &&
  'message' in error &&
  typeof error.message === 'string' &&
  'remedy' in error &&
  typeof error.remedy === 'string'
