import { Fault } from '../flow/fault.ts'

/** What an error of AWS means and what a user does about it. */
export type Reading = { readonly kind: 'invalid' | 'unavailable'; readonly remedy: string }

const invalid = (remedy: string): Reading => ({ kind: 'invalid', remedy })
const unavailable = (remedy: string): Reading => ({ kind: 'unavailable', remedy })

/** The end of a remedy for what passes: whoever lands tries again, and who asked once has to. */
export const AGAIN = 'Try again in a moment; a lander does by itself.'

const NO_CREDENTIALS = invalid(
  'Say who asks: AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a role of the machine (see docs/operating.md, The lake on S3).',
)
const WRONG_KEY = invalid(
  'The credentials are wrong: `aws sts get-caller-identity` says whose they are. Correct AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
)
const EXPIRED = invalid('The credentials have expired: log in again (`aws sso login`).')
const CLOCK = unavailable("This machine's clock is wrong: set it (timedatectl set-ntp true).")
const BUSY = unavailable(`The service asks to come more slowly. ${AGAIN}`)
const NETWORK = unavailable(`Check the network, the region and the endpoint. ${AGAIN}`)
const NO_TLS = invalid('It speaks no TLS: write http:// in the endpoint, or name another port.')
const TLS = invalid('It speaks TLS, or no HTTP: write https:// in the endpoint, or name another.')
const CERTIFICATE = invalid(
  'The server shows a certificate that Node does not trust: name its authority by NODE_EXTRA_CA_CERTS=FILE, or correct the endpoint.',
)

const SILENT: readonly string[] = ['TimeoutError', 'ETIMEDOUT']
/** Of EPROTO what OpenSSL says of a server that answers in plain text. */
const PLAIN_TEXT = /wrong version number|packet length too long|http request/i
const NO_TLS_CODE = 'ERR_NO_TLS'

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
  [NO_TLS_CODE]: NO_TLS,
  HPE_INVALID_CONSTANT: TLS,
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
const NOT_AWS_NOW = unavailable(
  `What answers there seems to be another service, or a proxy that is in trouble: check the endpoint. ${AGAIN}`,
)
const REFUSED = invalid('The service refuses the request: see its message.')
const OTHER = unavailable(`${AGAIN} Where this stays, look at health.aws.amazon.com.`)
/** What the SDK calls an answer that it cannot read. */
const UNREAD: readonly string[] = ['', 'SyntaxError', 'UnknownError', 'Unknown']
/** Of a service that speaks JSON, where the answer is none. */
const NO_JSON = 'SyntaxError'

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
  // A sentence's end, where what follows is set apart by itself.
  const words = says(error, code).replace(/[.\s]+$/, '')
  return new Fault(kind, `${what}: ${words}`, { remedy, cause: error })
}

/** The service's name of the error, as `NoSuchKey`, or the system's, as `ECONNRESET`; '' where there is none. */
export function errorCode(error: unknown): string {
  const { name, code, message } = fieldsOf(error)
  if (code === 'EPROTO' && PLAIN_TEXT.test(String(message))) return NO_TLS_CODE
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
  if (status === null || status >= 500) return code === NO_JSON ? NOT_AWS_NOW : OTHER
  if (status === 429) return BUSY
  return UNREAD.includes(code) ? NOT_AWS : REFUSED
}

function says(error: unknown, code: string): string {
  const { message, errors, host } = fieldsOf(error)
  const at = typeof host === 'string' ? host : 'the server'
  if (code === NO_TLS_CODE) return `${at} answers https in plain text`
  if (code === NO_JSON)
    return `${at} answers in no words of this service (HTTP ${httpStatus(error)})`
  // The SDK's own words are of its settings.
  if (SILENT.includes(code)) return `${at} gives no answer (timed out)`
  if (READINGS[code] === NO_CREDENTIALS) return `${code}: ${lacking() ?? String(message)}`
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

/** What of the environment names credentials that are not there; null: it names none. */
function lacking(): string | null {
  const { AWS_ACCESS_KEY_ID: id = '', AWS_SECRET_ACCESS_KEY: secret = '' } = process.env
  if (id !== '' && secret === '')
    return 'AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not'
  if (id === '' && secret !== '')
    return 'AWS_SECRET_ACCESS_KEY is set, and AWS_ACCESS_KEY_ID is not'
  const { AWS_PROFILE: profile = '' } = process.env
  return profile === '' ? null : `AWS_PROFILE names ${profile}, a profile that gives no credentials`
}

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
