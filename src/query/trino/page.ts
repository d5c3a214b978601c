import { Fault, type FaultKind } from '../../flow/fault.ts'
import type { Column } from './types.ts'

/** One answer of Trino's protocol: https://trino.io/docs/current/develop/client-protocol.html */
export type Page = {
  readonly id: string
  /** Where the next one is; absent: this was the last. */
  readonly nextUri?: string
  readonly columns?: readonly Column[]
  readonly data?: readonly (readonly unknown[])[]
  readonly stats: Stats
  readonly error?: Failure
}

type Stats = {
  readonly state: string
  readonly completedSplits: number
  readonly totalSplits: number
  readonly physicalInputBytes: number
}

type Failure = {
  readonly message: string
  readonly errorName: string
  readonly errorType: string
}

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown
// TypeScript's library does not know the third argument yet (TC39 "JSON.parse source text access").
const parse = JSON.parse as (text: string, reviver: Reviver) => unknown

// Digits that may be an integer past 2^53 - 1 = 9007199254740991; without any, the plain parser is right, and fast.
const MAYBE_UNSAFE = /\d{17}|9(?:00[7-9]|0[1-9]\d|[1-9]\d\d)\d{12}/

/** Reads a page; integers beyond 2^53 are bigint. Faults: `unavailable` where it is none. */
export function parsePage(text: string): Page {
  let page: unknown
  try {
    page = MAYBE_UNSAFE.test(text)
      ? parse(text, (_key, value, { source }) =>
          typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(source ?? '')
            ? BigInt(source ?? '')
            : value,
        )
      : JSON.parse(text)
  } catch (cause) {
    throw notTrino(cause)
  }
  if (typeof page !== 'object' || page === null || !('stats' in page)) throw notTrino(undefined)
  return page as Page
}

const notTrino = (cause: unknown): Fault =>
  new Fault('unavailable', 'what answers at trino.url does not speak as Trino does', {
    remedy: 'Check host and port of trino.url, and what stands between.',
    cause,
  })

/** Names of failures that another try, or less load, may mend although Trino counts them as resources. */
const PASSING = ['QUERY_QUEUE_FULL', 'CLUSTER_OUT_OF_MEMORY', 'CLUSTER_HAS_TOO_MANY_RUNNING_TASKS']
const STOPPED = ['USER_CANCELED', 'ADMINISTRATIVELY_KILLED', 'ADMINISTRATIVELY_PREEMPTED']

const ADDRESS =
  'Name catalog and schema in trino.url as Trino has them: https://USER@HOST/CATALOG/SCHEMA.'
/** Remedies for what is not there, by Trino's names of errors. */
const NOT_THERE: Readonly<Record<string, string>> = {
  TABLE_NOT_FOUND:
    'Tables are records and feed_log, once something has landed; trades, bars_1m, bars_1d, gaps and dead_letters are views, which `ticklake aws ddl --engine trino` prints, to be made once in Trino.',
  SCHEMA_NOT_FOUND: ADDRESS,
  CATALOG_NOT_FOUND: ADDRESS,
  MISSING_CATALOG_NAME: ADDRESS,
  MISSING_SCHEMA_NAME: ADDRESS,
}

/** What Trino says went wrong, in its words, which name line and column where it knows them. */
export function failureFault({ message, errorName, errorType }: Failure): Fault {
  const [kind, remedy] = verdict(errorName, errorType)
  return new Fault(kind, `Trino: ${message}`, { remedy })
}

function verdict(name: string, type: string): readonly [FaultKind, string] {
  if (STOPPED.includes(name)) return ['closed', 'The query was stopped at the server: ask again.']
  if (name === 'PERMISSION_DENIED')
    return ['invalid', 'Let Trino give this user the right to read, or ask as another.']
  const notThere = NOT_THERE[name]
  if (notThere !== undefined) return ['invalid', notThere]
  if (type === 'USER_ERROR') return ['invalid', 'Correct the query.']
  if (type === 'INSUFFICIENT_RESOURCES' && !PASSING.includes(name))
    return ['invalid', 'Ask for less, a day or a symbol, or give Trino more.']
  return ['unavailable', 'Ask again in a while; if it stays, look into the log of Trino.']
}
