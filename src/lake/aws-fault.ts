import { Fault } from '../flow/fault.ts'

/** What an error of AWS means and what a user does about it. */
export type Reading = { readonly kind: 'invalid' | 'unavailable'; readonly remedy: string }

const invalid = (remedy: string): Reading => ({ kind: 'invalid', remedy })
const unavailable = (remedy: string): Reading => ({ kind: 'unavailable', remedy })

const NO_CREDENTIALS = invalid(
  'Say who asks: AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a role of the machine (see docs/operating.md, The lake on S3).',
)
const WRONG_KEY = invalid(
  'The credentials are wrong: `aws sts get-caller-identity` says whose they are. Correct AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
)
const EXPIRED = invalid('The credentials have expired: log in again (`aws sso login`).')
const CLOCK = unavailable(
  "This machine's clock is wrong: set it (timedatectl set-ntp true). It is tried again.",
)
const BUSY = unavailable('The service asks to come more slowly: it is tried again, later.')
const NETWORK = unavailable(
  'Check the network, the region and the endpoint. What was under way is tried again.',
)
const CERTIFICATE = invalid(
  'The server shows a certificate that Node does not trust: name its authority by NODE_EXTRA_CA_CERTS=FILE, or correct the endpoint.',
)

const READINGS: Readonly<Record<string, Reading>> = {
  CredentialsProviderError: NO_CREDENTIALS,
  ProviderError: NO_CREDENTIALS,
  TokenProviderError: NO_CREDENTIALS,
  MissingAuthenticationToken: NO_CREDENTIALS,
  MissingAuthenticationTokenException: NO_CREDENTIALS,
  InvalidAccessKeyId: WRONG_KEY,
  InvalidClientTokenId: WRONG_KEY,
  UnrecognizedClientException: WRONG_KEY,
  SignatureDoesNotMatch: WRONG_KEY,
  InvalidSignatureException: WRONG_KEY,
  IncompleteSignatureException: WRONG_KEY,
  InvalidToken: WRONG_KEY,
  ExpiredToken: EXPIRED,
  ExpiredTokenException: EXPIRED,
  RequestExpired: EXPIRED,
  RequestTimeTooSkewed: CLOCK,
  SlowDown: BUSY,
  Throttling: BUSY,
  ThrottlingException: BUSY,
  TooManyRequestsException: BUSY,
  RequestLimitExceeded: BUSY,
  TimeoutError: NETWORK,
  RequestTimeout: NETWORK,
  ENOTFOUND: NETWORK,
  EAI_AGAIN: NETWORK,
  ECONNREFUSED: NETWORK,
  ECONNRESET: NETWORK,
  ECONNABORTED: NETWORK,
  EPIPE: NETWORK,
  ETIMEDOUT: NETWORK,
  EHOSTUNREACH: NETWORK,
  ENETUNREACH: NETWORK,
  EPROTO: CERTIFICATE,
  ERR_TLS_CERT_ALTNAME_INVALID: CERTIFICATE,
  SELF_SIGNED_CERT_IN_CHAIN: CERTIFICATE,
  DEPTH_ZERO_SELF_SIGNED_CERT: CERTIFICATE,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: CERTIFICATE,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: CERTIFICATE,
  CERT_HAS_EXPIRED: CERTIFICATE,
}
const NOT_AWS = invalid(
  'What answers there seems to be another service: check the endpoint, and any proxy between.',
)
const REFUSED = invalid('The service refuses the request: see its message.')
const OTHER = unavailable('It is tried again. Where this stays, look at health.aws.amazon.com.')
/** What the SDK calls an answer that it cannot read. */
const UNREAD: readonly string[] = ['', 'SyntaxError', 'UnknownError', 'Unknown']

// Messages of AWS hold no secret, but those of signatures are pages long.
const MESSAGE_CHARACTERS_MAX = 300

/**
 * An error of the AWS SDK as the fault that says what to do; `own` reads the codes of one service. A Fault
 * stays as it is. What is not known counts by its HTTP status: 4xx `invalid`, all else `unavailable`.
 */
export function awsFault(
  what: string,
  error: unknown,
  own: Readonly<Record<string, Reading>> = {},
): Fault {
  if (error instanceof Fault) return error
  const code = errorCode(error)
  const { kind, remedy } = own[code] ?? READINGS[code] ?? byStatus(error, code)
  return new Fault(kind, `${what}: ${says(error, code)}`, { remedy, cause: error })
}

/** The service's name of the error, as `NoSuchKey`, or the system's, as `ECONNRESET`; '' where there is none. */
export function errorCode(error: unknown): string {
  const { name, code } = fieldsOf(error)
  // Of the system's errors the name says nothing.
  if (typeof code === 'string' && READINGS[code] !== undefined) return code
  return typeof name === 'string' && name !== 'Error' ? name : ''
}

/** The HTTP status that came with an error; null: there was no answer. */
export function httpStatus(error: unknown): number | null {
  const { httpStatusCode: status } = fieldsOf(fieldsOf(error)['$metadata'])
  return typeof status === 'number' ? status : null
}

/** Said before anything is done: nothing was changed. */
export const isThrottled = (error: unknown): boolean =>
  READINGS[errorCode(error)] === BUSY || httpStatus(error) === 429

function byStatus(error: unknown, code: string): Reading {
  const status = httpStatus(error)
  if (status === null || status >= 500) return OTHER
  if (status === 429) return BUSY
  return UNREAD.includes(code) ? NOT_AWS : REFUSED
}

function says(error: unknown, code: string): string {
  const { message, errors } = fieldsOf(error)
  // Of several addresses that were tried Node tells each by itself.
  const first = Array.isArray(errors) ? fieldsOf(errors[0])['message'] : undefined
  const whole = String(message || first || error).replaceAll(/\s+/g, ' ')
  const text = whole.replace(/ Deserialization error: .*/, '') // a hint for programmers
  const short =
    text.length > MESSAGE_CHARACTERS_MAX ? `${text.slice(0, MESSAGE_CHARACTERS_MAX)}…` : text
  const status = httpStatus(error)
  const head = code === '' || text.includes(code) ? null : code
  return [head, short === 'UnknownError' ? `HTTP ${status}` : short]
    .filter((part) => part !== null)
    .join(': ')
}

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
