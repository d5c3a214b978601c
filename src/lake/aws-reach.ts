import { Fault } from '../flow/fault.ts'
import { listening, type Heard } from './aws-silence.ts'

/** How a service of AWS, or one that speaks like it, is reached. Credentials are found by AWS's default chain. */
export type AwsReach = {
  /** Null: AWS_REGION, else that of the profile. */
  readonly region: string | null
  /** Null: that of AWS in the region. */
  readonly endpoint: string | null
  readonly timeouts?: Timeouts
}

export type Timeouts = {
  readonly connectMs: number
  /** Without a byte in either direction. */
  readonly idleMs: number
  /** The same of what takes long: sending much, or putting parts together; idleMs where it is left out. */
  readonly bulkIdleMs?: number
}

// The SDK begins to count after 3 s: a command waits 20 s for a server that answers nothing, twice this.
const TIMEOUTS = {
  connectMs: 5_000,
  idleMs: 7_000,
  bulkIdleMs: 30_000,
} as const satisfies Timeouts
// Of one request with its answer, also one that trickles: 16 MB in this time is 27 kB/s.
const REQUEST_MS_MAX = 600_000
const SOCKETS_MAX = 32
// Stores that speak S3 want some region in the signature, and take this one.
const REGION_OF_OTHERS = 'us-east-1'

/**
 * What every client is made with. One try: whether a request may be sent again is for the caller to say, who
 * knows what an answer that was lost means.
 */
export function clientOptions(
  { endpoint, timeouts = TIMEOUTS }: AwsReach,
  idleMs: number = timeouts.idleMs,
) {
  const agent = { keepAlive: true, maxSockets: SOCKETS_MAX }
  return {
    ...(endpoint !== null && { endpoint }),
    maxAttempts: 1,
    customUserAgent: 'ticklake', // the account's CloudTrail shows who it was
    requestHandler: {
      connectionTimeout: timeouts.connectMs,
      socketTimeout: idleMs,
      requestTimeout: REQUEST_MS_MAX,
      throwOnRequestTimeout: true,
      httpAgent: agent,
      httpsAgent: agent,
    },
  }
}

/** What clients of one service send their requests by. */
export const heardOf = (
  { endpoint, timeouts = TIMEOUTS }: AwsReach,
  { service, region }: { readonly service: 's3' | 'glue'; readonly region: string },
): Heard => listening({ host: hostOf(endpoint, { service, region }), restMs: timeouts.idleMs / 2 })

/** The host, and the port where one is named, for messages. */
export const hostOf = (
  endpoint: string | null,
  { service, region }: { readonly service: string; readonly region: string },
): string => {
  if (endpoint === null) return `${service}.${region}.amazonaws.com`
  return URL.canParse(endpoint) ? new URL(endpoint).host : endpoint
}

/** How long a request of a client may be silent that sends much, ms. */
export const bulkIdleMs = ({ timeouts = TIMEOUTS }: AwsReach): number =>
  timeouts.bulkIdleMs ?? timeouts.idleMs

/** The region in effect; `found` is how the SDK finds it by itself. Faults: `invalid` where there is none. */
export async function regionOf(
  { region, endpoint }: AwsReach,
  found: () => Promise<string>,
): Promise<string> {
  if (region !== null) return region
  try {
    return await found()
  } catch (cause) {
    if (endpoint !== null) return REGION_OF_OTHERS
    throw new Fault('invalid', 'no AWS region is set', {
      remedy: 'Set AWS_REGION, aws.region in ticklake.yaml, or the region of the profile.',
      cause,
    })
  }
}
