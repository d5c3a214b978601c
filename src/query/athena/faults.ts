import { Fault, type FaultKind } from '../../flow/fault.ts'

type Verdict = readonly [kind: FaultKind, remedy: string]
type Advice = { readonly kind: 'invalid' | 'unavailable'; readonly remedy: string }

/** Reads an error of the AWS SDK as a fault; `own` reads the codes of one service. */
export type ReadError = (
  what: string,
  error: unknown,
  own: Readonly<Record<string, Advice>>,
) => Fault

const BUSY: Advice = {
  kind: 'unavailable',
  remedy: 'AWS is busy, or a quota of the account is reached: ask again in a while.',
}

/** What one call of Athena's API was answered with; `action` is the right that it needs. */
export function callFault(read: ReadError, action: string, error: unknown): Fault {
  const words = error instanceof Error ? error.message : ''
  if (isMissingWorkgroup(words))
    return new Fault('invalid', `Athena: ${words}`, {
      remedy: 'Run `ticklake aws setup`, or name another by TICKLAKE_ATHENA_WORKGROUP.',
      cause: error,
    })
  return read(action, error, {
    AccessDeniedException: {
      kind: 'invalid',
      remedy: `Allow ${action} to whoever asks: docs/aws.md has the least policy.`,
    },
    InvalidRequestException: {
      kind: 'invalid',
      remedy: 'Correct the query, or the setting that is named.',
    },
    ThrottlingException: BUSY,
    TooManyRequestsException: BUSY,
    InternalServerException: BUSY,
  })
}

export const isMissingWorkgroup = (words: string): boolean =>
  /WorkGroup.*(?:not found|does not exist)/is.test(words)

/** Why a query ended without an answer, of GetQueryExecution. */
export type Failing = {
  readonly state: 'FAILED' | 'CANCELLED'
  readonly reason: string
  /** Athena's AthenaError: category 1 is the system's fault, 2 the user's, 3 another's. */
  readonly category: number | null
  readonly retryable: boolean
}

/** A query that failed or was cancelled, in Athena's words. */
export function endingFault(failing: Failing): Fault {
  const { state, reason } = failing
  const words = reason === '' ? `the query is ${state.toLowerCase()}` : reason
  const [kind, remedy] = endingVerdict(failing)
  return new Fault(kind, `Athena: ${words}`, { remedy })
}

const SCAN_LIMIT = /bytes scanned.*(?:limit|cutoff)|(?:limit|cutoff).*bytes scanned/is

function endingVerdict({ state, reason, category, retryable }: Failing): Verdict {
  if (SCAN_LIMIT.test(reason))
    return [
      'invalid',
      'Ask for less, by a day (ts) and a symbol, or raise athena.scan_max and run `ticklake aws setup`.',
    ]
  if (state === 'CANCELLED') return ['closed', 'The query was stopped: ask again.']
  const denied =
    /(?:not authorized to perform|required permissions? \(?)[: ]*([a-z0-9]+:[A-Za-z]+)/.exec(reason)
  if (denied !== null || /Access ?Denied|Insufficient permissions/i.test(reason))
    return [
      'invalid',
      `Allow ${denied?.[1] ?? 'the reader s3:GetObject, s3:ListBucket and glue:GetTable on the lake'}: docs/aws.md has the least policy.`,
    ]
  const isBusy = /throttl|slow ?down|rate exceeded|internal.?error|service unavailable/i.test(
    reason,
  )
  if (retryable || isBusy || category === 1)
    return ['unavailable', 'It is not the query: ask again in a while.']
  return ['invalid', 'Correct the query, or what it reads.']
}
